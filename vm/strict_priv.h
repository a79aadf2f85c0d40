/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strict_priv.h - the strict engine, as strict processes use it.
 */
#ifndef XB_VM_STRICT_PRIV_H
#define XB_VM_STRICT_PRIV_H

#include "vm/proc_priv.h"
#include "vm/strict.h"

/* Registers, bit by bit. */
struct xb_strict_regs {
	u16 readable;
	u16 lost; /* they were, before a call */
};

/* For a process whose stack is mapped; NULL: no memory. */
struct xb_strict *xb_strict_new(const struct xb_proc *proc);
void xb_strict_free(struct xb_strict *strict);

/* A program or function starts in the current frame; `args` of its registers from R1 on are there.
 */
void xb_strict_enter(struct xb_proc *proc, u32 args);

/* What a callback's caller wants back. */
struct xb_strict_regs xb_strict_save(const struct xb_proc *proc);
void xb_strict_restore(struct xb_proc *proc, struct xb_strict_regs regs);

void xb_strict_set_reg(struct xb_proc *proc, u32 reg);

/* xb_interp_run() for strict processes. */
enum xb_run_status xb_strict_run(struct xb_proc *proc, bool step);

#endif
