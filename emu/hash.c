/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/hash.h"

#include "vm/bytes.h"

#include <string.h>

/* 1 to 7 bytes as one number. */
static u64
load_short(const u8 *k, u32 bytes)
{
	if (bytes >= 4)
		return xb_ld32(k) | (u64)xb_ld32(k + bytes - 4) << 32;
	return k[0] | (u64)k[bytes / 2] << 8 | (u64)k[bytes - 1] << 16;
}

/* Whole words, then the last 8 bytes, which may overlap them. */
u32
xb_hash(const void *key, u32 bytes, u64 seed)
{
	const u8 *k = key;
	u64 x = seed ^ bytes;
	u32 i;

	if (bytes < 8)
		return (u32)xb_hash_mix(x ^ load_short(k, bytes), XB_HASH_K1);
	for (i = 0; i + 8 < bytes; i += 8)
		x = xb_hash_mix(x ^ xb_ld64(k + i), XB_HASH_K0) + XB_HASH_K1;
	return (u32)xb_hash_mix(x ^ xb_ld64(k + bytes - 8), XB_HASH_K1);
}

static u32
rol(u32 x, u32 by)
{
	return x << by | x >> (32 - by);
}

static void
jhash_mix(u32 x[3])
{
	static const u8 by[] = { 4, 6, 8, 16, 19, 4 };

	/* Six rounds, each with the three words one place on. */
	for (u32 i = 0; i < XB_ARRAY_SIZE(by); i++) {
		u32 *a = &x[i % 3], *b = &x[(i + 1) % 3], *c = &x[(i + 2) % 3];

		*a -= *c;
		*a ^= rol(*c, by[i]);
		*c += *b;
	}
}

static void
jhash_final(u32 x[3])
{
	static const u8 by[] = { 14, 11, 25, 16, 4, 14, 24 };

	for (u32 i = 0; i < XB_ARRAY_SIZE(by); i++) {
		u32 *to = &x[(i + 2) % 3], other = x[(i + 1) % 3];

		*to ^= other;
		*to -= rol(other, by[i]);
	}
}

u32
xb_jhash(const void *from, u32 bytes, u32 seed)
{
	const u8 *key = from;
	u32 start = 0xdeadbeef + bytes + seed, x[3] = { start, start, start };
	u8 tail[12] = { 0 };

	for (; bytes > 12; bytes -= 12, key += 12) {
		for (u32 i = 0; i < 3; i++)
			x[i] += xb_ld32(key + 4 * i);
		jhash_mix(x);
	}
	memcpy(tail, key, bytes);
	for (u32 i = 0; i < 3; i++)
		x[i] += xb_ld32(tail + 4 * i);
	jhash_final(x);
	return x[2];
}
