/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_special.c - what becomes of the special fields in the values of maps.
 *
 * Differs: pointers of the kernel's, lists and trees can be in a value, but nothing puts anything
 * into them.
 */
#include "emu/map_priv.h"
#include "emu/timer.h"

void
xb_map_value_copy_around(const struct xb_map *map, u8 *dst, const u8 *src)
{
	u32 off = 0;

	for (u32 i = 0; i < map->specials.cnt; i++) {
		const struct xb_special *f = &map->specials.field[i];

		xb_move(dst + off, src + off, f->off - off);
		off = f->off + f->bytes;
	}
	xb_move(dst + off, src + off, map->value_size - off);
}

void
xb_map_value_hide(const struct xb_map *map, void *value)
{
	for (u32 i = 0; i < map->specials.cnt; i++) {
		const struct xb_special *f = &map->specials.field[i];
		u8 *at = (u8 *)value + f->off;

		memset(at, 0, f->bytes);
		if (f->kind == XB_SPECIAL_REFCOUNT)
			xb_st32(at, 1);
	}
}

void
xb_map_value_drop(struct xb_map *map, u64 value)
{
	for (u32 i = 0; i < map->specials.cnt; i++) {
		const struct xb_special *f = &map->specials.field[i];

		if (f->kind == XB_SPECIAL_TIMER)
			xb_timer_cancel_and_free(map->emu, value + f->off);
		else if (f->kind == XB_SPECIAL_KPTR_UNTRUSTED || f->kind == XB_SPECIAL_KPTR ||
		         f->kind == XB_SPECIAL_KPTR_PERCPU)
			xb_st64(xb_mem_host(map->emu->mem, value + f->off), 0);
	}
}

void
xb_map_value_lock(const struct xb_map *map, u8 *value)
{
	u32 *lock = (u32 *)(void *)(value + map->spin_lock_off);

	if (map->emu->concurrent)
		for (u32 i = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0; i++)
			xb_lock_pause(i);
}

void
xb_map_value_unlock(const struct xb_map *map, u8 *value)
{
	if (map->emu->concurrent)
		__atomic_store_n((u32 *)(void *)(value + map->spin_lock_off), 0, __ATOMIC_RELEASE);
}

void
xb_map_value_copy_locked(const struct xb_map *map, void *dst, const void *src)
{
	xb_map_value_lock(map, dst);
	xb_map_value_copy(map, dst, src);
	xb_map_value_unlock(map, dst);
}
