/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_queue.c - QUEUE and STACK (cf. kernel/bpf/queue_stack_maps.c).
 *
 * A ring of max_entries values, which programs only get copies of: it lies in host memory. `first`
 * is the oldest.
 */
#include "emu/map_priv.h"

#include <stdlib.h>

struct queue {
	u8 *values;
	u32 first, cnt;
};

static int
queue_stack_map_alloc_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size || !attr->value_size ||
	    attr->map_flags & ~(u32)(BPF_F_NUMA_NODE | XB_MAP_ACCESS_FLAGS) ||
	    !xb_map_access_ok(attr->map_flags))
		return -EINVAL;
	return attr->value_size > XB_KMALLOC_MAX ? -E2BIG : 0;
}

static int
queue_stack_map_alloc(struct xb_map *map)
{
	struct queue *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->values = xb_map_table_new(map->max_entries, map->value_size);
	if (!q->values) {
		free(q);
		return -ENOMEM;
	}
	map->priv = q;
	return 0;
}

static void
queue_stack_map_free(struct xb_map *map)
{
	struct queue *q = map->priv;

	xb_map_table_free(q->values, map->max_entries, map->value_size);
	free(q);
}

/* The value `idx` after the oldest; idx is below max_entries. */
static u8 *
value_at(const struct xb_map *map, u32 idx)
{
	const struct queue *q = map->priv;
	u64 slot = (u64)q->first + idx;

	if (slot >= map->max_entries)
		slot -= map->max_entries;
	return q->values + slot * map->value_size;
}

static void
drop_oldest(const struct xb_map *map)
{
	struct queue *q = map->priv;

	if (++q->first == map->max_entries)
		q->first = 0;
	q->cnt--;
}

/* Where there is nothing, programs get zeroes, and bpf(2) nothing. */
static int
get(const struct xb_map *map, void *value, bool newest)
{
	const struct queue *q = map->priv;

	if (!q->cnt) {
		memset(value, 0, map->value_size);
		return -ENOENT;
	}
	xb_move(value, value_at(map, newest ? q->cnt - 1 : 0), map->value_size);
	return 0;
}

static int
queue_map_peek_elem(struct xb_map *map, void *value)
{
	return get(map, value, false);
}

static int
stack_map_peek_elem(struct xb_map *map, void *value)
{
	return get(map, value, true);
}

static int
queue_map_pop_elem(struct xb_map *map, void *value)
{
	int ret = get(map, value, false);

	if (!ret)
		drop_oldest(map);
	return ret;
}

static int
stack_map_pop_elem(struct xb_map *map, void *value)
{
	struct queue *q = map->priv;
	int ret = get(map, value, true);

	if (!ret)
		q->cnt--;
	return ret;
}

static int
queue_stack_map_push_elem(struct xb_map *map, const void *value, u64 flags)
{
	struct queue *q = map->priv;

	if (flags & BPF_NOEXIST || flags > BPF_EXIST)
		return -EINVAL;
	if (q->cnt == map->max_entries) {
		if (!(flags & BPF_EXIST))
			return -E2BIG;
		drop_oldest(map);
	}
	q->cnt++;
	xb_move(value_at(map, q->cnt - 1), value, map->value_size);
	return 0;
}

static int
queue_stack_map_get_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -EINVAL;
}

const struct xb_map_ops xb_map_queue_ops = {
	.name = "queue",
	.source = "kernel/bpf/queue_stack_maps.c",
	.flags = XB_MAP_LOCKED,
	.check = queue_stack_map_alloc_check,
	.alloc = queue_stack_map_alloc,
	.free = queue_stack_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.remove = xb_map_no_remove,
	.next_key = queue_stack_map_get_next_key,
	.push = queue_stack_map_push_elem,
	.pop = queue_map_pop_elem,
	.peek = queue_map_peek_elem,
};

const struct xb_map_ops xb_map_stack_ops = {
	.name = "stack",
	.source = "kernel/bpf/queue_stack_maps.c",
	.flags = XB_MAP_LOCKED,
	.check = queue_stack_map_alloc_check,
	.alloc = queue_stack_map_alloc,
	.free = queue_stack_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.remove = xb_map_no_remove,
	.next_key = queue_stack_map_get_next_key,
	.push = queue_stack_map_push_elem,
	.pop = stack_map_pop_elem,
	.peek = stack_map_peek_elem,
};
