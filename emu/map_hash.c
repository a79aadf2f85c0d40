/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_hash.c - HASH and PERCPU_HASH (cf. kernel/bpf/hashtab.c).
 *
 * An update of HASH puts a new element in the old one's place, so that a program that holds a
 * pointer keeps the value it saw; PERCPU_HASH is updated in place. Elements are made when they are
 * used, with or without BPF_F_NO_PREALLOC.
 *
 * Differs: a preallocated map that the kernel has no memory for can be made here.
 */
#include "emu/map_htab.h"

static int
htab_map_alloc(struct xb_map *map)
{
	return xb_htab_map_alloc(map, &(struct xb_map_pool_opts){ .value_bytes = map->value_size,
	                                                          .copies = xb_map_copy_cnt(map) });
}

static u64
htab_map_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct xb_htab *h = map->priv;
	u32 ref = xb_htab_find(h, key, xb_htab_hash(h, key));

	return ref ? xb_map_pool_value(&h->pool, ref, cpu) : 0;
}

/* A new element with this value for `cpu`, in the table; 0 or -errno. */
static int
insert(struct xb_map *map, const void *key, u32 hash, const void *value, u32 cpu)
{
	struct xb_htab *h = map->priv;
	u32 ref = xb_htab_new(h, key, hash);

	if (!ref)
		return -ENOMEM;
	xb_map_value_copy(map, xb_map_pool_value_host(&h->pool, ref, cpu), value);
	xb_htab_insert(h, ref);
	return 0;
}

static int
htab_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct xb_htab *h = map->priv;
	u32 hash = xb_htab_hash(h, key), old;
	int ret;

	(void)cpu;
	if (XB_UNLIKELY((flags & ~(u64)BPF_F_LOCK) > BPF_EXIST))
		return -EINVAL;
	if (XB_UNLIKELY(flags & BPF_F_LOCK && !map->has_spin_lock))
		return -EINVAL;
	old = xb_htab_find(h, key, hash);
	ret = xb_htab_check_flags(old, flags);
	if (ret)
		return ret;
	if (old && flags & BPF_F_LOCK) {
		xb_map_value_copy_locked(map, xb_map_pool_value_host(&h->pool, old, 0), value);
		return 0;
	}
	if (!old && h->count >= map->max_entries)
		return -E2BIG;
	ret = insert(map, key, hash, value, 0);
	if (ret || !old)
		return ret;
	xb_htab_remove(h, old);
	return 0;
}

static int
htab_percpu_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags,
                            u32 cpu)
{
	struct xb_htab *h = map->priv;
	u32 hash = xb_htab_hash(h, key), old;
	int ret;

	if (XB_UNLIKELY(flags > BPF_EXIST))
		return -EINVAL;
	old = xb_htab_find(h, key, hash);
	ret = xb_htab_check_flags(old, flags);
	if (ret)
		return ret;
	if (!old)
		return h->count >= map->max_entries ? -E2BIG : insert(map, key, hash, value, cpu);
	xb_map_value_copy(map, xb_map_pool_value_host(&h->pool, old, cpu), value);
	return 0;
}

const struct xb_map_ops xb_map_hash_ops = {
	.name = "hash",
	.source = "kernel/bpf/hashtab.c",
	.flags = XB_MAP_BATCH | XB_MAP_BATCH_DELETE | XB_MAP_BUCKETS | XB_MAP_TAKE | XB_MAP_LOCKED |
	         XB_MAP_FREE_LOOKUP,
	.check = xb_htab_check,
	.alloc = htab_map_alloc,
	.free = xb_htab_map_free,
	.lookup = htab_map_lookup_elem,
	.update = htab_map_update_elem,
	.remove = xb_htab_map_delete,
	.next_key = xb_htab_map_next_key,
	.for_each = xb_htab_map_for_each,
	.key_of = xb_htab_map_key_of,
};

const struct xb_map_ops xb_map_percpu_hash_ops = {
	.name = "percpu_hash",
	.source = "kernel/bpf/hashtab.c",
	.flags = XB_MAP_PERCPU | XB_MAP_BATCH | XB_MAP_BATCH_DELETE | XB_MAP_BUCKETS | XB_MAP_TAKE |
	         XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = xb_htab_check,
	.alloc = htab_map_alloc,
	.free = xb_htab_map_free,
	.lookup = htab_map_lookup_elem,
	.update = htab_percpu_map_update_elem,
	.remove = xb_htab_map_delete,
	.next_key = xb_htab_map_next_key,
	.for_each = xb_htab_map_for_each,
};
