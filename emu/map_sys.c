/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_sys.c - bpf(2) on the elements of maps (cf. kernel/bpf/syscall.c: map_lookup_elem and its
 * neighbours), and the same for callers with host pointers.
 *
 * What bpf(2) takes out of a map is freed at once: no program runs meanwhile, or, concurrently,
 * once all runs have ended that may have seen it. Its lock is held as long as its elements are
 * looked at.
 */
#include "emu/map_priv.h"
#include "emu/user.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

/* Buffers of one call: most keys and values are small. */
struct call {
	struct xb_map *map;
	const union bpf_attr *attr;
	u8 *key, *value;
	u32 value_bytes;
	u8 small[512];
	u8 *big;
};

int
xb_map_by_fd(struct xb_emu *emu, u32 fd, u32 mode, struct xb_map **map)
{
	struct xb_obj *obj;
	int ret = xb_obj_by_fd(emu, (int)fd, XB_OBJ_MAP, &obj);
	int access;

	if (ret)
		return ret;
	access = fcntl((int)fd, F_GETFL) & O_ACCMODE;
	*map = xb_map_of_obj(obj);
	if (mode & XB_FD_READ && access == O_WRONLY)
		return -EPERM;
	if (mode & XB_FD_WRITE && (access == O_RDONLY || (*map)->frozen))
		return -EPERM;
	return 0;
}

u32
xb_map_sys_value_bytes(const struct xb_map *map)
{
	if (map->ops->flags & XB_MAP_PERCPU)
		return (u32)xb_align_up(map->value_size, 8) * map->emu->cpu_cnt;
	if (map->ops->flags & XB_MAP_OF_FDS)
		return 4;
	return map->value_size;
}

static u64
lookup(struct xb_map *map, const void *key, u32 cpu)
{
	const struct xb_map_ops *ops = map->ops;

	return ops->lookup_sys ? ops->lookup_sys(map, key, cpu) : ops->lookup(map, key, cpu);
}

/* The copies of all CPUs, with their padding, as bpf(2) moves them. */
static int
percpu_read(struct xb_map *map, const void *key, u8 *value)
{
	u64 bytes = xb_align_up(map->value_size, 8), gaddr;

	for (u32 cpu = 0; cpu < map->emu->cpu_cnt; cpu++) {
		gaddr = lookup(map, key, cpu);
		if (!gaddr)
			return -ENOENT;
		memcpy(value + cpu * bytes, xb_mem_host(map->emu->mem, gaddr), bytes);
		xb_map_value_hide(map, value + cpu * bytes);
	}
	return 0;
}

static int
percpu_write(struct xb_map *map, const void *key, const u8 *value, u64 flags)
{
	u64 bytes = xb_align_up(map->value_size, 8);
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	ret = map->ops->update(map, key, value, flags, 0);
	if (ret)
		return ret;
	for (u32 cpu = 0; cpu < map->emu->cpu_cnt; cpu++) {
		u8 *host = xb_mem_host(map->emu->mem, lookup(map, key, cpu));

		if (map->specials.cnt)
			xb_map_value_copy(map, host, value + cpu * bytes);
		else
			memcpy(host, value + cpu * bytes, bytes);
	}
	return 0;
}

/* Copies a value out; with `lock`, while no program holds its bpf_spin_lock. */
static void
copy_out(const struct xb_map *map, u64 gaddr, void *value, bool lock)
{
	u8 *host = xb_mem_host(map->emu->mem, gaddr);

	if (lock)
		xb_map_value_lock(map, host);
	xb_map_value_copy(map, value, host);
	if (lock)
		xb_map_value_unlock(map, host);
	xb_map_value_hide(map, value);
}

int
xb_map_read_locked(struct xb_map *map, const void *key, void *value, u64 flags)
{
	u64 gaddr;

	if (map->ops->read_sys)
		return map->ops->read_sys(map, key, value);
	if (map->ops->peek)
		return map->ops->peek(map, value);
	if (map->ops->flags & XB_MAP_PERCPU)
		return percpu_read(map, key, value);
	gaddr = lookup(map, key, 0);
	if (!gaddr)
		return -ENOENT;
	copy_out(map, gaddr, value, flags & BPF_F_LOCK);
	return 0;
}

