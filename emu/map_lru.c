/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_lru.c - LRU_HASH and LRU_PERCPU_HASH (cf. kernel/bpf/hashtab.c: htab_lru_map_ops).
 *
 * A hash table and a list of who was used (map_lru_list.h). As in the kernel, an update takes its
 * node before it looks for the key, so it may evict although the key was there.
 *
 * Differs: what is evicted keeps its contents until the run ends; the kernel uses it again at once.
 */
#include "emu/map_htab.h"
#include "emu/map_lru_list.h"

#include <stdlib.h>

struct lru_map {
	struct xb_htab h; /* first, see map_htab.h */
	struct xb_lru lru;
};

/* The number of its node is in front of an element. */
static u32 *
node_of(const struct xb_htab *h, u32 ref)
{
	return (u32 *)(void *)((u8 *)xb_htab_elem(h, ref) - 16);
}

static struct xb_lru_node *
node_ptr(struct lru_map *m, u32 ref)
{
	return &m->lru.nodes[*node_of(&m->h, ref)];
}

/* Lookups do it beside all else. */
static void
mark_used(struct xb_lru_node *node)
{
	__atomic_store_n(&node->ref, 1, __ATOMIC_RELAXED);
}

static void
evict(void *arg, u32 ref)
{
	struct lru_map *m = arg;

	xb_htab_remove(&m->h, ref);
}

/* With a list for each CPU, all lists have the same length (cf. htab_map_alloc). */
static void
round_entries(struct xb_map *map)
{
	u32 cpus = map->emu->cpu_cnt, over = map->max_entries % cpus;

	if (!(map->flags & BPF_F_NO_COMMON_LRU) || !over)
		return;
	if (map->max_entries > UINT32_MAX - (cpus - over))
		map->max_entries -= over;
	else
		map->max_entries += cpus - over;
}

static int
lru_alloc(struct xb_map *map)
{
	struct lru_map *m = calloc(1, sizeof(*m));
	int ret;

	if (!m)
		return -ENOMEM;
	round_entries(map);
	ret = xb_htab_init(&m->h, map,
	                   &(struct xb_map_pool_opts){ .head_bytes = 16,
	                                               .value_bytes = map->value_size,
	                                               .copies = xb_map_copy_cnt(map) });
	if (ret)
		goto free_map;
	ret = -ENOMEM;
	if (!xb_lru_init(&m->lru, map->max_entries, map->emu->cpu_cnt,
	                 map->flags & BPF_F_NO_COMMON_LRU))
		goto free_htab;
	m->lru.evict = evict;
	m->lru.arg = m;
	map->priv = m;
	map->gc = xb_htab_map_gc;
	return 0;

free_htab:
	xb_htab_fini(&m->h);
free_map:
	free(m);
	return ret;
}

static void
lru_free(struct xb_map *map)
{
	struct lru_map *m = map->priv;

	xb_lru_fini(&m->lru);
	xb_htab_fini(&m->h);
	free(m);
}

static u64
htab_lru_map_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	struct lru_map *m = map->priv;
	u32 ref = xb_htab_find(&m->h, key, xb_htab_hash(&m->h, key));

	if (!ref)
		return 0;
	mark_used(node_ptr(m, ref));
	return xb_map_pool_value(&m->h.pool, ref, cpu);
}

static u64
htab_lru_map_lookup_elem_sys(struct xb_map *map, const void *key, u32 cpu)
{
	const struct lru_map *m = map->priv;
	u32 ref = xb_htab_find(&m->h, key, xb_htab_hash(&m->h, key));

	return ref ? xb_map_pool_value(&m->h.pool, ref, cpu) : 0;
}

