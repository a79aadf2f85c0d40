/* SPDX-License-Identifier: BSD-2-Clause */
/* siphash.c - after J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF". */
#include "emu/siphash.h"

#include "vm/bytes.h"

#include <string.h>

#define ROUNDS_WORD 2
#define ROUNDS_END  4

static u64
rotate(u64 x, u32 bits)
{
	return x << bits | x >> (64 - bits);
}

static void
rounds(u64 v[4], u32 cnt)
{
	while (cnt-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void
take_word(u64 v[4], u64 word)
{
	v[3] ^= word;
	rounds(v, ROUNDS_WORD);
	v[0] ^= word;
}

u64
xb_siphash(const void *data, size_t bytes, const u8 key[16])
{
	u64 k0 = xb_ld64(key), k1 = xb_ld64(key + 8), last = 0;
	/* "somepseudorandomlygeneratedbytes" */
	u64 v[4] = { k0 ^ 0x736f6d6570736575ull, k1 ^ 0x646f72616e646f6dull,
		     k0 ^ 0x6c7967656e657261ull, k1 ^ 0x7465646279746573ull };
	const u8 *p = data;
	size_t left = bytes;

	for (; left >= 8; left -= 8, p += 8)
		take_word(v, xb_ld64(p));
	if (left)
		memcpy(&last, p, left);
	take_word(v, last | (u64)bytes << 56);
	v[2] ^= 0xff;
	rounds(v, ROUNDS_END);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
