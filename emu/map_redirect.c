/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_redirect.c - DEVMAP, DEVMAP_HASH, CPUMAP and XSKMAP: where packets are sent on to (cf.
 * kernel/bpf/devmap.c, kernel/bpf/cpumap.c, net/xdp/xskmap.c).
 *
 * DEVMAP_HASH uses the key as its hash, as the kernel does: iteration and broadcast have its order.
 * An entry is an element with a value that programs may look at, and, behind it, the target as the
 * emulator knows it. The arrays keep the references of their elements.
 *
 * Differs: every positive number is an interface; every CPU that Linux can be built for may be put
 * into a CPUMAP, however few take part in the run.
 */
#include "emu/map_htab.h"
#include "emu/world.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>

#define CPUS_MOST  8192u  /* NR_CPUS as distributions build it */
#define QSIZE_MOST 16384u /* cf. cpu_map_update_elem */

/* DEVMAP, CPUMAP and XSKMAP. */
struct slots {
	struct xb_map_pool pool;
	u32 *refs; /* 0: empty */
};

/* Whether there is such an interface (cf. dev_get_by_index). */
static bool
ifindex_exists(const struct xb_emu *emu, u32 ifindex)
{
	return xb_world_has_ifindex(emu->world, ifindex);
}

static const struct xb_map_pool_opts *
entry_opts(const struct xb_map *map, struct xb_map_pool_opts *opts)
{
	*opts = (struct xb_map_pool_opts){ .value_bytes = map->value_size,
		                           .copies = 1,
		                           .read_only = true,
		                           .tail_bytes = sizeof(struct xb_map_target) };
	return opts;
}

static void
slots_gc(struct xb_map *map)
{
	struct slots *s = map->priv;

	xb_map_pool_gc(&s->pool);
}

static int
slots_alloc(struct xb_map *map)
{
	struct slots *s = calloc(1, sizeof(*s));
	struct xb_map_pool_opts opts;

	if (!s)
		return -ENOMEM;
	s->refs = xb_map_table_new(map->max_entries, sizeof(*s->refs));
	if (!s->refs) {
		free(s);
		return -ENOMEM;
	}
	entry_opts(map, &opts);
	opts.val_off = 16; /* the link of freed elements, and a red zone */
	map->priv = s;
	map->gc = slots_gc;
	if (map->type == BPF_MAP_TYPE_DEVMAP)
		map->flags |= BPF_F_RDONLY_PROG;
	xb_map_pool_init(&s->pool, map, &opts);
	return 0;
}

static void
slots_free(struct xb_map *map)
{
	struct slots *s = map->priv;

	xb_map_pool_fini(&s->pool);
	xb_map_table_free(s->refs, map->max_entries, sizeof(*s->refs));
	free(s);
}

static u64
slots_lookup(struct xb_map *map, const void *key, u32 cpu)
{
	const struct slots *s = map->priv;
	u32 idx = xb_ld32(key), ref;

	(void)cpu;
	ref = idx < map->max_entries ? xb_htab_link(&s->refs[idx]) : 0;
	return ref ? xb_map_pool_value(&s->pool, ref, 0) : 0;
}

/* Puts a new element with this target into a slot. NULL target: empties it. */
static int
slots_set(struct xb_map *map, u32 idx, const void *value, const struct xb_map_target *target)
{
	struct slots *s = map->priv;
	u32 old = s->refs[idx], ref = 0;

	if (target) {
		ref = xb_map_pool_get(&s->pool);
		if (!ref)
			return -ENOMEM;
		memcpy(xb_map_pool_value_host(&s->pool, ref, 0), value, map->value_size);
		memcpy(xb_map_pool_tail(&s->pool, ref), target, sizeof(*target));
	}
	xb_htab_set_link(&s->refs[idx], ref);
	if (old)
		xb_map_pool_retire(&s->pool, old);
	return 0;
}

static int
slots_delete(struct xb_map *map, const void *key)
{
	u32 idx = xb_ld32(key);

	return idx >= map->max_entries ? -EINVAL : slots_set(map, idx, NULL, NULL);
}

/* The XDP program that a value names by descriptor, for a map with such programs; 0 or -errno. */
static int
get_prog(struct xb_map *map, u32 fd, u32 attach_type, struct xb_bpf_prog **prog)
{
	struct xb_obj *obj;
	int ret = xb_obj_by_fd(map->emu, (int)fd, XB_OBJ_PROG, &obj);

	if (ret)
		return -EINVAL;
	*prog = XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj);
	if ((*prog)->type != BPF_PROG_TYPE_XDP || (*prog)->expected_attach_type != attach_type ||
	    !xb_map_prog_compatible(map, *prog))
		return -EINVAL;
	return 0;
}

