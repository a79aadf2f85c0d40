/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * captured.h - results of helper calls that were recorded elsewhere, for helpers that read the
 * machine a program ran on: its tasks, its memory, its counters.
 *
 * Calls are taken in their order, each helper by itself; every run of a program begins anew. A
 * helper of this kind that finds no recorded call stops the program.
 */
#ifndef XB_EMU_CAPTURED_H
#define XB_EMU_CAPTURED_H

#include "emu/emu.h"

#define XB_CAPTURED_REGS 6 /* R0 to R5 */

/* What a register held, or came to hold; or the bytes that came to lie where it points. */
struct xb_captured_reg {
	u8 reg;    /* 0 to 5 */
	u64 value; /* where `bytes` is NULL */
	u8 *bytes; /* or NULL; owned */
	u32 byte_cnt;
};

struct xb_captured_call {
	struct xb_captured_reg params[XB_CAPTURED_REGS], results[XB_CAPTURED_REGS];
	u32 param_cnt, result_cnt;
};

struct xb_captured {
	struct xb_captured_call *calls[XB_EMU_HELPER_MAX]; /* by helper number; owned */
	u32 cnt[XB_EMU_HELPER_MAX], next[XB_EMU_HELPER_MAX];
};

/* NULL and err where there is no memory. */
struct xb_captured *xb_captured_new(struct xb_err *err);

/* NULL is allowed. */
void xb_captured_free(struct xb_captured *c);

/* One more call of a helper, whose bytes it takes over. -1 and err where there is no memory. */
int xb_captured_add(struct xb_captured *c, u32 helper, const struct xb_captured_call *call,
                    struct xb_err *err);

/* The recording from its beginning, for the next run. NULL is allowed. */
void xb_captured_rewind(struct xb_captured *c);

/*
 * Inside a call of the helper: takes the next recorded one, checks the numbers that it was called
 * with, writes bytes where registers point, and returns R0. Stops the program where there is no
 * recorded call left, or it was another one.
 */
u64 xb_captured_call(struct xb_proc *proc, u32 helper);

#endif
