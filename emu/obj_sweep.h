/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * obj_sweep.h - objects that nobody holds any more, where emu->holders says that somebody has to.
 *
 * An object is held by a descriptor of this process that is not the emulator's own, by a pin, or by
 * another object: a program by its map, link or extension, a map by its program or an outer map.
 * Nobody has to say that a descriptor was closed: what is open is looked up when it matters.
 */
#ifndef XB_EMU_OBJ_SWEEP_H
#define XB_EMU_OBJ_SWEEP_H

#include "emu/emu.h"

/*
 * Before a command of bpf(2): forgets what nobody holds where the command could tell, and where
 * there are many objects. What is forgotten is found neither by id nor by a descriptor any more; a
 * link is detached. Nothing while a program runs.
 */
void xb_obj_sweep_before(struct xb_emu *emu, int cmd);

#endif
