/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_array.c - ARRAY and PERCPU_ARRAY (cf. kernel/bpf/arraymap.c).
 *
 *   copy of CPU 0                      copy of CPU 1, at a page of its own
 *   | value | pad 8.. | value | pad .. | value | pad 8.. | ...
 *
 * The padding is a red zone of 8 bytes or more; mmapable arrays have the kernel's layout, which is
 * value_size rounded up to 8, in the map's memfd.
 */
#include "emu/map_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_FLAGS                                                                                \
	(BPF_F_NUMA_NODE | BPF_F_MMAPABLE | XB_MAP_ACCESS_FLAGS | BPF_F_PRESERVE_ELEMS |           \
	 BPF_F_INNER_MAP)

/* Differs: arrays are no larger than this, whatever memory the machine has. */
#define ARRAY_MOST (1ull << 31)

struct array {
	u64 gaddr; /* of the first value of CPU 0 */
	u32 stride;
	u64 cpu_stride;
	struct xb_region *region;
};

int
xb_map_array_check(const union bpf_attr *attr)
{
	bool percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_ARRAY;
	u32 flags = attr->map_flags;

	if (!attr->max_entries || attr->key_size != 4 || !attr->value_size ||
	    flags & ~(u32)ARRAY_FLAGS || !xb_map_access_ok(flags) ||
	    (percpu && flags & BPF_F_NUMA_NODE))
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_ARRAY && flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP))
		return -EINVAL;
	if (attr->map_type != BPF_MAP_TYPE_PERF_EVENT_ARRAY && flags & BPF_F_PRESERVE_ELEMS)
		return -EINVAL;
	if (attr->value_size > INT_MAX ||
	    (percpu && xb_align_up(attr->value_size, 8) > XB_PCPU_UNIT_MIN))
		return -E2BIG;
	return 0;
}

int
xb_map_fd_array_check(const union bpf_attr *attr)
{
	if (attr->value_size != 4 || attr->map_flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EINVAL;
	return xb_map_array_check(attr);
}

static bool
is_mmapable(const struct xb_map *map)
{
	return map->flags & BPF_F_MMAPABLE;
}

static void
allow_values(struct xb_map *map, const struct array *a)
{
	u64 value = a->gaddr;

	for (u32 cpu = 0; cpu < xb_map_copy_cnt(map); cpu++) {
		value = a->gaddr + cpu * a->cpu_stride;
		for (u32 i = 0; i < map->max_entries; i++, value += a->stride)
			xb_mem_allow(map->emu->mem, value, map->value_size, xb_map_value_need(map));
	}
}

static int
map_values(struct xb_map *map, bool from_fd)
{
	struct array *a = map->priv;

	a->region = xb_map_region_new(map, a->cpu_stride * xb_map_copy_cnt(map), from_fd);
	if (!a->region)
		return -ENOMEM;
	a->gaddr = a->region->gaddr;
	allow_values(map, a);
	return 0;
}

static int
array_map_alloc(struct xb_map *map)
{
	struct array *a = calloc(1, sizeof(*a));
	int ret;

	if (!a)
		return -ENOMEM;
	map->priv = a;
	a->stride = (u32)xb_align_up(map->value_size, 8) + (is_mmapable(map) ? 0 : 8);
	a->cpu_stride = xb_align_up((u64)map->max_entries * a->stride, XB_PAGE_BYTES);
	if (a->cpu_stride * xb_map_copy_cnt(map) > ARRAY_MOST) {
		free(a);
		return -ENOMEM;
	}
	if (is_mmapable(map))
		return 0;
	ret = map_values(map, false);
	if (ret)
		free(a);
	return ret;
}

static int
array_map_publish(struct xb_map *map)
{
	const struct array *a = map->priv;

	if (!is_mmapable(map))
		return 0;
	if (ftruncate(map->obj.memfd, (off_t)a->cpu_stride))
		return -ENOMEM;
	return map_values(map, true);
}

static void
array_map_free(struct xb_map *map)
{
	struct array *a = map->priv;

	xb_mem_unmap(map->emu->mem, a->region);
	free(a);
}

static u64
array_map_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct array *a = map->priv;
	u32 idx = xb_ld32(key);

	(void)cpu;
	if (XB_UNLIKELY(idx >= map->max_entries))
		return 0;
	return a->gaddr + (u64)idx * a->stride;
}

