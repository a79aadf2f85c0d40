/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/rand.h"

#include "emu/vcpu.h"

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
u32
xb_rand_u32(struct xb_emu *emu, u32 cpu)
{
	u64 x = emu->vcpus[cpu].rand_state += 0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio, odd */

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return (u32)((x ^ (x >> 31)) >> 32);
}
