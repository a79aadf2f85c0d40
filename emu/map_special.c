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

		memmove(dst + off, src + off, f->off - off);
		off = f->off + f->bytes;
	}
	memmove(dst + off, src + off, map->value_size - off);
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
