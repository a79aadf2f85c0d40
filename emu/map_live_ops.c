/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_live_ops.c - the operations of live maps: one table for each type, and one for arrays whose
 * pages are shared.
 */
#include "emu/map_live_priv.h"

#include <stdlib.h>
#include <unistd.h>

static u64
mapped_lookup(struct xb_map *map, const void *key, u32 cpu)
{
	u32 idx = xb_ld32(key);

	(void)cpu;
	if (XB_UNLIKELY(idx >= map->max_entries))
		return 0;
	return xb_live_of(map)->region->gaddr + (u64)idx * xb_live_of(map)->step;
}

static long
mapped_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg)
{
	long cnt = 0;

	for (u32 i = 0; i < map->max_entries; i++) {
		cnt++;
		if (fn(arg, map, &i, mapped_lookup(map, &i, cpu)))
			break;
	}
	return cnt;
}

static int
live_push(struct xb_map *map, const void *value, u64 flags)
{
	return xb_live_put(map, NULL, value, flags);
}

static int
live_pop(struct xb_map *map, void *value)
{
	int ret = xb_live_get(map, BPF_MAP_LOOKUP_AND_DELETE_ELEM, NULL, value);

	if (ret == -ENOENT)
		memset(value, 0, map->value_size);
	return ret;
}

static int
queue_peek(struct xb_map *map, void *value)
{
	int ret = xb_live_get(map, BPF_MAP_LOOKUP_ELEM, NULL, value);

	if (ret == -ENOENT)
		memset(value, 0, map->value_size);
	return ret;
}

static int
bloom_peek(struct xb_map *map, void *value)
{
	return xb_live_get(map, BPF_MAP_LOOKUP_ELEM, NULL, value);
}

static void
live_free(struct xb_map *map)
{
	struct xb_live *l = xb_live_of(map);

	xb_live_cells_fini(map);
	xb_mem_unmap(map->emu->mem, l->region);
	free(l->value);
	close(l->fd);
	free(l);
}

#define HASHTAB_C  "kernel/bpf/hashtab.c"
#define ARRAYMAP_C "kernel/bpf/arraymap.c"
#define QUEUE_C    "kernel/bpf/queue_stack_maps.c"
#define LIVE(t, f)                                                                                 \
	.name = (t), .source = (f), .free = live_free, .sys = xb_live_sys,                         \
	.run_end = xb_live_run_end
#define ELEMENTS .read_sys = xb_live_read, .update_sys = xb_live_write, .next_key = xb_live_next_key
#define CELLS(kind)                                                                                \
	.lookup = xb_live_lookup, .update = xb_live_update_##kind, .remove = xb_live_remove
#define ALL      .for_each = xb_live_for_each
#define REPLACED .lookup = xb_live_lookup, .update = xb_live_update, .remove = xb_live_remove

/* clang-format off */
static const struct xb_map_ops mapped_ops = {
	LIVE("array", ARRAYMAP_C), ELEMENTS, .lookup = mapped_lookup,
	.update = xb_live_update_array, .remove = xb_live_delete, .for_each = mapped_for_each,
};
static const struct xb_map_ops array_ops = {
	LIVE("array", ARRAYMAP_C), ELEMENTS, CELLS(array), ALL, .flags = XB_MAP_LOCKED | XB_MAP_RUN_VALUES,
};
static const struct xb_map_ops percpu_array_ops = {
	LIVE("percpu_array", ARRAYMAP_C), ELEMENTS, CELLS(percpu), ALL, .flags = XB_MAP_LOCKED | XB_MAP_PERCPU,
};
static const struct xb_map_ops hash_ops = {
	LIVE("hash", HASHTAB_C), ELEMENTS, REPLACED, ALL, .flags = XB_MAP_LOCKED,
};
static const struct xb_map_ops lru_hash_ops = {
	LIVE("lru_hash", HASHTAB_C), ELEMENTS, REPLACED, ALL, .flags = XB_MAP_LOCKED,
};
static const struct xb_map_ops percpu_hash_ops = {
	LIVE("percpu_hash", HASHTAB_C), ELEMENTS, CELLS(percpu), ALL, .flags = XB_MAP_LOCKED | XB_MAP_PERCPU,
};
static const struct xb_map_ops lru_percpu_hash_ops = {
	LIVE("lru_percpu_hash", HASHTAB_C), ELEMENTS, CELLS(percpu), ALL, .flags = XB_MAP_LOCKED | XB_MAP_PERCPU,
};
static const struct xb_map_ops lpm_trie_ops = {
	LIVE("lpm_trie", "kernel/bpf/lpm_trie.c"), ELEMENTS, .lookup = xb_live_lookup_lpm,
	.update = xb_live_update_lpm, .remove = xb_live_remove_lpm, .flags = XB_MAP_LOCKED,
};
static const struct xb_map_ops queue_ops = {
	LIVE("queue", QUEUE_C), ELEMENTS, .lookup = xb_map_no_lookup, .push = live_push,
	.pop = live_pop, .peek = queue_peek, .flags = XB_MAP_NO_PROG_LOOKUP,
};
static const struct xb_map_ops stack_ops = {
	LIVE("stack", QUEUE_C), ELEMENTS, .lookup = xb_map_no_lookup, .push = live_push,
	.pop = live_pop, .peek = queue_peek, .flags = XB_MAP_NO_PROG_LOOKUP,
};
static const struct xb_map_ops bloom_filter_ops = {
	LIVE("bloom_filter", "kernel/bpf/bloom_filter.c"), ELEMENTS, .lookup = xb_map_no_lookup,
	.push = live_push, .peek = bloom_peek, .flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_VALUE_ASKS,
};
/* clang-format on */

static const struct xb_map_ops *const ops_of[] = {
	[BPF_MAP_TYPE_HASH] = &hash_ops,
	[BPF_MAP_TYPE_ARRAY] = &array_ops,
	[BPF_MAP_TYPE_PERCPU_HASH] = &percpu_hash_ops,
	[BPF_MAP_TYPE_PERCPU_ARRAY] = &percpu_array_ops,
	[BPF_MAP_TYPE_LRU_HASH] = &lru_hash_ops,
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = &lru_percpu_hash_ops,
	[BPF_MAP_TYPE_LPM_TRIE] = &lpm_trie_ops,
	[BPF_MAP_TYPE_QUEUE] = &queue_ops,
	[BPF_MAP_TYPE_STACK] = &stack_ops,
	[BPF_MAP_TYPE_BLOOM_FILTER] = &bloom_filter_ops,
};

const struct xb_map_ops *
xb_live_ops_of(u32 type, u32 flags)
{
	if (type == BPF_MAP_TYPE_ARRAY && flags & BPF_F_MMAPABLE)
		return &mapped_ops;
	return type < XB_ARRAY_SIZE(ops_of) ? ops_of[type] : NULL;
}
