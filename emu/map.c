/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map.h"

#include "emu/btf.h"
#include "emu/map_op.h"
#include "emu/map_priv.h"
#include "emu/timer.h"
#include "emu/vcpu.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define LARGE_TABLE (64u << 10)

/* All map types: those that are emulated, and the names of the others. */
static const struct {
	const struct xb_map_ops *ops;
	const char *name;
} types[] = {
	[BPF_MAP_TYPE_UNSPEC] = { .name = "unspec" },
	[BPF_MAP_TYPE_HASH] = { .ops = &xb_map_hash_ops },
	[BPF_MAP_TYPE_ARRAY] = { .ops = &xb_map_array_ops },
	[BPF_MAP_TYPE_PROG_ARRAY] = { .ops = &xb_map_prog_array_ops },
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = { .ops = &xb_map_perf_event_array_ops },
	[BPF_MAP_TYPE_PERCPU_HASH] = { .ops = &xb_map_percpu_hash_ops },
	[BPF_MAP_TYPE_PERCPU_ARRAY] = { .ops = &xb_map_percpu_array_ops },
	[BPF_MAP_TYPE_STACK_TRACE] = { .ops = &xb_map_stack_trace_ops },
	[BPF_MAP_TYPE_CGROUP_ARRAY] = { .ops = &xb_map_cgroup_array_ops },
	[BPF_MAP_TYPE_LRU_HASH] = { .ops = &xb_map_lru_hash_ops },
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = { .ops = &xb_map_lru_percpu_hash_ops },
	[BPF_MAP_TYPE_LPM_TRIE] = { .ops = &xb_map_lpm_trie_ops },
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = { .ops = &xb_map_array_of_maps_ops },
	[BPF_MAP_TYPE_HASH_OF_MAPS] = { .ops = &xb_map_hash_of_maps_ops },
	[BPF_MAP_TYPE_DEVMAP] = { .ops = &xb_map_devmap_ops },
	[BPF_MAP_TYPE_SOCKMAP] = { .ops = &xb_map_sockmap_ops },
	[BPF_MAP_TYPE_CPUMAP] = { .ops = &xb_map_cpumap_ops },
	[BPF_MAP_TYPE_XSKMAP] = { .ops = &xb_map_xskmap_ops },
	[BPF_MAP_TYPE_SOCKHASH] = { .ops = &xb_map_sockhash_ops },
	[BPF_MAP_TYPE_CGROUP_STORAGE] = { .ops = &xb_map_cgroup_storage_ops },
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = { .ops = &xb_map_reuseport_sockarray_ops },
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = { .ops = &xb_map_percpu_cgroup_storage_ops },
	[BPF_MAP_TYPE_QUEUE] = { .ops = &xb_map_queue_ops },
	[BPF_MAP_TYPE_STACK] = { .ops = &xb_map_stack_ops },
	[BPF_MAP_TYPE_SK_STORAGE] = { .ops = &xb_map_sk_storage_ops },
	[BPF_MAP_TYPE_DEVMAP_HASH] = { .ops = &xb_map_devmap_hash_ops },
	[BPF_MAP_TYPE_STRUCT_OPS] = { .ops = &xb_map_struct_ops_ops },
	[BPF_MAP_TYPE_RINGBUF] = { .ops = &xb_map_ringbuf_ops },
	[BPF_MAP_TYPE_INODE_STORAGE] = { .ops = &xb_map_inode_storage_ops },
	[BPF_MAP_TYPE_TASK_STORAGE] = { .ops = &xb_map_task_storage_ops },
	[BPF_MAP_TYPE_BLOOM_FILTER] = { .ops = &xb_map_bloom_filter_ops },
	[BPF_MAP_TYPE_USER_RINGBUF] = { .ops = &xb_map_user_ringbuf_ops },
	[XB_MAP_TYPE_CGRP_STORAGE] = { .ops = &xb_map_cgrp_storage_ops },
	[XB_MAP_TYPE_ARENA] = { .ops = &xb_map_arena_ops },
	[34] = { .name = "insn_array" },
};

