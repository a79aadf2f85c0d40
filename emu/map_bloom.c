/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_bloom.c - BLOOM_FILTER (cf. kernel/bpf/bloom_filter.c).
 *
 * A value sets, or asks for, one bit for each of `hash_cnt` hashes, numbers `seed` and on. With
 * BPF_F_ZERO_SEED the seed is 0, and the values that seem to be there without having been pushed
 * are the kernel's, since the hash is the one that it has.
 *
 * Differs: without it they are others than the kernel's, which takes a random seed for each map.
 */
#include "emu/hash.h"
#include "emu/map_priv.h"

#include <stdlib.h>

#define HASH_CNT_MASK    0xfull
#define DEFAULT_HASH_CNT 5u
#define WORD_BITS        64u

struct bloom {
	u64 *bits;
	u32 mask; /* bits - 1 */
	u32 hash_cnt;
	u32 seed;
};

static int
bloom_map_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | XB_MAP_ACCESS_FLAGS;

	if (attr->value_size > XB_KMALLOC_MAX)
		return -E2BIG;
	if (attr->key_size || !attr->value_size || !attr->max_entries ||
	    attr->map_flags & ~allowed || !xb_map_access_ok(attr->map_flags) ||
	    attr->map_extra & ~HASH_CNT_MASK)
		return -EINVAL;
	return 0;
}

/* Bits for entries * hashes / ln 2, about, as a power of two; 2^32 where that is too many. */
static u32
bit_mask(u32 entries, u32 hash_cnt)
{
	u64 cnt = (u64)entries * hash_cnt, bits = WORD_BITS;

	if (cnt > UINT32_MAX)
		return UINT32_MAX;
	cnt = cnt / 5 * 7;
	if (cnt > 1ull << 31)
		return UINT32_MAX;
	while (bits < cnt)
		bits <<= 1;
	return (u32)(bits - 1);
}

static u64
word_cnt(const struct bloom *b)
{
	return ((u64)b->mask + 1) / WORD_BITS;
}

static int
bloom_map_alloc(struct xb_map *map)
{
	struct bloom *b = calloc(1, sizeof(*b));

	if (!b)
		return -ENOMEM;
	b->hash_cnt = map->map_extra_lo ? map->map_extra_lo : DEFAULT_HASH_CNT;
	b->mask = bit_mask(map->max_entries, b->hash_cnt);
	if (!(map->flags & BPF_F_ZERO_SEED))
		b->seed = (u32)xb_hash_mix(map->emu->seed ^ map->emu->handle_cnt, XB_HASH_K1);
	b->bits = xb_map_table_new(word_cnt(b), sizeof(*b->bits));
	if (!b->bits) {
		free(b);
		return -ENOMEM;
	}
	map->priv = b;
	return 0;
}

static void
bloom_map_free(struct xb_map *map)
{
	struct bloom *b = map->priv;

	xb_map_table_free(b->bits, word_cnt(b), sizeof(*b->bits));
	free(b);
}

static u32
bit_of(const struct xb_map *map, const void *value, u32 i)
{
	const struct bloom *b = map->priv;

	return xb_jhash(value, map->value_size, b->seed + i) & b->mask;
}

static int
bloom_map_peek_elem(struct xb_map *map, void *value)
{
	const struct bloom *b = map->priv;

	for (u32 i = 0; i < b->hash_cnt; i++) {
		u32 bit = bit_of(map, value, i);

		if (!(b->bits[bit / WORD_BITS] >> bit % WORD_BITS & 1))
			return -ENOENT;
	}
	return 0;
}

static int
bloom_map_push_elem(struct xb_map *map, const void *value, u64 flags)
{
	struct bloom *b = map->priv;

	if (flags != BPF_ANY)
		return -EINVAL;
	for (u32 i = 0; i < b->hash_cnt; i++) {
		u32 bit = bit_of(map, value, i);

		b->bits[bit / WORD_BITS] |= 1ull << bit % WORD_BITS;
	}
	return 0;
}

static int
bloom_map_delete_elem(struct xb_map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

static int
bloom_map_get_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -EOPNOTSUPP;
}

static int
bloom_map_check_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id)
{
	(void)map;
	(void)btf;
	(void)value_id;
	return key_id ? -EINVAL : 0;
}

const struct xb_map_ops xb_map_bloom_filter_ops = {
	.name = "bloom_filter",
	.source = "kernel/bpf/bloom_filter.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_EXTRA | XB_MAP_VALUE_ASKS | XB_MAP_LOCKED,
	.check = bloom_map_check,
	.alloc = bloom_map_alloc,
	.free = bloom_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.remove = bloom_map_delete_elem,
	.next_key = bloom_map_get_next_key,
	.push = bloom_map_push_elem,
	.peek = bloom_map_peek_elem,
	.check_btf = bloom_map_check_btf,
};
