/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/hash.h"

#include "vm/bytes.h"

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