static int
devmap_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY;

	if (!attr->max_entries || attr->key_size != 4 ||
	    (attr->value_size != 4 && attr->value_size != 8) || attr->map_flags & ~allowed)
		return -EINVAL;
	return attr->map_type == BPF_MAP_TYPE_DEVMAP_HASH && attr->max_entries > 1u << 31 ? -EINVAL
	                                                                                  : 0;
}

/* Turns {ifindex, program's descriptor} into the target, and the descriptor into an id. */
static int
dev_map_target(struct xb_map *map, struct bpf_devmap_val *val, struct xb_map_target *target)
{
	*target = (struct xb_map_target){ .index = val->ifindex };
	if (!ifindex_exists(map->emu, val->ifindex))
		return -EINVAL;
	if (val->bpf_prog.fd > 0) {
		if (get_prog(map, (u32)val->bpf_prog.fd, BPF_XDP_DEVMAP, &target->prog))
			return -EINVAL;
	}
	val->bpf_prog.id = target->prog ? target->prog->obj.id : 0;
	return 0;
}

static int
dev_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct bpf_devmap_val val = { 0 };
	struct xb_map_target target;
	u32 idx = xb_ld32(key);
	int ret;

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (idx >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	memcpy(&val, value, map->value_size);
	if (!val.ifindex)
		return val.bpf_prog.fd > 0 ? -EINVAL : slots_set(map, idx, NULL, NULL);
	ret = dev_map_target(map, &val, &target);
	return ret ? ret : slots_set(map, idx, &val, &target);
}

static int
dev_map_hash_alloc(struct xb_map *map)
{
	struct xb_map_pool_opts opts;

	if (xb_htab_map_alloc(map, entry_opts(map, &opts)))
		return -ENOMEM;
	map->flags |= BPF_F_RDONLY_PROG;
	return 0;
}

static u32
find(const struct xb_htab *h, u32 key)
{
	return xb_htab_find4(h, key, key);
}

static u64
dev_map_hash_lookup_elem(struct xb_map *map, const void *key, u32 cpu)
{
	const struct xb_htab *h = map->priv;
	u32 ref = find(h, xb_ld32(key));

	(void)cpu;
	return ref ? xb_map_pool_value(&h->pool, ref, 0) : 0;
}

static int
dev_map_hash_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct xb_htab *h = map->priv;
	u32 hash = xb_ld32(key), old = find(h, hash), ref;
	struct bpf_devmap_val val = { 0 };
	struct xb_map_target target;
	int ret;

	memcpy(&val, value, map->value_size);
	if (flags > BPF_EXIST || !val.ifindex)
		return -EINVAL;
	if (old && flags & BPF_NOEXIST)
		return -EEXIST;
	ret = dev_map_target(map, &val, &target);
	if (ret)
		return ret;
	if (!old && h->count >= map->max_entries)
		return -E2BIG;
	ref = xb_htab_new(h, key, hash);
	if (!ref)
		return -ENOMEM;
	memcpy(xb_map_pool_value_host(&h->pool, ref, 0), &val, map->value_size);
	memcpy(xb_map_pool_tail(&h->pool, ref), &target, sizeof(target));
	xb_htab_insert(h, ref);
	if (old)
		xb_htab_remove(h, old);
	return 0;
}

static int
dev_map_hash_delete_elem(struct xb_map *map, const void *key)
{
	struct xb_htab *h = map->priv;
	u32 ref = find(h, xb_ld32(key));

	if (!ref)
		return -ENOENT;
	xb_htab_remove(h, ref);
	return 0;
}

static int
dev_map_hash_get_next_key(struct xb_map *map, const void *key, void *next)
{
	const struct xb_htab *h = map->priv;

	return xb_htab_next_key(h, key ? find(h, xb_ld32(key)) : 0, next);
}

static int
cpu_map_check(const union bpf_attr *attr)
{
	if (!attr->max_entries || attr->key_size != 4 ||
	    (attr->value_size != 4 && attr->value_size != 8) ||
	    attr->map_flags & ~(u32)BPF_F_NUMA_NODE)
		return -EINVAL;
	return attr->max_entries > CPUS_MOST ? -E2BIG : 0;
}

