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

#define XB_MAP_TYPE_CGRP_STORAGE 32 /* later than some installed headers */
#define TYPE(t)                  XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)
#define STORAGE_TYPES                                                                              \
	(TYPE(SK_STORAGE) | TYPE(INODE_STORAGE) | TYPE(TASK_STORAGE) |                             \
	 XB_MAP_TYPE_BIT(XB_MAP_TYPE_CGRP_STORAGE))
#define LOCK_TYPES  (TYPE(HASH) | TYPE(ARRAY) | TYPE(CGROUP_STORAGE) | STORAGE_TYPES)
#define TIMER_TYPES (TYPE(HASH) | TYPE(LRU_HASH) | TYPE(ARRAY))
#define KPTR_TYPES                                                                                 \
	(TYPE(HASH) | TYPE(PERCPU_HASH) | TYPE(LRU_HASH) | TYPE(LRU_PERCPU_HASH) | TYPE(ARRAY) |   \
	 TYPE(PERCPU_ARRAY) | STORAGE_TYPES)

/* Map types whose values may have a field, by its kind (cf. kernel/bpf/syscall.c: map_check_btf).
 */
static const u64 types_with[XB_SPECIAL_KIND_CNT] = {
	/* clang-format off */
	[XB_SPECIAL_SPIN_LOCK]      = LOCK_TYPES,
	[XB_SPECIAL_RES_SPIN_LOCK]  = LOCK_TYPES,
	[XB_SPECIAL_TIMER]          = TIMER_TYPES,
	[XB_SPECIAL_WORKQUEUE]      = TIMER_TYPES,
	[XB_SPECIAL_TASK_WORK]      = TIMER_TYPES,
	[XB_SPECIAL_KPTR_UNTRUSTED] = KPTR_TYPES,
	[XB_SPECIAL_KPTR]           = KPTR_TYPES,
	[XB_SPECIAL_KPTR_PERCPU]    = KPTR_TYPES,
	[XB_SPECIAL_UPTR]           = TYPE(TASK_STORAGE),
	[XB_SPECIAL_LIST_HEAD]      = TIMER_TYPES,
	[XB_SPECIAL_RB_ROOT]        = TIMER_TYPES,
	[XB_SPECIAL_REFCOUNT]       = KPTR_TYPES,
	/* clang-format on */
};

static int
find_specials(struct xb_map *map, u32 value_id)
{
	struct xb_specials *sp = &map->specials;

	/* Linux makes the map all the same: no program may use the fields. */
	if (xb_btf_specials(map->emu, map->btf, value_id, map->value_size, sp) || !sp->cnt)
		return 0;
	if (map->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG))
		return -EACCES;
	for (u32 i = 0; i < sp->cnt; i++)
		if (!(types_with[sp->field[i].kind] & XB_MAP_TYPE_BIT(map->type)))
			return -EOPNOTSUPP;
	map->has_spin_lock = sp->mask & XB_SPECIAL_BIT(XB_SPECIAL_SPIN_LOCK);
	if (map->has_spin_lock)
		map->spin_lock_off = xb_specials_off(sp, XB_SPECIAL_SPIN_LOCK);
	return 0;
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
	ret = find_specials(map, value_id);
	if (ret || !map->ops->check_btf)
		return ret;
	return map->ops->check_btf(map, btf, key_id, value_id);
}
