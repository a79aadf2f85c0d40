/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_fd.c - PROG_ARRAY, ARRAY_OF_MAPS and HASH_OF_MAPS: bpf(2) puts a descriptor in and gets an id
 * (cf. kernel/bpf/arraymap.c: fd_array_map_*; kernel/bpf/hashtab.c: htab_of_maps_map_ops;
 * kernel/bpf/map_in_map.c).
 *
 * The arrays are host pointers. The values of HASH_OF_MAPS are the handles of the inner maps, 8
 * bytes that no program can address.
 */
#include "emu/map_htab.h"
#include "emu/vcpu.h"

static int
fd_array_alloc(struct xb_map *map)
{
	map->priv = xb_map_table_new(map->max_entries, sizeof(struct xb_obj *));
	return map->priv ? 0 : -ENOMEM;
}

static void
fd_array_map_free(struct xb_map *map)
{
	xb_map_table_free(map->priv, map->max_entries, sizeof(struct xb_obj *));
}

static struct xb_obj *
obj_at(const struct xb_map *map, u64 idx)
{
	struct xb_obj *const *objs = map->priv;

	return idx < map->max_entries ? __atomic_load_n(&objs[idx], __ATOMIC_ACQUIRE) : NULL;
}

/* What a descriptor stands for, if the map takes it. */
static int
prog_fd_array_get_ptr(struct xb_map *map, u32 fd, struct xb_obj **obj)
{
	const struct xb_bpf_prog *prog;
	int ret = xb_obj_by_fd(map->emu, (int)fd, XB_OBJ_PROG, obj);

	if (ret)
		return ret;
	prog = XB_CONTAINER_OF(*obj, struct xb_bpf_prog, obj);
	if (prog->type == BPF_PROG_TYPE_EXT || !xb_map_prog_compatible(map, prog))
		return -EINVAL;
	return prog->freplace ? -EBUSY : 0;
}

/* Types that cannot be inside others (cf. bpf_map_ops.map_meta_equal of each type). */
static bool
may_be_inner(const struct xb_map *map)
{
	return map->type != BPF_MAP_TYPE_PROG_ARRAY && map->type != BPF_MAP_TYPE_STRUCT_OPS &&
	       !xb_map_is_cgroup_storage(map);
}

/* cf. bpf_map_meta_equal, array_map_meta_equal, xsk_map_meta_equal */
static bool
meta_equal(const struct xb_map *meta, const struct xb_map *map)
{
	if (meta->type != map->type || meta->key_size != map->key_size ||
	    meta->value_size != map->value_size || meta->flags != map->flags ||
	    memcmp(&meta->specials, &map->specials, sizeof(map->specials)) != 0)
		return false;
	if (meta->type == BPF_MAP_TYPE_ARRAY && !(meta->flags & BPF_F_INNER_MAP))
		return meta->max_entries == map->max_entries;
	return meta->type != BPF_MAP_TYPE_XSKMAP || meta->max_entries == map->max_entries;
}

int
xb_map_inner_get(struct xb_emu *emu, u32 fd, struct xb_map **inner)
{
	struct xb_map *map;
	int ret = xb_map_by_fd(emu, fd, 0, &map);

	if (ret)
		return ret;
	if (map->inner)
		return -EINVAL;
	if (!may_be_inner(map))
		return -XB_ENOTSUPP;
	*inner = map;
	return 0;
}

static int
bpf_map_fd_get_ptr(struct xb_map *map, u32 fd, struct xb_map **inner)
{
	int ret = xb_map_by_fd(map->emu, fd, 0, inner);

	if (ret)
		return ret;
	return meta_equal(map->inner, *inner) ? 0 : -EINVAL;
}

static int
fd_array_update(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct xb_obj **objs = map->priv, *obj = NULL;
	struct xb_map *inner;
	u32 idx = xb_ld32(key);
	int ret;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (idx >= map->max_entries)
		return -E2BIG;
	if (map->inner) {
		ret = bpf_map_fd_get_ptr(map, xb_ld32(value), &inner);
		obj = ret ? NULL : &inner->obj;
	} else {
		ret = prog_fd_array_get_ptr(map, xb_ld32(value), &obj);
	}
	if (!ret)
		__atomic_store_n(&objs[idx], obj, __ATOMIC_RELEASE);
	return ret;
}

static int
fd_array_read(struct xb_map *map, const void *key, void *value)
{
	const struct xb_obj *obj = obj_at(map, xb_ld32(key));

	if (!obj)
		return -ENOENT;
	xb_st32(value, obj->id);
	return 0;
}

static int
fd_array_map_delete_elem(struct xb_map *map, const void *key)
{
	struct xb_obj **objs = map->priv;
	u32 idx = xb_ld32(key);

	if (idx >= map->max_entries)
		return -E2BIG;
	if (!objs[idx])
		return -ENOENT;
	__atomic_store_n(&objs[idx], NULL, __ATOMIC_RELEASE);
	return 0;
}

struct xb_bpf_prog *
xb_prog_array_get(struct xb_map *map, u64 index)
{
	struct xb_obj *obj = obj_at(map, index);

	return obj ? XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj) : NULL;
}

