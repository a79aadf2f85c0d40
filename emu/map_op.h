/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_op.h - operations of maps as programs do them: under the map's lock where that is needed.
 *
 * A program's run keeps what it looked up from being freed. Callers check that the type has the
 * operation.
 */
#ifndef XB_EMU_MAP_OP_H
#define XB_EMU_MAP_OP_H

#include "emu/map.h"

u64 xb_map_lookup_locked(struct xb_map *map, const void *key, u32 cpu);

static inline u64
xb_map_op_lookup(struct xb_map *map, const void *key, u32 cpu)
{
	if (XB_UNLIKELY(map->lookup_lock != NULL))
		return xb_map_lookup_locked(map, key, cpu);
	return map->ops->lookup(map, key, cpu);
}

static inline int
xb_map_op_update(struct xb_map *map, const void *key, const void *value, u64 flags, u32 cpu)
{
	int ret;

	xb_lock_take(map->lock);
	ret = map->ops->update(map, key, value, flags, cpu);
	xb_lock_give(map->lock);
	return ret;
}

static inline int
xb_map_op_remove(struct xb_map *map, const void *key)
{
	int ret;

	xb_lock_take(map->lock);
	ret = map->ops->remove(map, key);
	xb_lock_give(map->lock);
	return ret;
}

static inline int
xb_map_op_push(struct xb_map *map, const void *value, u64 flags)
{
	int ret;

	xb_lock_take(map->lock);
	ret = map->ops->push(map, value, flags);
	xb_lock_give(map->lock);
	return ret;
}

static inline int
xb_map_op_pop(struct xb_map *map, void *value)
{
	int ret;

	xb_lock_take(map->lock);
	ret = map->ops->pop(map, value);
	xb_lock_give(map->lock);
	return ret;
}

static inline int
xb_map_op_peek(struct xb_map *map, void *value)
{
	int ret;

	xb_lock_take(map->lock);
	ret = map->ops->peek(map, value);
	xb_lock_give(map->lock);
	return ret;
}

#endif
