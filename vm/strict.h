/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strict.h - strict machines: which registers and bytes of the stack a run has written.
 *
 * A strict machine executes step by step, and looks before each step whether all that the
 * instruction reads was written. It does so to the byte, and for all programs, as Linux's verifier
 * does for those without privileges. What a call reads and writes only the emulator knows:
 * registers by xb_call.reads, memory by the functions below, which cost nothing to ask elsewhere.
 */
#ifndef XB_VM_STRICT_H
#define XB_VM_STRICT_H

#include "vm/proc.h"

/* Inside a call: whether bytes may be read; true for all that is not of the stack, and not strict.
 */
bool xb_strict_written(const struct xb_proc *proc, u64 gaddr, u64 bytes);

/* Inside a call: the program may read these bytes from now on; the call has written them, or will.
 */
void xb_strict_write(struct xb_proc *proc, u64 gaddr, u64 bytes);

/*
 * Inside a call: stops the program, for bytes that it read and nobody wrote. `what` is put in
 * front, or NULL. Returns 0, so that a call may return it.
 */
u64 xb_strict_fault(struct xb_proc *proc, u64 gaddr, u64 bytes, const char *what);

#endif