/* A new element with this value for `cpu`, on `node`; 0: no memory. */
static u32
insert(struct lru_map *m, u32 node, const void *key, u32 hash, const void *value, u32 cpu)
{
	u32 ref = xb_htab_new(&m->h, key, hash);

	if (!ref)
		return 0;
	*node_of(&m->h, ref) = node;
	m->lru.nodes[node].ref_elem = ref;
	xb_map_value_copy(m->h.pool.map, xb_map_pool_value_host(&m->h.pool, ref, cpu), value);
	xb_htab_insert(&m->h, ref);
	return ref;
}

static void
remove_elem(struct lru_map *m, u32 ref)
{
	xb_lru_push(&m->lru, *node_of(&m->h, ref));
	xb_htab_remove(&m->h, ref);
}

static int
htab_lru_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	struct lru_map *m = map->priv;
	u32 hash = xb_htab_hash(&m->h, key), node, old;
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	node = xb_lru_pop(&m->lru, cpu);
	old = xb_htab_find(&m->h, key, hash);
	ret = xb_htab_check_flags(old, flags);
	if (!ret && !insert(m, node, key, hash, value, 0))
		ret = -ENOMEM;
	if (ret) {
		xb_lru_push(&m->lru, node);
		return ret;
	}
	if (old) {
		mark_used(&m->lru.nodes[node]);
		remove_elem(m, old);
	}
	return 0;
}

static int
htab_lru_percpu_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags,
                                u32 cpu)
{
	struct lru_map *m = map->priv;
	u32 hash = xb_htab_hash(&m->h, key), node = 0, old;
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (flags != BPF_EXIST)
		node = xb_lru_pop(&m->lru, cpu);
	old = xb_htab_find(&m->h, key, hash);
	ret = xb_htab_check_flags(old, flags);
	if (!ret && old) {
		mark_used(node_ptr(m, old));
		xb_map_value_copy(map, xb_map_pool_value_host(&m->h.pool, old, cpu), value);
	} else if (!ret && !insert(m, node, key, hash, value, cpu)) {
		ret = -ENOMEM;
	}
	if ((ret || old) && flags != BPF_EXIST)
		xb_lru_push(&m->lru, node);
	return ret;
}

static int
htab_lru_map_delete_elem(struct xb_map *map, const void *key)
{
	struct lru_map *m = map->priv;
	u32 ref = xb_htab_find(&m->h, key, xb_htab_hash(&m->h, key));

	if (!ref)
		return -ENOENT;
	remove_elem(m, ref);
	return 0;
}

const struct xb_map_ops xb_map_lru_hash_ops = {
	.name = "lru_hash",
	.source = "kernel/bpf/hashtab.c",
	.flags = XB_MAP_BATCH | XB_MAP_BATCH_DELETE | XB_MAP_BUCKETS | XB_MAP_TAKE | XB_MAP_LOCKED |
	         XB_MAP_FREE_LOOKUP,
	.check = xb_htab_check,
	.alloc = lru_alloc,
	.free = lru_free,
	.lookup = htab_lru_map_lookup_elem,
	.lookup_sys = htab_lru_map_lookup_elem_sys,
	.update = htab_lru_map_update_elem,
	.remove = htab_lru_map_delete_elem,
	.next_key = xb_htab_map_next_key,
	.for_each = xb_htab_map_for_each,
	.key_of = xb_htab_map_key_of,
};

const struct xb_map_ops xb_map_lru_percpu_hash_ops = {
	.name = "lru_percpu_hash",
	.source = "kernel/bpf/hashtab.c",
	.flags = XB_MAP_PERCPU | XB_MAP_BATCH | XB_MAP_BATCH_DELETE | XB_MAP_BUCKETS | XB_MAP_TAKE |
	         XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = xb_htab_check,
	.alloc = lru_alloc,
	.free = lru_free,
	.lookup = htab_lru_map_lookup_elem,
	.lookup_sys = htab_lru_map_lookup_elem_sys,
	.update = htab_lru_percpu_map_update_elem,
	.remove = htab_lru_map_delete_elem,
	.next_key = xb_htab_map_next_key,
	.for_each = xb_htab_map_for_each,
};
