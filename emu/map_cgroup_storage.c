/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_cgroup_storage.c - CGROUP_STORAGE and PERCPU_CGROUP_STORAGE (cf. kernel/bpf/local_storage.c).
 *
 * One value for each cgroup that a program of the map is attached to; attaching makes it, and
 * bpf(2) changes no more than its contents. What bpf_get_local_storage() gives is the value in use,
 * which who runs the program chooses: a cgroup's, or one that no key leads to. A test run has one
 * of its own, which the other vCPUs do not see.
 *
 * A key is the cgroup's id alone, or with the attach type. Elements are in a list, the newest
 * first.
 */
#include "emu/map_pool.h"
#include "emu/map_priv.h"

#include <bpf/btf.h>
#include <stdlib.h>

#define VALUE_MOST 65407u /* BPF_LOCAL_STORAGE_MAX_VALUE_SIZE */

struct storage {
	u64 cgroup;
	u32 attach_type;
	u32 next; /* reference, 0: none */
};

struct storages {
	struct xb_map_pool pool;
	u32 first;
	u32 used;   /* the one in use; 0: none */
	bool alone; /* it is not in the list */
	u32 *own;   /* by vCPU: that of the test run there; 0: none */
};

static bool
attach_type_isolated(const struct xb_map *map)
{
	return map->key_size == sizeof(struct bpf_cgroup_storage_key);
}

static int
cgroup_storage_map_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_NUMA_NODE | XB_MAP_ACCESS_FLAGS;
	bool percpu = attr->map_type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;

	if (attr->key_size != sizeof(struct bpf_cgroup_storage_key) &&
	    attr->key_size != sizeof(u64))
		return -EINVAL;
	if (!attr->value_size)
		return -EINVAL;
	if (attr->value_size > (percpu ? XB_PCPU_UNIT_MIN : VALUE_MOST))
		return -E2BIG;
	if (attr->map_flags & ~allowed || !xb_map_access_ok(attr->map_flags) || attr->max_entries)
		return -EINVAL;
	return 0;
}

static void
cgroup_storage_gc(struct xb_map *map)
{
	struct storages *s = map->priv;

	xb_map_pool_gc(&s->pool);
}

static int
cgroup_storage_map_alloc(struct xb_map *map)
{
	const struct xb_map_pool_opts opts = {
		.val_off = sizeof(struct storage),
		.value_bytes = map->value_size,
		.copies = xb_map_copy_cnt(map),
	};
	struct storages *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->own = calloc(map->emu->cpu_cnt, sizeof(*s->own));
	if (!s->own) {
		free(s);
		return -ENOMEM;
	}
	xb_map_pool_init(&s->pool, map, &opts);
	map->priv = s;
	map->gc = cgroup_storage_gc;
	return 0;
}

static void
cgroup_storage_map_free(struct xb_map *map)
{
	struct storages *s = map->priv;

	xb_map_pool_fini(&s->pool);
	free(s->own);
	free(s);
}

static struct storage *
storage_at(const struct storages *s, u32 ref)
{
	return xb_map_pool_host(&s->pool, ref);
}

/* The reference of the element with that key, or 0. */
static u32
find(const struct xb_map *map, u64 cgroup, u32 attach_type)
{
	const struct storages *s = map->priv;
	const struct storage *e;
	u32 ref;

	for (ref = s->first; ref; ref = e->next) {
		e = storage_at(s, ref);
		if (e->cgroup == cgroup &&
		    (!attach_type_isolated(map) || e->attach_type == attach_type))
			break;
	}
	return ref;
}

static u32
cgroup_storage_lookup(const struct xb_map *map, const void *key)
{
	return find(map, xb_ld64(key),
	            attach_type_isolated(map) ? xb_ld32((const u8 *)key + 8) : 0);
}

/* A new element of zeroes, not in the list. */
static u32
new_storage(struct storages *s, u64 cgroup, u32 attach_type)
{
	u32 ref = xb_map_pool_get(&s->pool);

	if (ref)
		*storage_at(s, ref) =
		        (struct storage){ .cgroup = cgroup, .attach_type = attach_type };
	return ref;
}

static void
use(struct storages *s, u32 ref, bool alone)
{
	if (s->alone)
		xb_map_pool_retire(&s->pool, s->used);
	s->used = ref;
	s->alone = alone;
}

