/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_live_sys.c - bpf(2) on live maps: the kernel's, on its own map.
 *
 * Where the kernel has more CPUs than the emulator, values of per-CPU maps are moved in a buffer
 * that is large enough for it; the caller's has the emulator's CPUs.
 */
#include "emu/kernel.h"
#include "emu/map_live_priv.h"
#include "emu/user.h"

#include <stdlib.h>

/* One call on its way: the caller's attributes, and those for the kernel. */
struct call {
	struct xb_map *map;
	struct xb_live *live;
	int cmd;
	union bpf_attr *attr;
	union bpf_attr own;
	u32 kernel_bytes, user_bytes; /* of an element's values */
};

static int
elem_cmd(const struct xb_live *l, int cmd, const void *key, const void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)l->fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return (int)xb_kernel_bpf(cmd, &attr);
}

int
xb_live_get(const struct xb_map *map, int cmd, const void *key, void *value)
{
	return elem_cmd(xb_live_of(map), cmd, key, value, 0);
}

int
xb_live_put(const struct xb_map *map, const void *key, const void *value, u64 flags)
{
	return elem_cmd(xb_live_of(map), BPF_MAP_UPDATE_ELEM, key, value, flags);
}

int
xb_live_delete(struct xb_map *map, const void *key)
{
	return elem_cmd(xb_live_of(map), BPF_MAP_DELETE_ELEM, key, NULL, 0);
}

int
xb_live_next_key(struct xb_map *map, const void *key, void *next)
{
	return elem_cmd(xb_live_of(map), BPF_MAP_GET_NEXT_KEY, key, next, 0);
}

int
xb_live_read(struct xb_map *map, const void *key, void *value)
{
	const struct xb_live *l = xb_live_of(map);
	int ret;

	if (!(map->ops->flags & XB_MAP_PERCPU))
		return xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, value);
	ret = xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, l->value);
	if (!ret)
		memcpy(value, l->value, xb_map_sys_value_bytes(map));
	return ret;
}

int
xb_live_write(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	const struct xb_live *l = xb_live_of(map);

	if (!(map->ops->flags & XB_MAP_PERCPU))
		return xb_live_put(map, key, value, flags);
	if (xb_live_get(map, BPF_MAP_LOOKUP_ELEM, key, l->value))
		memset(l->value, 0, (size_t)l->cpus * l->step);
	memcpy(l->value, value, xb_map_sys_value_bytes(map));
	return xb_live_put(map, key, l->value, flags);
}

static long
forward(struct call *c)
{
	return xb_kernel_bpf(c->cmd, &c->own);
}

/* LOOKUP_ELEM and LOOKUP_AND_DELETE_ELEM. */
static long
lookup(struct call *c)
{
	u64 value = c->attr->value;
	long ret;

	c->own.value = (uintptr_t)c->live->value;
	ret = forward(c);
	return ret ? ret : xb_user_write(value, c->live->value, c->user_bytes);
}

/* The key is the caller's memory, which the kernel reads. */
static long
update_one(struct call *c, u64 key, u64 value, u64 flags)
{
	union bpf_attr *own = &c->own;
	long ret;

	memset(own, 0, sizeof(*own));
	own->map_fd = (u32)c->live->fd;
	own->key = key;
	own->value = (uintptr_t)c->live->value;
	ret = xb_kernel_bpf(BPF_MAP_LOOKUP_ELEM, own);
	if (ret == -ENOENT)
		memset(c->live->value, 0, c->kernel_bytes);
	else if (ret)
		return ret;
	if (xb_user_read(c->live->value, value, c->user_bytes))
		return -EFAULT;
	own->flags = flags;
	return xb_kernel_bpf(BPF_MAP_UPDATE_ELEM, own);
}

static long
update(struct call *c)
{
	return update_one(c, c->attr->key, c->attr->value, c->attr->flags);
}

/* LOOKUP_BATCH and LOOKUP_AND_DELETE_BATCH. */
static long
lookup_batch(struct call *c)
{
	u64 values = c->attr->batch.values;
	u32 count = c->attr->batch.count;
	u8 *buf;
	long ret;

	if (count > c->map->max_entries)
		count = c->map->max_entries;
	buf = calloc((size_t)count + 1, c->kernel_bytes);
	if (!buf)
		return -ENOMEM;
	c->own.batch.values = (uintptr_t)buf;
	c->own.batch.count = count;
	ret = forward(c);
	count = c->own.batch.count;
	for (u32 i = 0; (!ret || ret == -ENOENT) && i < count; i++)
		if (xb_user_write(values + (u64)i * c->user_bytes,
		                  buf + (size_t)i * c->kernel_bytes, c->user_bytes))
			ret = -EFAULT;
	free(buf);
	return ret;
}

/* cf. kernel/bpf/syscall.c: generic_map_update_batch */
static long
update_batch(struct call *c)
{
	u32 done = 0, count = c->attr->batch.count;
	u64 keys = c->attr->batch.keys, values = c->attr->batch.values;
	u64 flags = c->attr->batch.elem_flags;
	long ret = flags & ~(u64)BPF_F_LOCK || c->attr->batch.flags ? -EINVAL : 0;

	while (!ret && done < count) {
		ret = update_one(c, keys + (u64)done * c->map->key_size,
		                 values + (u64)done * c->user_bytes, flags);
		done += !ret;
	}
	c->own.batch.count = done;
	return ret;
}

/* Commands that move values of per-CPU maps. */
static long (*const moves[])(struct call *c) = {
	[BPF_MAP_LOOKUP_ELEM] = lookup,
	[BPF_MAP_UPDATE_ELEM] = update,
	[BPF_MAP_LOOKUP_AND_DELETE_ELEM] = lookup,
	[BPF_MAP_LOOKUP_BATCH] = lookup_batch,
	[BPF_MAP_LOOKUP_AND_DELETE_BATCH] = lookup_batch,
	[BPF_MAP_UPDATE_BATCH] = update_batch,
};

static bool
is_batch(int cmd)
{
	return cmd == BPF_MAP_LOOKUP_BATCH || cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH ||
	       cmd == BPF_MAP_UPDATE_BATCH || cmd == BPF_MAP_DELETE_BATCH;
}

static bool
needs_room(const struct call *c)
{
	return c->map->ops->flags & XB_MAP_PERCPU && c->kernel_bytes != c->user_bytes &&
	       (size_t)c->cmd < XB_ARRAY_SIZE(moves) && moves[c->cmd];
}

/* Cells that are made from now on are for reading. */
static void
set_read_only(struct xb_map *map)
{
	xb_live_of(map)->read_only = true;
	xb_live_of(map)->cells.pool.need = XB_MEM_READ;
	map->no_prog_writes = true;
}

long
xb_live_sys(struct xb_map *map, int cmd, union bpf_attr *attr)
{
	struct xb_live *l = xb_live_of(map);
	struct call c = {
		.map = map,
		.live = l,
		.cmd = cmd,
		.attr = attr,
		.own = *attr,
		.kernel_bytes = l->cpus * l->step,
		.user_bytes = xb_map_sys_value_bytes(map),
	};
	long ret;

	xb_live_flush(map);
	if (is_batch(cmd))
		c.own.batch.map_fd = (u32)l->fd;
	else
		c.own.map_fd = (u32)l->fd;
	ret = needs_room(&c) ? moves[cmd](&c) : forward(&c);
	if (is_batch(cmd))
		attr->batch.count = c.own.batch.count;
	if (!ret && cmd == BPF_MAP_FREEZE)
		set_read_only(map);
	return ret;
}