int
xb_map_write_locked(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	int ret;

	if (map->ops->update_sys)
		ret = map->ops->update_sys(map, key, value, flags);
	else if (map->ops->push)
		ret = map->ops->push(map, value, flags);
	else if (map->ops->flags & XB_MAP_PERCPU)
		ret = percpu_write(map, key, value, flags);
	else
		ret = map->ops->update(map, key, value, flags, 0);
	xb_map_gc_now(map);
	return ret;
}

int
xb_map_remove_locked(struct xb_map *map, const void *key)
{
	int ret = map->ops->remove(map, key);

	xb_map_gc_now(map);
	return ret;
}

int
xb_map_read(struct xb_map *map, const void *key, void *value)
{
	int ret;

	xb_lock_take(map->lock);
	ret = xb_map_read_locked(map, key, value, 0);
	xb_lock_give(map->lock);
	return ret;
}

int
xb_map_write(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	int ret;

	xb_lock_take(map->lock);
	ret = xb_map_write_locked(map, key, value, flags);
	xb_lock_give(map->lock);
	return ret;
}

int
xb_map_next_key(struct xb_map *map, const void *key, void *next)
{
	int ret;

	xb_lock_take(map->lock);
	ret = map->ops->next_key(map, key, next);
	xb_lock_give(map->lock);
	return ret;
}

static int
call_init(struct call *c, struct xb_map *map, const union bpf_attr *attr)
{
	u64 key_bytes = xb_align_up(map->key_size, 8), bytes;

	c->map = map;
	c->attr = attr;
	c->big = NULL;
	c->value_bytes = xb_map_sys_value_bytes(map);
	/* For GET_NEXT_KEY the value is the next key. */
	bytes = key_bytes + (c->value_bytes > key_bytes ? c->value_bytes : key_bytes);
	c->key = c->small;
	if (bytes > sizeof(c->small)) {
		c->key = c->big = malloc(bytes);
		if (!c->big)
			return -ENOMEM;
	}
	c->value = c->key + key_bytes;
	return 0;
}

/* Queues and the like have no key, and none may be given (cf. __bpf_copy_key). */
static int
read_key(const struct call *c)
{
	if (c->map->key_size)
		return xb_user_read(c->key, c->attr->key, c->map->key_size);
	return c->attr->key ? -EINVAL : 0;
}

static int
map_lookup_elem(struct call *c)
{
	int ret = read_key(c);

	if (!ret && c->map->ops->flags & XB_MAP_VALUE_ASKS)
		ret = xb_user_read(c->value, c->attr->value, c->value_bytes);
	if (ret)
		return ret;
	xb_lock_take(c->map->lock);
	ret = xb_map_read_locked(c->map, c->key, c->value, c->attr->flags);
	xb_lock_give(c->map->lock);
	if (!ret)
		ret = xb_user_write(c->attr->value, c->value, c->value_bytes);
	return ret;
}

static int
map_update_elem(struct call *c)
{
	int ret = read_key(c);

	if (!ret)
		ret = xb_user_read(c->value, c->attr->value, c->value_bytes);
	return ret ? ret : xb_map_write(c->map, c->key, c->value, c->attr->flags);
}

static int
map_delete_elem(struct call *c)
{
	int ret = read_key(c);

	if (ret)
		return ret;
	xb_lock_take(c->map->lock);
	ret = xb_map_remove_locked(c->map, c->key);
	xb_lock_give(c->map->lock);
	return ret;
}

static int
map_get_next_key(struct call *c)
{
	int ret = c->attr->key ? read_key(c) : 0;

	if (!ret)
		ret = xb_map_next_key(c->map, c->attr->key ? c->key : NULL, c->value);
	if (!ret)
		ret = xb_user_write(c->attr->next_key, c->value, c->map->key_size);
	return ret;
}

static int
take_elem(struct call *c)
{
	struct xb_map *map = c->map;
	int ret;

	if (map->ops->pop)
		return map->ops->pop(map, c->value);
	if (!(map->ops->flags & XB_MAP_TAKE))
		return -XB_ENOTSUPP;
	ret = xb_map_read_locked(map, c->key, c->value, c->attr->flags);
	return ret ? ret : xb_map_remove_locked(map, c->key);
}