static u64
percpu_array_map_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct array *a = map->priv;
	u32 idx = xb_ld32(key);

	if (XB_UNLIKELY(idx >= map->max_entries))
		return 0;
	return a->gaddr + cpu * a->cpu_stride + (u64)idx * a->stride;
}

static const void *
array_key_of(const struct xb_map *map, u64 value, u32 *idx)
{
	const struct array *a = map->priv;
	u64 off = value - a->gaddr;

	if (off % a->stride || off / a->stride >= map->max_entries)
		return NULL;
	*idx = (u32)(off / a->stride);
	return idx;
}

static int
array_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	u64 gaddr;

	if (XB_UNLIKELY((flags & ~(u64)BPF_F_LOCK) > BPF_EXIST))
		return -EINVAL;
	if (XB_UNLIKELY(xb_ld32(key) >= map->max_entries))
		return -E2BIG;
	if (XB_UNLIKELY(flags & BPF_NOEXIST))
		return -EEXIST;
	if (XB_UNLIKELY(flags & BPF_F_LOCK && !map->has_spin_lock))
		return -EINVAL;
	gaddr = map->ops->lookup(map, key, cpu);
	if (XB_UNLIKELY(flags & BPF_F_LOCK))
		xb_map_value_copy_locked(map, xb_mem_host(map->emu->mem, gaddr), value);
	else
		xb_map_value_copy(map, xb_mem_host(map->emu->mem, gaddr), value);
	if (XB_UNLIKELY(map->specials.cnt))
		xb_map_value_drop(map, gaddr);
	return 0;
}

int
xb_map_array_next_key(struct xb_map *map, const void *key, void *next)
{
	u32 idx = key ? xb_ld32(key) : UINT32_MAX;

	if (idx < map->max_entries && idx == map->max_entries - 1)
		return -ENOENT;
	xb_st32(next, idx >= map->max_entries ? 0 : idx + 1);
	return 0;
}

static long
bpf_for_each_array_elem(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg)
{
	long cnt = 0;

	for (u32 i = 0; i < map->max_entries; i++) {
		cnt++;
		if (fn(arg, map, &i, map->ops->lookup(map, &i, cpu)))
			break;
	}
	return cnt;
}

const struct xb_map_ops xb_map_array_ops = {
	.name = "array",
	.source = "kernel/bpf/arraymap.c",
	.flags = XB_MAP_BATCH,
	.check = xb_map_array_check,
	.alloc = array_map_alloc,
	.publish = array_map_publish,
	.free = array_map_free,
	.lookup = array_map_lookup_elem,
	.update = array_map_update_elem,
	.key_of = array_key_of,
	.remove = xb_map_no_remove,
	.next_key = xb_map_array_next_key,
	.for_each = bpf_for_each_array_elem,
	.check_btf = xb_map_array_btf,
};

const struct xb_map_ops xb_map_percpu_array_ops = {
	.name = "percpu_array",
	.source = "kernel/bpf/arraymap.c",
	.flags = XB_MAP_PERCPU | XB_MAP_BATCH,
	.check = xb_map_array_check,
	.alloc = array_map_alloc,
	.publish = array_map_publish,
	.free = array_map_free,
	.lookup = percpu_array_map_lookup_elem,
	.update = array_map_update_elem,
	.remove = xb_map_no_remove,
	.next_key = xb_map_array_next_key,
	.for_each = bpf_for_each_array_elem,
	.check_btf = xb_map_array_btf,
};
