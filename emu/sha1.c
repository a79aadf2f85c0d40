/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sha1.h"

#include "vm/bytes.h"

#include <string.h>

#define BLOCK_BYTES 64u

static u32
rotl(u32 x, int n)
{
	return x << n | x >> (32 - n);
}

/* The function and constant of round t (FIPS 180-4, 4.1.1 and 4.2.1). */
static u32
mix(int t, u32 b, u32 c, u32 d)
{
	switch (t / 20) {
	case 0:
		return ((b & c) | (~b & d)) + 0x5a827999u;
	case 1:
		return (b ^ c ^ d) + 0x6ed9eba1u;
	case 2:
		return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdcu;
	default:
		return (b ^ c ^ d) + 0xca62c1d6u;
	}
}

static void
block(u32 h[5], const u8 *p)
{
	u32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], w[80];

	for (int t = 0; t < 16; t++)
		w[t] = xb_ld_be32(p + 4 * t);
	for (int t = 16; t < 80; t++)
		w[t] = rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (int t = 0; t < 80; t++) {
		u32 next = rotl(a, 5) + mix(t, b, c, d) + e + w[t];

		e = d;
		d = c;
		c = rotl(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void
xb_sha1(const void *data, size_t bytes, u8 digest[XB_SHA1_BYTES])
{
	u32 h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u };
	size_t whole = bytes / BLOCK_BYTES * BLOCK_BYTES, rest = bytes - whole;
	u8 last[2 * BLOCK_BYTES] = { 0 };
	size_t last_bytes = rest < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
	const u8 *p = data;

	for (size_t off = 0; off < whole; off += BLOCK_BYTES)
		block(h, p + off);
	/* A one bit, zeros, and the length in bits at the end of a block. */
	memcpy(last, p + whole, rest);
	last[rest] = 0x80;
	xb_st_be64(last + last_bytes - 8, (u64)bytes * 8);
	for (size_t off = 0; off < last_bytes; off += BLOCK_BYTES)
		block(h, last + off);
	for (int i = 0; i < 5; i++)
		xb_st_be32(digest + 4 * i, h[i]);
}
