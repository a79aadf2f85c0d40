/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_struct_ops.c - STRUCT_OPS, as data (cf. kernel/bpf/bpf_struct_ops.c).
 *
 * One value, which an update registers and a deletion takes back: after the first update it stays
 * as it is. A value begins with a reference count and a state. Nothing calls what it names.
 *
 * Differs: the type of the value (btf_vmlinux_value_type_id) may be any, and descriptors of
 * programs inside are taken as they are.
 */
#include "emu/map_priv.h"

#include <fcntl.h>
#include <stdlib.h>

/* Flags that an older uapi header lacks. */
#define F_LINK             (1u << 13)
#define F_VTYPE_BTF_OBJ_FD (1u << 15)
#define VTYPE_FD_OFF       (XB_MAP_CREATE_BYTES - 8) /* value_type_btf_obj_fd */

/* What a value begins with: struct bpf_struct_ops_common_value. */
#define REFCNT_OFF   0u
#define STATE_OFF    4u
#define COMMON_BYTES 8u

/* enum bpf_struct_ops_state */
enum { STATE_INIT, STATE_INUSE, STATE_TOBEFREE, STATE_READY };

struct ops_value {
	u32 state;
	u8 data[];
};

static int
bpf_struct_ops_map_alloc_check(const union bpf_attr *attr)
{
	if (attr->key_size != 4 || attr->max_entries != 1 ||
	    attr->map_flags & ~(F_LINK | F_VTYPE_BTF_OBJ_FD) || !attr->btf_vmlinux_value_type_id)
		return -EINVAL;
	/* No descriptor is one of a module's types. */
	if (attr->map_flags & F_VTYPE_BTF_OBJ_FD)
		return fcntl((int)xb_ld32((const u8 *)attr + VTYPE_FD_OFF), F_GETFD) < 0 ? -EBADF
		                                                                         : -EINVAL;
	return 0;
}

static int
bpf_struct_ops_map_alloc(struct xb_map *map)
{
	if (map->value_size < COMMON_BYTES || map->value_size > XB_KMALLOC_MAX)
		return -EINVAL;
	map->priv = calloc(1, sizeof(struct ops_value) + map->value_size);
	return map->priv ? 0 : -ENOMEM;
}

static void
bpf_struct_ops_map_free(struct xb_map *map)
{
	free(map->priv);
}

static int
bpf_struct_ops_map_sys_lookup_elem(struct xb_map *map, const void *key, void *value)
{
	const struct ops_value *v = map->priv;

	if (xb_ld32(key))
		return -ENOENT;
	memset(value, 0, map->value_size);
	if (v->state == STATE_INIT)
		return 0;
	memcpy(value, v->data, map->value_size);
	xb_st32((u8 *)value + STATE_OFF, v->state);
	xb_st32((u8 *)value + REFCNT_OFF, v->state == STATE_INUSE);
	return 0;
}

static int
bpf_struct_ops_map_update_elem(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct ops_value *v = map->priv;

	if (flags)
		return -EINVAL;
	if (xb_ld32(key))
		return -E2BIG;
	if (xb_ld32((const u8 *)value + STATE_OFF) || xb_ld32((const u8 *)value + REFCNT_OFF))
		return -EINVAL;
	if (v->state != STATE_INIT)
		return -EBUSY;
	memcpy(v->data, value, map->value_size);
	v->state = map->flags & F_LINK ? STATE_READY : STATE_INUSE;
	return 0;
}

static int
bpf_struct_ops_map_delete_elem(struct xb_map *map, const void *key)
{
	struct ops_value *v = map->priv;

	(void)key;
	if (map->flags & F_LINK)
		return -EOPNOTSUPP;
	switch (v->state) {
	case STATE_INUSE:
		v->state = STATE_TOBEFREE;
		return 0;
	case STATE_TOBEFREE:
		return -EINPROGRESS;
	default:
		return -ENOENT;
	}
}

static int
bpf_struct_ops_map_get_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	if (key && !xb_ld32(key))
		return -ENOENT;
	xb_st32(next, 0);
	return 0;
}

const struct xb_map_ops xb_map_struct_ops_ops = {
	.name = "struct_ops",
	.source = "kernel/bpf/bpf_struct_ops.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = bpf_struct_ops_map_alloc_check,
	.alloc = bpf_struct_ops_map_alloc,
	.free = bpf_struct_ops_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = bpf_struct_ops_map_update_elem,
	.read_sys = bpf_struct_ops_map_sys_lookup_elem,
	.remove = bpf_struct_ops_map_delete_elem,
	.next_key = bpf_struct_ops_map_get_next_key,
};