bool
xb_map_is_cgroup_storage(const struct xb_map *map)
{
	return map->type == BPF_MAP_TYPE_CGROUP_STORAGE ||
	       map->type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

static int
use_key(struct xb_map *map, u64 cgroup, u32 attach_type)
{
	struct storages *s = map->priv;
	u32 ref = find(map, cgroup, attach_type);

	if (!ref) {
		ref = new_storage(s, cgroup, attach_type);
		if (!ref)
			return -ENOMEM;
		storage_at(s, ref)->next = s->first;
		s->first = ref;
	}
	use(s, ref, false);
	return 0;
}

static int
use_new(struct xb_map *map)
{
	struct storages *s = map->priv;
	u32 ref = new_storage(s, 0, 0);

	if (!ref)
		return -ENOMEM;
	use(s, ref, true);
	return 0;
}

int
xb_cgroup_storage_use(struct xb_map *map, u64 cgroup, u32 attach_type)
{
	int ret;

	if (!xb_map_is_cgroup_storage(map))
		return -EINVAL;
	xb_lock_take(map->lock);
	ret = use_key(map, cgroup, attach_type);
	xb_lock_give(map->lock);
	return ret;
}

int
xb_cgroup_storage_begin(struct xb_map *map, u32 vcpu)
{
	struct storages *s = map->priv;
	int ret;

	xb_lock_take(map->lock);
	s->own[vcpu] = new_storage(s, 0, 0);
	ret = s->own[vcpu] ? 0 : -ENOMEM;
	xb_lock_give(map->lock);
	return ret;
}

void
xb_cgroup_storage_end(struct xb_map *map, u32 vcpu)
{
	struct storages *s = map->priv;

	xb_lock_take(map->lock);
	if (s->own[vcpu])
		xb_map_pool_retire(&s->pool, s->own[vcpu]);
	s->own[vcpu] = 0;
	xb_lock_give(map->lock);
}

u64
xb_cgroup_storage_value(struct xb_map *map, u32 cpu)
{
	const struct storages *s = map->priv;
	u64 value = 0;

	xb_lock_take(map->lock);
	if (s->own[cpu])
		value = xb_map_pool_value(&s->pool, s->own[cpu], cpu);
	else if (s->used || !use_new(map))
		value = xb_map_pool_value(&s->pool, s->used, cpu);
	xb_lock_give(map->lock);
	return value;
}

/* For bpf(2) alone: programs have bpf_get_local_storage(). */
static u64
cgroup_storage_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct storages *s = map->priv;
	u32 ref = cgroup_storage_lookup(map, key);

	return ref ? xb_map_pool_value(&s->pool, ref, cpu) : 0;
}

static int
cgroup_storage_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags,
                           u32 cpu)
{
	const struct storages *s = map->priv;
	u32 ref;

	if (flags & ~(u64)(BPF_F_LOCK | BPF_EXIST))
		return -EINVAL;
	ref = cgroup_storage_lookup(map, key);
	if (!ref)
		return -ENOENT;
	xb_map_value_copy(map, xb_map_pool_value_host(&s->pool, ref, cpu), value);
	return 0;
}

static void
read_key(const struct xb_map *map, const struct storage *e, u8 *key)
{
	xb_st64(key, e->cgroup);
	if (!attach_type_isolated(map))
		return;
	xb_st32(key + 8, e->attach_type);
	xb_st32(key + 12, 0);
}

static int
cgroup_storage_get_next_key(struct xb_map *map, const void *key, void *next)
{
	const struct storages *s = map->priv;
	u32 ref = s->first;

	if (key) {
		ref = cgroup_storage_lookup(map, key);
		if (ref)
			ref = storage_at(s, ref)->next;
	}
	if (!ref)
		return -ENOENT;
	read_key(map, storage_at(s, ref), next);
	return 0;
}

/* Whether member `i` is an integer of `bits` bits at `off` bits (cf. btf_member_is_reg_int). */
static bool
is_reg_int(const struct btf *btf, const struct btf_type *t, u32 i, u32 off, u32 bits)
{
	const struct btf_type *m;
	int id = btf__resolve_type(btf, btf_members(t)[i].type);

	m = id < 0 ? NULL : btf__type_by_id(btf, (u32)id);
	return m && btf_is_int(m) && btf_int_bits(m) == bits && !btf_int_offset(m) &&
	       btf_member_bit_offset(t, i) == off &&
	       (!btf_member_bitfield_size(t, i) || btf_member_bitfield_size(t, i) == bits);
}

static int
cgroup_storage_check_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id)
{
	int id = btf__resolve_type(btf, key_id);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (u32)id);

	(void)value_id;
	if (!key_id || !t)
		return -EINVAL;
	if (attach_type_isolated(map))
		return btf_is_struct(t) && btf_vlen(t) == 2 && is_reg_int(btf, t, 0, 0, 64) &&
		                       is_reg_int(btf, t, 1, 64, 32)
		               ? 0
		               : -EINVAL;
	return btf_is_int(t) && btf_int_bits(t) == 64 && !btf_int_offset(t) ? 0 : -EINVAL;
}

const struct xb_map_ops xb_map_cgroup_storage_ops = {
	.name = "cgroup_storage",
	.source = "kernel/bpf/local_storage.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = cgroup_storage_map_check,
	.alloc = cgroup_storage_map_alloc,
	.free = cgroup_storage_map_free,
	.lookup = cgroup_storage_lookup_elem,
	.update = cgroup_storage_update_elem,
	.remove = xb_map_no_remove,
	.next_key = cgroup_storage_get_next_key,
	.check_btf = cgroup_storage_check_btf,
};

const struct xb_map_ops xb_map_percpu_cgroup_storage_ops = {
	.name = "percpu_cgroup_storage",
	.source = "kernel/bpf/local_storage.c",
	.flags = XB_MAP_PERCPU | XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = cgroup_storage_map_check,
	.alloc = cgroup_storage_map_alloc,
	.free = cgroup_storage_map_free,
	.lookup = cgroup_storage_lookup_elem,
	.update = cgroup_storage_update_elem,
	.remove = xb_map_no_remove,
	.next_key = cgroup_storage_get_next_key,
	.check_btf = cgroup_storage_check_btf,
};