const struct xb_map_ops *
xb_map_ops_of(u32 type)
{
	return type < XB_ARRAY_SIZE(types) ? types[type].ops : NULL;
}

const char *
xb_map_type_name(u32 type)
{
	const struct xb_map_ops *ops = xb_map_ops_of(type);

	if (ops)
		return ops->name;
	return type < XB_ARRAY_SIZE(types) ? types[type].name : NULL;
}

struct xb_region *
xb_map_region_new(struct xb_map *map, u64 bytes, bool from_fd)
{
	struct xb_err err = XB_ERR_INIT;
	char name[48];

	snprintf(name, sizeof(name), "value of map '%s'", map->name);
	return xb_mem_map(
	        map->emu->mem,
	        &(struct xb_region_opts){
	                .name = name, .bytes = bytes, .fd = map->obj.memfd, .use_fd = from_fd },
	        &err);
}

/* A flag, and where its descriptor is, that an older uapi header lacks. */
#define F_TOKEN_FD   (1u << 16)
#define TOKEN_FD_OFF (XB_MAP_CREATE_BYTES - 4)

static int
check_attr(const union bpf_attr *attr, const struct xb_map_ops *ops)
{
	bool is_struct_ops = attr->map_type == BPF_MAP_TYPE_STRUCT_OPS;
	u32 flags = attr->map_flags;

	if (attr->btf_vmlinux_value_type_id
	            ? !is_struct_ops || attr->btf_key_type_id || attr->btf_value_type_id
	            : attr->btf_key_type_id && !attr->btf_value_type_id)
		return -EINVAL;
	if (attr->map_extra && !(ops && ops->flags & XB_MAP_EXTRA))
		return -EINVAL;
	if (flags & BPF_F_RDONLY && flags & BPF_F_WRONLY)
		return -EINVAL;
	if (flags & BPF_F_NUMA_NODE && attr->numa_node && attr->numa_node != UINT32_MAX)
		return -EINVAL;
	return 0;
}

/* Letters are those of Latin-1, as in all of Linux (cf. lib/ctype.c). */
static bool
is_name_char(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '.' || (c >= 0xc0 && c != 0xd7 && c != 0xf7);
}

/*
 * False where a character is none of a name, or the NUL is missing (cf. kernel/bpf/syscall.c:
 * bpf_obj_name_cpy).
 */
static bool
copy_name(char dst[16], const char src[16])
{
	u32 i;

	memset(dst, 0, 16);
	for (i = 0; i < 16 && src[i]; i++) {
		if (!is_name_char((u8)src[i]))
			return false;
		dst[i] = src[i];
	}
	return i < 16;
}

static void
fill(struct xb_map *map, struct xb_emu *emu, const union bpf_attr *attr)
{
	map->emu = emu;
	map->ops = xb_map_ops_of(attr->map_type);
	map->type = attr->map_type;
	map->key_size = attr->key_size;
	map->value_size = attr->value_size;
	map->max_entries = attr->max_entries;
	map->flags = attr->map_flags & ~(u32)(BPF_F_RDONLY | BPF_F_WRONLY);
	map->btf_vmlinux_value_type_id = attr->btf_vmlinux_value_type_id;
	map->map_extra = attr->map_extra;
	map->map_extra_lo = (u32)attr->map_extra;
}

static int
set_btf(struct xb_map *map, const union bpf_attr *attr)
{
	struct xb_obj *obj;
	int ret;

	if (!attr->btf_key_type_id && !attr->btf_value_type_id && !attr->btf_vmlinux_value_type_id)
		return 0;
	ret = xb_obj_by_fd(map->emu, (int)attr->btf_fd, XB_OBJ_BTF, &obj);
	if (ret)
		return ret;
	map->btf = XB_CONTAINER_OF(obj, struct xb_btf, obj);
	if (attr->btf_value_type_id)
		ret = xb_map_check_btf(map, attr->btf_key_type_id, attr->btf_value_type_id);
	if (ret)
		return ret;
	map->btf_key_type_id = attr->btf_key_type_id;
	map->btf_value_type_id = attr->btf_value_type_id;
	return 0;
}

