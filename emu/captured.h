/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * captured.h - calls of helpers that were recorded: what a run called, with what, and what came of
 * it; and a later run in which helpers answer as they did then.
 *
 * Calls are taken in their order, each helper by itself; every run of a program begins anew. What a
 * call came to is a number in R0, and bytes that lie where its pointers point to. Calls that do
 * more than that (they change a packet, send a record, call the program back) are made in a replay,
 * too; all others are not.
 *
 * Programs whose calls are to be watched, for a recording or a replay, are loaded while emu->watch
 * is set. Helpers that read the machine (its tasks, their memory) need no watching.
 */
#ifndef XB_EMU_CAPTURED_H
#define XB_EMU_CAPTURED_H

#include "emu/emu.h"

#define XB_CAPTURED_REGS 6 /* R0 to R5 */

/* What a register held, or came to hold; or the bytes that came to lie where it points. */
struct xb_captured_reg {
	u8 reg;    /* 0 to 5 */
	u64 value; /* where `bytes` is NULL */
	u8 *bytes; /* or NULL; owned. Of R0: what a pointer that the helper gave led to */
	u32 byte_cnt;
};

struct xb_captured_call {
	struct xb_captured_reg params[XB_CAPTURED_REGS], results[XB_CAPTURED_REGS];
	u32 param_cnt, result_cnt;
};

/* A recording. */
struct xb_captured {
	struct xb_captured_call *calls[XB_EMU_HELPER_MAX]; /* by helper number; owned */
	u32 cnt[XB_EMU_HELPER_MAX];
	bool cut; /* memory ran out on the way: it is not whole */
};

/* NULL and err where there is no memory. */
struct xb_captured *xb_captured_new(struct xb_err *err);

/* NULL is allowed. */
void xb_captured_free(struct xb_captured *c);

/* A copy. NULL and err where there is no memory. */
struct xb_captured *xb_captured_clone(const struct xb_captured *c, struct xb_err *err);

/* One more call of a helper, whose bytes it takes over. -1 and err where there is no memory. */
int xb_captured_add(struct xb_captured *c, u32 helper, const struct xb_captured_call *call,
                    struct xb_err *err);

struct xb_playback_opts {
	bool strict;  /* what differs from the recording stops the program, and is not only noted */
	bool emulate; /* calls that are not in the recording are made; else they stop the program */
	/* Called in the run for what differs; or NULL. Text is not terminated by a newline. */
	void (*note)(void *arg, struct xb_proc *proc, const char *text);
	void *arg;
};

struct xb_playback;

/*
 * The recording stays as it is, until the playback is freed; both before the emulator. NULL and err
 * where there is no memory.
 */
struct xb_playback *xb_playback_new(struct xb_emu *emu, const struct xb_captured *c,
                                    const struct xb_playback_opts *opts, struct xb_err *err);

/* NULL is allowed; it is stopped. */
void xb_playback_free(struct xb_playback *r);

/*
 * What runs on this vCPU from now on is answered from the recording, which is at its beginning
 * again. A playback serves one vCPU at a time. NULL is allowed, and does nothing.
 */
void xb_playback_start(struct xb_playback *r, u32 vcpu);

/* Ends that. NULL is allowed. */
void xb_playback_stop(struct xb_playback *r);

/*
 * Inside a call of a helper that reads the machine: as the recording has it. Stops the program
 * where there is no recorded call left.
 */
u64 xb_captured_call(struct xb_proc *proc, u32 helper);

/*
 * A call of a watched program: xb_call.fn of all helpers, with `fn` for what is called. Records it
 * where emu->record says so.
 */
u64 xb_watch_call(struct xb_proc *proc, const struct xb_call *call, xb_call_fn fn, const u64 *r);

#endif
