/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_btf.c - types of keys and values, as far as they decide whether a map may be made.
 */
#include "emu/btf.h"
#include "emu/helper.h"
#include "emu/map_priv.h"

#include <bpf/btf.h>

int
xb_map_no_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id)
{
	(void)map;
	(void)btf;
	(void)key_id;
	(void)value_id;
	return -XB_ENOTSUPP;
}

/* The type behind modifiers and typedefs; NULL for numbers that are no type's. */
static const struct btf_type *
resolve(const struct btf *btf, u32 id)
{
	int real = btf__resolve_type(btf, id);

	return real < 0 ? NULL : btf__type_by_id(btf, (u32)real);
}

int
xb_map_array_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id)
{
	const struct btf_type *key, *value;

	if (!key_id) {
		value = btf__type_by_id(btf, value_id);
		if (map->type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1 || !value ||
		    !btf_is_datasec(value))
			return -EINVAL;
		return 0;
	}
	key = resolve(btf, key_id);
	if (!key || !btf_is_int(key) || btf_int_bits(key) != 32 || btf_int_offset(key))
		return -EINVAL;
	return 0;
}

/* Types whose values may have one; 32 is CGRP_STORAGE. */
#define LOCK_TYPES                                                                                 \
	(XB_MAP_TYPE_BIT(BPF_MAP_TYPE_HASH) | XB_MAP_TYPE_BIT(BPF_MAP_TYPE_ARRAY) |                \
	 XB_MAP_TYPE_BIT(BPF_MAP_TYPE_CGROUP_STORAGE) | XB_MAP_TYPE_BIT(BPF_MAP_TYPE_SK_STORAGE) | \
	 XB_MAP_TYPE_BIT(BPF_MAP_TYPE_INODE_STORAGE) |                                             \
	 XB_MAP_TYPE_BIT(BPF_MAP_TYPE_TASK_STORAGE) | XB_MAP_TYPE_BIT(32))

static int
find_spin_lock(struct xb_map *map, u32 value_id)
{
	int ret = xb_btf_spin_lock_off(map->btf, value_id, map->value_size, &map->spin_lock_off);

	if (ret) /* Linux makes the map all the same: no program may lock it */
		return 0;
	map->has_spin_lock = true;
	if (map->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EACCES;
	return XB_MAP_TYPE_BIT(map->type) & LOCK_TYPES ? 0 : -EOPNOTSUPP;
}

int
xb_map_check_btf(struct xb_map *map, u32 key_id, u32 value_id)
{
	const struct btf *btf = map->btf->btf;
	int ret;

	if (key_id ? btf__resolve_size(btf, key_id) != (s64)map->key_size : !map->ops->check_btf)
		return -EINVAL;
	if (btf__resolve_size(btf, value_id) != (s64)map->value_size)
		return -EINVAL;
	ret = find_spin_lock(map, value_id);
	if (ret || !map->ops->check_btf)
		return ret;
	return map->ops->check_btf(map, btf, key_id, value_id);
}
