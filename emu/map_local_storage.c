/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map_local_storage.h"

#include "emu/map_htab.h"

#include <stdlib.h>

#define CREATE_FLAGS  (BPF_F_NO_PREALLOC | BPF_F_CLONE)
#define ELEM_BYTES    128u /* sizeof(struct bpf_local_storage_elem) */
#define VALUE_MOST    (0xffffu - ELEM_BYTES)
#define OWNERS_LIKELY 1024u

/* Attributes that all have (cf. bpf_local_storage_map_alloc_check). */
int
xb_local_storage_check(const union bpf_attr *attr)
{
	if (attr->map_flags & ~(u32)CREATE_FLAGS || !(attr->map_flags & BPF_F_NO_PREALLOC))
		return -EINVAL;
	if (attr->max_entries || attr->key_size != sizeof(s32) || !attr->value_size)
		return -EINVAL;
	if (!attr->btf_key_type_id || !attr->btf_value_type_id)
		return -EINVAL;
	return attr->value_size > VALUE_MOST ? -E2BIG : 0;
}

/* The key is as if it were an array's (cf. bpf_local_storage_map_check_btf). */
int
xb_local_storage_btf(const struct xb_map *map, const struct btf *btf, u32 key_id, u32 value_id)
{
	return key_id ? xb_map_array_btf(map, btf, key_id, value_id) : -EINVAL;
}

/* The table is one of owners: its keys are theirs, not the map's. */
int
xb_local_storage_alloc(struct xb_map *map)
{
	const struct xb_map_pool_opts opts = { .value_bytes = map->value_size, .copies = 1 };
	int ret;

	map->max_entries = OWNERS_LIKELY;
	map->key_size = sizeof(u64);
	ret = xb_htab_map_alloc(map, &opts);
	map->max_entries = 0;
	map->key_size = sizeof(s32);
	return ret;
}

void
xb_local_storage_free(struct xb_map *map)
{
	xb_htab_map_free(map);
}

int
xb_local_storage_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -XB_ENOTSUPP;
}

/* Of which one is looked at; the compiler sees loops over keys of any size. */
#define KEY_WORDS 8

static u32
find(const struct xb_map *map, u64 owner)
{
	const struct xb_htab *h = map->priv;
	const u64 key[KEY_WORDS] = { owner };

	return xb_htab_find(h, key, xb_htab_hash(h, key));
}

u64
xb_local_storage_lookup(const struct xb_map *map, u64 owner)
{
	const struct xb_htab *h = map->priv;
	u32 ref = find(map, owner);

	return ref ? xb_map_pool_value(&h->pool, ref, 0) : 0;
}

/* A new value, in the place of `old` if that is not 0. NULL `value`: zeros. */
static int
put(struct xb_map *map, u64 owner, u32 old, const void *value)
{
	struct xb_htab *h = map->priv;
	const u64 key[KEY_WORDS] = { owner };
	u32 ref = xb_htab_new(h, key, xb_htab_hash(h, key));

	if (!ref)
		return -ENOMEM;
	if (value)
		xb_map_value_copy(map, xb_map_pool_value_host(&h->pool, ref, 0), value);
	xb_htab_insert(h, ref);
	if (old)
		xb_htab_remove(h, old);
	return 0;
}

u64
xb_local_storage_get(struct xb_map *map, u64 owner, const void *init, u64 flags)
{
	u64 gaddr;

	if (flags > BPF_LOCAL_STORAGE_GET_F_CREATE)
		return 0;
	gaddr = xb_local_storage_lookup(map, owner);
	if (gaddr || flags != BPF_LOCAL_STORAGE_GET_F_CREATE)
		return gaddr;
	return put(map, owner, 0, init) ? 0 : xb_local_storage_lookup(map, owner);
}

int
xb_local_storage_update(struct xb_map *map, u64 owner, const void *value, u64 flags)
{
	struct xb_htab *h = map->priv;
	u32 old;
	int ret;

	if ((flags & ~(u64)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if (flags & BPF_F_LOCK && !map->has_spin_lock)
		return -EINVAL;
	old = find(map, owner);
	ret = xb_htab_check_flags(old, flags);
	if (ret)
		return ret;
	if (!old || !(flags & BPF_F_LOCK))
		return put(map, owner, old, value);
	xb_map_value_copy_locked(map, xb_map_pool_value_host(&h->pool, old, 0), value);
	return 0;
}

int
xb_local_storage_delete(struct xb_map *map, u64 owner)
{
	u32 ref = find(map, owner);

	if (!ref)
		return -ENOENT;
	xb_htab_remove(map->priv, ref);
	return 0;
}

int
xb_local_storage_read(const struct xb_map *map, u64 owner, void *value)
{
	const struct xb_htab *h = map->priv;
	u32 ref = find(map, owner);

	if (!ref)
		return -ENOENT;
	xb_move(value, xb_map_pool_value_host(&h->pool, ref, 0), map->value_size);
	if (map->has_spin_lock)
		xb_st32((u8 *)value + map->spin_lock_off, 0);
	return 0;
}

void
xb_local_storage_destroy(struct xb_emu *emu, u32 type, u64 owner)
{
	u32 cnt = __atomic_load_n(&emu->handle_cnt, __ATOMIC_ACQUIRE);

	for (u32 i = 1; i < cnt; i++) {
		struct xb_map *map = emu->handles[i];

		if (!map || map->type != type)
			continue;
		xb_lock_take(map->lock);
		xb_local_storage_delete(map, owner);
		xb_lock_give(map->lock);
	}
}

long
xb_local_storage_each(struct xb_map *map, xb_map_each_fn fn, void *arg)
{
	return xb_htab_map_for_each(map, 0, fn, arg);
}

u64
xb_local_storage_get_locked(struct xb_map *map, u64 owner, const void *init, u64 flags)
{
	u64 value;

	xb_lock_take(map->lock);
	value = xb_local_storage_get(map, owner, init, flags);
	xb_lock_give(map->lock);
	return value;
}

int
xb_local_storage_delete_locked(struct xb_map *map, u64 owner)
{
	int ret;

	xb_lock_take(map->lock);
	ret = xb_local_storage_delete(map, owner);
	xb_lock_give(map->lock);
	return ret;
}