bool
xb_map_prog_compatible(struct xb_map *map, const struct xb_bpf_prog *prog)
{
	struct xb_lock *lock = xb_emu_lock(map->emu, &map->emu->objs_lock);
	bool is_array = map->type == BPF_MAP_TYPE_PROG_ARRAY;
	struct xb_map_owner *own = &map->owner, asks = {
		.set = true,
		.has_frags = prog->flags & BPF_F_XDP_HAS_FRAGS,
		.type = xb_bpf_prog_type(prog),
		.attach_type = is_array ? prog->expected_attach_type : 0,
	};

	if (!is_array && map->type != BPF_MAP_TYPE_DEVMAP &&
	    map->type != BPF_MAP_TYPE_DEVMAP_HASH && map->type != BPF_MAP_TYPE_CPUMAP)
		return true;
	xb_lock_take(lock);
	if (!own->set)
		*own = asks;
	xb_lock_give(lock);
	return own->type == asks.type && own->has_frags == asks.has_frags &&
	       own->attach_type == asks.attach_type;
}

static u64
array_of_map_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	struct xb_obj *obj = obj_at(map, xb_ld32(key));

	(void)cpu;
	return obj ? xb_map_of_obj(obj)->handle : 0;
}

static int
fd_htab_map_alloc_check(const union bpf_attr *attr)
{
	return attr->value_size != 4 ? -EINVAL : xb_htab_check(attr);
}

static int
htab_of_map_alloc(struct xb_map *map)
{
	return xb_htab_map_alloc(
	        map, &(struct xb_map_pool_opts){ .value_bytes = 8, .copies = 1, .opaque = true });
}

static u64 *
handle_at(const struct xb_htab *h, u32 ref)
{
	return xb_map_pool_value_host(&h->pool, ref, 0);
}

static u64
htab_of_map_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct xb_htab *h = map->priv;
	u32 ref = xb_htab_find(h, key, xb_htab_hash(h, key));

	(void)cpu;
	return ref ? __atomic_load_n(handle_at(h, ref), __ATOMIC_ACQUIRE) : 0;
}

static int
bpf_fd_htab_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct xb_htab *h = map->priv;
	u32 hash = xb_htab_hash(h, key), old = xb_htab_find(h, key, hash), ref;
	struct xb_map *inner;
	int ret = bpf_map_fd_get_ptr(map, xb_ld32(value), &inner);

	if (ret)
		return ret;
	if (flags > BPF_EXIST)
		return -EINVAL;
	ret = xb_htab_check_flags(old, flags);
	if (ret)
		return ret;
	if (!old && h->count >= map->max_entries)
		return -E2BIG;
	ref = old ? old : xb_htab_new(h, key, hash);
	if (!ref)
		return -ENOMEM;
	__atomic_store_n(handle_at(h, ref), inner->handle, __ATOMIC_RELEASE);
	if (!old)
		xb_htab_insert(h, ref);
	return 0;
}

static int
bpf_fd_htab_map_lookup_elem(struct xb_map *map, const void *key, void *value)
{
	u64 handle = htab_of_map_lookup_elem(map, key, 0);

	if (!handle)
		return -ENOENT;
	xb_st32(value, xb_map_by_handle(map->emu, handle)->obj.id);
	return 0;
}

const struct xb_map_ops xb_map_prog_array_ops = {
	.name = "prog_array",
	.source = "kernel/bpf/arraymap.c",
	.flags = XB_MAP_OF_FDS | XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = xb_map_fd_array_check,
	.alloc = fd_array_alloc,
	.free = fd_array_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = fd_array_update,
	.read_sys = fd_array_read,
	.remove = fd_array_map_delete_elem,
	.next_key = xb_map_array_next_key,
};

const struct xb_map_ops xb_map_array_of_maps_ops = {
	.name = "array_of_maps",
	.source = "kernel/bpf/arraymap.c",
	.flags = XB_MAP_OF_FDS | XB_MAP_OF_MAPS | XB_MAP_BATCH | XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = xb_map_fd_array_check,
	.alloc = fd_array_alloc,
	.free = fd_array_map_free,
	.lookup = array_of_map_lookup_elem,
	.update = xb_map_no_update,
	.update_sys = fd_array_update,
	.read_sys = fd_array_read,
	.remove = fd_array_map_delete_elem,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};

const struct xb_map_ops xb_map_hash_of_maps_ops = {
	.name = "hash_of_maps",
	.source = "kernel/bpf/hashtab.c",
	.flags = XB_MAP_OF_FDS | XB_MAP_OF_MAPS | XB_MAP_BATCH | XB_MAP_BATCH_DELETE |
	         XB_MAP_BUCKETS | XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = fd_htab_map_alloc_check,
	.alloc = htab_of_map_alloc,
	.free = xb_htab_map_free,
	.lookup = htab_of_map_lookup_elem,
	.update = xb_map_no_update,
	.update_sys = bpf_fd_htab_map_update_elem,
	.read_sys = bpf_fd_htab_map_lookup_elem,
	.remove = xb_htab_map_delete,
	.next_key = xb_htab_map_next_key,
	.check_btf = xb_map_no_btf,
};