static int
cpu_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct bpf_cpumap_val val = { 0 };
	struct xb_map_target target = { .index = xb_ld32(key) };

	memcpy(&val, value, map->value_size);
	if (flags > BPF_EXIST)
		return -EINVAL;
	if (target.index >= map->max_entries)
		return -E2BIG;
	if (flags == BPF_NOEXIST)
		return -EEXIST;
	if (val.qsize > QSIZE_MOST)
		return -EOVERFLOW;
	if (!val.qsize)
		return slots_set(map, target.index, NULL, NULL);
	/* Whatever is wrong with the program, the kernel says there is no memory. */
	if (val.bpf_prog.fd > 0 &&
	    get_prog(map, (u32)val.bpf_prog.fd, BPF_XDP_CPUMAP, &target.prog))
		return -ENOMEM;
	target.qsize = val.qsize;
	val.bpf_prog.id = target.prog ? target.prog->obj.id : 0;
	return slots_set(map, target.index, &val, &target);
}

static int
xsk_map_check(const union bpf_attr *attr)
{
	const u32 allowed = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY;

	return !attr->max_entries || attr->key_size != 4 || attr->value_size != 4 ||
	                       attr->map_flags & ~allowed
	               ? -EINVAL
	               : 0;
}

/*
 * Sockets are the emulator's (xb_xskmap_set): no descriptor is one of them, but errors are Linux's
 * (cf. sockfd_lookup).
 */
static int
xsk_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	int fd = (int)xb_ld32(value), domain;
	socklen_t bytes = sizeof(domain);

	if (flags > BPF_EXIST)
		return -EINVAL;
	if (xb_ld32(key) >= map->max_entries)
		return -E2BIG;
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) ? -errno : -EOPNOTSUPP;
}

static int
xsk_map_lookup_elem_sys_only(struct xb_map *map, const void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return -EOPNOTSUPP;
}

int
xb_xskmap_set(struct xb_map *map, u32 key, u32 socket)
{
	/* A program that looks a socket up sees its queue, which is the slot's by convention. */
	u32 queue_id = key;

	if (map->type != BPF_MAP_TYPE_XSKMAP)
		return -EINVAL;
	if (key >= map->max_entries)
		return -E2BIG;
	return slots_set(map, key, &queue_id, &(struct xb_map_target){ .index = socket });
}

const struct xb_map_target *
xb_map_target(struct xb_map *map, u64 key)
{
	const struct slots *s = map->priv;
	const struct xb_htab *h = map->priv;
	u32 idx = (u32)key, ref;

	switch (map->type) {
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
		ref = idx < map->max_entries ? xb_htab_link(&s->refs[idx]) : 0;
		return ref ? xb_map_pool_tail(&s->pool, ref) : NULL;
	case BPF_MAP_TYPE_DEVMAP_HASH:
		ref = find(h, idx);
		return ref ? xb_map_pool_tail(&h->pool, ref) : NULL;
	default:
		return NULL;
	}
}

const struct xb_map_ops xb_map_devmap_ops = {
	.name = "devmap",
	.source = "kernel/bpf/devmap.c",
	.flags = XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = devmap_check,
	.alloc = slots_alloc,
	.free = slots_free,
	.lookup = slots_lookup,
	.update = xb_map_no_update,
	.update_sys = dev_map_update_elem,
	.remove = slots_delete,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};

const struct xb_map_ops xb_map_devmap_hash_ops = {
	.name = "devmap_hash",
	.source = "kernel/bpf/devmap.c",
	.flags = XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = devmap_check,
	.alloc = dev_map_hash_alloc,
	.free = xb_htab_map_free,
	.lookup = dev_map_hash_lookup_elem,
	.update = xb_map_no_update,
	.update_sys = dev_map_hash_update_elem,
	.remove = dev_map_hash_delete_elem,
	.next_key = dev_map_hash_get_next_key,
	.check_btf = xb_map_no_btf,
};

const struct xb_map_ops xb_map_cpumap_ops = {
	.name = "cpumap",
	.source = "kernel/bpf/cpumap.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = cpu_map_check,
	.alloc = slots_alloc,
	.free = slots_free,
	.lookup = slots_lookup,
	.update = xb_map_no_update,
	.update_sys = cpu_map_update_elem,
	.remove = slots_delete,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};

const struct xb_map_ops xb_map_xskmap_ops = {
	.name = "xskmap",
	.source = "net/xdp/xskmap.c",
	.flags = XB_MAP_LOCKED | XB_MAP_FREE_LOOKUP,
	.check = xsk_map_check,
	.alloc = slots_alloc,
	.free = slots_free,
	.lookup = slots_lookup,
	.update = xb_map_no_update,
	.update_sys = xsk_map_update_elem,
	.read_sys = xsk_map_lookup_elem_sys_only,
	.remove = slots_delete,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};