static int
map_lookup_and_delete_elem(struct call *c)
{
	struct xb_map *map = c->map;
	int ret;

	if (map->ops->pop && c->attr->flags)
		return -EINVAL;
	ret = read_key(c);
	if (ret)
		return ret;
	xb_lock_take(map->lock);
	ret = take_elem(c);
	xb_lock_give(map->lock);
	return ret ? ret : xb_user_write(c->attr->value, c->value, c->value_bytes);
}

/* A command on elements that are not the emulator's. */
static long
others_cmd(struct xb_map *map, int cmd, union bpf_attr *attr)
{
	long ret;

	xb_lock_take(map->lock);
	ret = map->ops->sys(map, cmd, attr);
	xb_lock_give(map->lock);
	return ret;
}

static long
freeze_cmd(struct xb_emu *emu, union bpf_attr *attr)
{
	struct xb_map *map;
	int ret = xb_map_by_fd(emu, attr->map_fd, XB_FD_WRITE, &map);

	if (ret)
		return ret;
	return map->ops->sys ? others_cmd(map, BPF_MAP_FREEZE, attr) : xb_map_freeze(map);
}

/* Commands on one element: what the descriptor must allow, and which flags are checked. */
static const struct {
	int (*fn)(struct call *c);
	u32 mode;
	bool checks_flags;
} cmds[] = {
	[BPF_MAP_LOOKUP_ELEM] = { map_lookup_elem, XB_FD_READ, true },
	[BPF_MAP_UPDATE_ELEM] = { map_update_elem, XB_FD_WRITE, false },
	[BPF_MAP_DELETE_ELEM] = { map_delete_elem, XB_FD_WRITE, false },
	[BPF_MAP_GET_NEXT_KEY] = { map_get_next_key, XB_FD_READ, false },
	[BPF_MAP_LOOKUP_AND_DELETE_ELEM] = { map_lookup_and_delete_elem, XB_FD_READ | XB_FD_WRITE,
	                                     true },
};

static long
elem_cmd(struct xb_emu *emu, int cmd, union bpf_attr *attr)
{
	bool has_flags = cmd != BPF_MAP_DELETE_ELEM && cmd != BPF_MAP_GET_NEXT_KEY;
	struct xb_map *map;
	struct call c;
	long ret;

	if (cmds[cmd].checks_flags && attr->flags & ~(u64)BPF_F_LOCK)
		return -EINVAL;
	ret = xb_map_by_fd(emu, attr->map_fd, cmds[cmd].mode, &map);
	if (ret)
		return ret;
	if (map->ops->sys)
		return others_cmd(map, cmd, attr);
	if (has_flags && attr->flags & BPF_F_LOCK && !map->has_spin_lock)
		return -EINVAL;
	ret = call_init(&c, map, attr);
	if (ret)
		return ret;
	ret = cmds[cmd].fn(&c);
	free(c.big);
	return ret;
}

static long
batch_cmd(struct xb_emu *emu, int cmd, union bpf_attr *attr)
{
	u32 mode = cmd == BPF_MAP_LOOKUP_BATCH              ? XB_FD_READ
	           : cmd == BPF_MAP_LOOKUP_AND_DELETE_BATCH ? XB_FD_READ | XB_FD_WRITE
	                                                    : XB_FD_WRITE;
	u32 count = attr->batch.count;
	struct xb_map *map;
	long ret = xb_map_by_fd(emu, attr->batch.map_fd, mode, &map);

	if (ret)
		return ret;
	if (map->ops->sys)
		return others_cmd(map, cmd, attr);
	ret = xb_map_batch(map, cmd, attr, &count);
	attr->batch.count = count;
	return ret;
}

long
xb_map_sys(struct xb_emu *emu, int cmd, union bpf_attr *attr, u32 bytes)
{
	(void)bytes;
	switch (cmd) {
	case BPF_MAP_FREEZE:
		return freeze_cmd(emu, attr);
	case BPF_MAP_LOOKUP_BATCH:
	case BPF_MAP_LOOKUP_AND_DELETE_BATCH:
	case BPF_MAP_UPDATE_BATCH:
	case BPF_MAP_DELETE_BATCH:
		return batch_cmd(emu, cmd, attr);
	default:
		if (cmd < 0 || (size_t)cmd >= XB_ARRAY_SIZE(cmds) || !cmds[cmd].fn)
			return -EINVAL;
		return elem_cmd(emu, cmd, attr);
	}
}