/* The address that programs know the map by. */
static int
make_handle(struct xb_map *map)
{
	struct xb_emu *emu = map->emu;
	u32 idx = emu->handle_cnt ? emu->handle_cnt : 1;

	if (idx >= emu->handle_region->bytes / XB_MAP_HANDLE_BYTES)
		return -ENOMEM;
	emu->handles[idx] = map;
	__atomic_store_n(&emu->handle_cnt, idx + 1, __ATOMIC_RELEASE);
	map->handle = emu->handle_region->gaddr + (u64)idx * XB_MAP_HANDLE_BYTES;
	return 0;
}

static void
unqueue(struct xb_map *map)
{
	struct xb_map **link = &map->emu->gc_maps;

	if (!map->gc_queued)
		return;
	while (*link != map)
		link = &(*link)->gc_next;
	*link = map->gc_next;
}

static void
map_free(struct xb_map *map)
{
	unqueue(map);
	xb_timer_forget_map(map);
	if (map->handle)
		map->emu->handles[(map->handle - map->emu->handle_region->gaddr) /
		                  XB_MAP_HANDLE_BYTES] = NULL;
	map->ops->free(map);
	free(map);
}

struct xb_map *
xb_map_of_obj(struct xb_obj *obj)
{
	return XB_CONTAINER_OF(obj, struct xb_map, obj);
}

static void
map_obj_free(struct xb_obj *obj)
{
	map_free(xb_map_of_obj(obj));
}

/*
 * Everything of a map but its object. NULL with *ret. Name and BTF are for alloc to know, but what
 * is wrong with them counts only after it.
 */
static struct xb_map *
map_new(struct xb_emu *emu, const union bpf_attr *attr, int *ret)
{
	struct xb_map *map = calloc(1, sizeof(*map));
	int late;

	*ret = map ? 0 : -ENOMEM;
	if (!map)
		return NULL;
	fill(map, emu, attr);
	late = copy_name(map->name, attr->map_name) ? 0 : -EINVAL;
	if (map->ops->flags & XB_MAP_OF_MAPS)
		*ret = xb_map_inner_get(emu, attr->inner_map_fd, &map->inner);
	if (!late)
		late = set_btf(map, attr);
	if (!*ret)
		*ret = map->ops->alloc(map);
	if (!*ret && late) {
		map->ops->free(map);
		*ret = late;
	}
	if (*ret) {
		free(map);
		return NULL;
	}
	return map;
}

int
xb_map_add(struct xb_map *map)
{
	struct xb_emu *emu = map->emu;
	int ret;

	xb_map_share(map, emu->concurrent);
	ret = make_handle(map);
	if (!ret)
		ret = xb_obj_add(emu, &map->obj, XB_OBJ_MAP, map->name, map_obj_free);
	if (ret)
		goto free_map;
	ret = map->ops->publish ? map->ops->publish(map) : 0;
	if (!ret)
		return 0;
	xb_obj_remove(emu, &map->obj);

free_map:
	map_free(map);
	return ret;
}

/* No descriptor is one of a token (cf. kernel/bpf/token.c: bpf_token_get_from_fd). */
static int
check_token(const union bpf_attr *attr)
{
	int fd = (int)xb_ld32((const u8 *)attr + TOKEN_FD_OFF);

	return fcntl(fd, F_GETFD) < 0 ? -EBADF : -EINVAL;
}

