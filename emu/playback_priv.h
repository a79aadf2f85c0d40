/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * playback_priv.h - the steps of a replayed call, for emu/watch.c.
 */
#ifndef XB_EMU_PLAYBACK_PRIV_H
#define XB_EMU_PLAYBACK_PRIV_H

#include "emu/captured.h"
#include "vm/proc.h"

/*
 * The next recorded call of a helper, by its number; its name is for messages. Its parameters were
 * compared. NULL: there is none, or the program was stopped.
 */
const struct xb_captured_call *xb_playback_take(struct xb_playback *r, struct xb_proc *proc,
                                                const char *name, u32 helper);

/* Does what the call did: writes bytes, sets registers. Returns R0, or stops the program. */
u64 xb_playback_apply(struct xb_playback *r, struct xb_proc *proc, const char *name,
                      const struct xb_captured_call *call);

/* Of a call that was made: whether it gave what was recorded; false: the program was stopped. */
bool xb_playback_same_result(struct xb_playback *r, struct xb_proc *proc, const char *name,
                             u32 helper, const struct xb_captured_call *call, u64 r0);

/* Whether calls that are not in the recording are made. */
bool xb_playback_emulates(const struct xb_playback *r);

/* How many calls of a helper the recording has. */
u32 xb_playback_cnt(const struct xb_playback *r, u32 helper);

#endif
