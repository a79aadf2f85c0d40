/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_live.h - maps whose elements are those of a map of the kernel below, so that an emulated and
 * a real program share them.
 *
 * What programs see:
 *
 *   mmapable arrays   the kernel's own pages, in guest memory: loads, stores and atomics of both
 *                     sides meet there.
 *   all other types   a value is fetched by bpf(2) when a program looks it up, into a cell that
 *                     lives until the run ends; looked up again in that run, it is the same cell.
 *                     Cells that a program changed are written back when the run ends, where the
 *                     kernel still has the key. vCPUs that run at the same time have one cell of
 *                     a key in common; the last run that looked it up lets go of it. Updates,
 *                     deletes, push and pop go to the kernel at once.
 *
 * bpf(2) of the emulator goes to the kernel's map as it is, with its errors; but of per-CPU maps it
 * moves as many values as the emulator has CPUs: the other ones' stay as they are.
 *
 * Differs: but in mmapable arrays, stores reach the kernel when the run ends, and whole values:
 * what somebody else wrote into one meanwhile is lost, and atomics are atomic only among emulated
 * programs. Of per-CPU maps those copies are written that changed; bpf(2) writes all at once, so
 * the others are read just before.
 * Differs: a lookup does not count as a use in LRU maps, as none of bpf(2)'s does.
 * Differs: programs may not write maps that are frozen, or that were opened for reading only.
 * Differs: there is nothing to mmap in the emulator's descriptor; who wants the pages has a pin or
 * an id too.
 * Maps with locks, timers, kernel pointers and the like in their values are refused, and so are
 * types whose values are objects of the kernel's.
 */
#ifndef XB_EMU_MAP_LIVE_H
#define XB_EMU_MAP_LIVE_H

#include "emu/emu.h"
#include "vm/err.h"

/*
 * Opens the map (not while vCPUs run concurrently) that is pinned at a path or, where that is NULL,
 * has an id. It is made for reading only where no more is permitted. 0 with *map, which emu owns,
 * its BTF taken over if that can be read; or -errno with err: bpf(2)'s; -EINVAL, no map or one with
 * fewer CPUs than the emulator; -EOPNOTSUPP, one that cannot be shared. xb_obj_fd(&map->obj) gives
 * a descriptor.
 */
int xb_map_live_open(struct xb_emu *emu, const char *path, u32 id, struct xb_map **map,
                     struct xb_err *err);

/* Whether it is one of those. */
bool xb_map_is_live(const struct xb_map *map);

/*
 * How many values that programs changed could not be written back, with the last one's -errno in
 * *why. Those of keys that were deleted do not count: their values went with them.
 */
u64 xb_map_live_lost(const struct xb_map *map, int *why);

#endif