int
xb_map_create(struct xb_emu *emu, const union bpf_attr *user, u32 bytes)
{
	const struct xb_map_ops *ops;
	union bpf_attr attr;
	struct xb_map *map;
	bool has_token;
	int ret;

	memset(&attr, 0, sizeof(attr));
	memcpy(&attr, user, bytes < sizeof(attr) ? bytes : sizeof(attr));
	has_token = attr.map_flags & F_TOKEN_FD;
	attr.map_flags &= ~F_TOKEN_FD;
	ops = xb_map_ops_of(attr.map_type);
	ret = check_attr(&attr, ops);
	if (ret)
		return ret;
	if (!ops || attr.map_ifindex)
		return -EINVAL;
	ret = ops->check(&attr);
	if (!ret && has_token)
		ret = check_token(&attr);
	if (ret)
		return ret;
	map = map_new(emu, &attr, &ret);
	if (!map)
		return ret;
	ret = xb_map_add(map);
	if (ret)
		return ret;
	ret = xb_obj_fd_flags(&map->obj, attr.map_flags);
	if (ret < 0) {
		xb_obj_remove(emu, &map->obj);
		map_free(map);
	}
	return ret;
}

void *
xb_map_table_new(u64 cnt, u64 entry_bytes)
{
	u64 bytes = cnt * entry_bytes;
	void *table;

	if (bytes < LARGE_TABLE)
		return calloc(cnt, entry_bytes);
	table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return table == MAP_FAILED ? NULL : table;
}

void
xb_map_table_free(void *table, u64 cnt, u64 entry_bytes)
{
	u64 bytes = cnt * entry_bytes;

	if (bytes < LARGE_TABLE)
		free(table);
	else if (table)
		munmap(table, bytes);
}

u64
xb_map_lookup_locked(struct xb_map *map, const void *key, u32 cpu)
{
	u64 value;

	xb_lock_take(map->lookup_lock);
	value = map->ops->lookup(map, key, cpu);
	xb_lock_give(map->lookup_lock);
	return value;
}

u64
xb_map_no_lookup(struct xb_map *map, const void *key, u32 cpu)
{
	(void)map;
	(void)key;
	(void)cpu;
	return 0;
}

int
xb_map_no_update(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	(void)cpu;
	return -EINVAL;
}

int
xb_map_no_remove(struct xb_map *map, const void *key)
{
	(void)map;
	(void)key;
	return -EINVAL;
}

void
xb_map_gc_later(struct xb_map *map)
{
	struct xb_lock *lock = xb_emu_lock(map->emu, &map->emu->gc_lock);

	if (map->gc_queued)
		return;
	map->gc_queued = true;
	xb_lock_take(lock);
	map->emu->untidy = true;
	map->gc_next = map->emu->gc_maps;
	map->emu->gc_maps = map;
	xb_lock_give(lock);
}

void
xb_map_on_run_end(struct xb_map *map)
{
	map->run_end_next = map->emu->run_end_maps;
	map->emu->run_end_maps = map;
}

void
xb_map_gc_all(struct xb_emu *emu)
{
	struct xb_map *map = emu->gc_maps, *next;

	for (emu->gc_maps = NULL; map; map = next) {
		next = map->gc_next;
		map->gc_next = NULL;
		map->gc_queued = false;
		map->gc(map);
	}
}

void
xb_map_share(struct xb_map *map, bool on)
{
	bool of_socks =
	        map->ops->flags & XB_MAP_OF_SOCKS || map->type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY;
	struct xb_lock *lock = of_socks ? &map->emu->sock_maps_lock : &map->own_lock;
	u32 flags = on ? map->ops->flags : 0;

	map->lock = flags & XB_MAP_LOCKED ? lock : NULL;
	map->lookup_lock = flags & XB_MAP_FREE_LOOKUP ? NULL : map->lock;
}

long
xb_map_for_each(struct xb_map *map, u32 cpu, xb_map_each_fn fn, void *arg)
{
	return map->ops->for_each ? map->ops->for_each(map, cpu, fn, arg) : -EINVAL;
}
