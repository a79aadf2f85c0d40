/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_arena.c - ARENA: pages that user space and programs share (cf. kernel/bpf/arena.c). The map
 * itself has no elements; its pages are emu/arena.h's.
 *
 * Differs: where and how much of it user space maps is not checked; a program's addresses rest on
 * map_extra, or else on the mapping that is there when the first program that uses the map is
 * loaded. BPF_F_SEGV_ON_FAULT has no effect. A map that was once mapped writable can be frozen when
 * it is no more, and what user space touches of it from then on programs do not see.
 */
#include "emu/arena.h"
#include "emu/map_priv.h"

#include <unistd.h>

/* Flags that an older uapi header lacks. */
#define F_SEGV_ON_FAULT (1u << 17)
#define F_NO_USER_CONV  (1u << 18)

#define SPACE (1ull << 32)

static int
arena_map_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_MMAPABLE | F_SEGV_ON_FAULT | F_NO_USER_CONV;
	u64 bytes = (u64)attr->max_entries * XB_PAGE_BYTES, start = attr->map_extra;

	if (attr->key_size || attr->value_size || !attr->max_entries ||
	    !(attr->map_flags & BPF_F_MMAPABLE) || attr->map_flags & ~allowed ||
	    start % XB_PAGE_BYTES)
		return -EINVAL;
	if (bytes > SPACE)
		return -E2BIG;
	return start / SPACE != (start + bytes - 1) / SPACE ? -ERANGE : 0;
}

static int
arena_map_alloc(struct xb_map *map)
{
	map->priv = xb_arena_new(map);
	return map->priv ? 0 : -ENOMEM;
}

static int
arena_map_publish(struct xb_map *map)
{
	off_t bytes = (off_t)map->max_entries * XB_PAGE_BYTES;

	return ftruncate(map->obj.memfd, bytes) ? -ENOMEM : 0;
}

static void
arena_map_free(struct xb_map *map)
{
	xb_arena_free(map->priv);
}

static int
arena_map_read(struct xb_map *map, const void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return -EINVAL;
}

static int
arena_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EOPNOTSUPP;
}

static int
arena_map_delete_elem(struct xb_map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EOPNOTSUPP;
}

static int
arena_map_get_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -EOPNOTSUPP;
}

const struct xb_map_ops xb_map_arena_ops = {
	.name = "arena",
	.source = "kernel/bpf/arena.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_EXTRA,
	.check = arena_map_check,
	.alloc = arena_map_alloc,
	.publish = arena_map_publish,
	.free = arena_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = arena_map_update_elem,
	.read_sys = arena_map_read,
	.remove = arena_map_delete_elem,
	.next_key = arena_map_get_next_key,
};
