/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.h - a keyed hash of bytes: fast, and spread well over all of its bits, with any key. Not one
 * against attackers who see its values.
 */
#ifndef XB_EMU_HASH_H
#define XB_EMU_HASH_H

#include "vm/types.h"

#define XB_HASH_K0 0x9e3779b97f4a7c15ull
#define XB_HASH_K1 0xd6e8feb86659fd93ull

/* Both halves of a 128-bit product, folded: each bit of either factor reaches every bit. */
static inline u64
xb_hash_mix(u64 a, u64 b)
{
	__extension__ const unsigned __int128 p = (unsigned __int128)a * b;

	return (u64)p ^ (u64)(p >> 64);
}

/* Of `bytes` bytes, from 1 on, which need no alignment. */
u32 xb_hash(const void *key, u32 bytes, u64 seed);

/*
 * Bob Jenkins's lookup3, a hash in the public domain, from 1 byte on (cf. include/linux/jhash.h:
 * jhash). Where Linux has it without a secret, a seed of 0, its order shows.
 */
u32 xb_jhash(const void *key, u32 bytes, u32 seed);

#endif
