/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_stack_trace.c - STACK_TRACE (cf. kernel/bpf/stackmap.c).
 *
 * Only bpf_get_stackid() puts traces in, which is for programs that trace: here the map can be made
 * and asked, and holds nothing.
 */
#include "emu/map_priv.h"

#define ID_BYTES       8u
#define BUILD_ID_BYTES 32u  /* sizeof(struct bpf_stack_build_id) */
#define MAX_STACK      127u /* kernel.perf_event_max_stack, unless somebody set it */
#define ENTRIES_MOST   (1u << 31)

static int
stack_map_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID;
	u32 each = attr->map_flags & BPF_F_STACK_BUILD_ID ? BUILD_ID_BYTES : ID_BYTES;

	if (attr->map_flags & ~allowed || !attr->max_entries || attr->key_size != 4 ||
	    !attr->value_size || attr->value_size % each || attr->value_size / each > MAX_STACK)
		return -EINVAL;
	return attr->max_entries > ENTRIES_MOST ? -E2BIG : 0;
}

static int
stack_map_alloc(struct xb_map *map)
{
	(void)map;
	return 0;
}

static void
stack_map_free(struct xb_map *map)
{
	(void)map;
}

static int
stack_map_read(struct xb_map *map, const void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return -ENOENT;
}

static int
stack_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -EINVAL;
}

/* Buckets are a power of two: the first number beyond them. */
static u64
bucket_cnt(const struct xb_map *map)
{
	u64 cnt = 1;

	while (cnt < map->max_entries)
		cnt <<= 1;
	return cnt;
}

static int
stack_map_delete_elem(struct xb_map *map, const void *key)
{
	return xb_ld32(key) >= bucket_cnt(map) ? -E2BIG : -ENOENT;
}

static int
stack_map_get_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -ENOENT;
}

const struct xb_map_ops xb_map_stack_trace_ops = {
	.name = "stack_trace",
	.source = "kernel/bpf/stackmap.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_TAKE | XB_MAP_LOCKED,
	.check = stack_map_check,
	.alloc = stack_map_alloc,
	.free = stack_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = stack_map_update_elem,
	.read_sys = stack_map_read,
	.remove = stack_map_delete_elem,
	.next_key = stack_map_get_next_key,
	.check_btf = xb_map_no_btf,
};
