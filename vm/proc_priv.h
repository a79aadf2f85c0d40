/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc_priv.h - what the engines and the process share.
 */
#ifndef XB_VM_PROC_PRIV_H
#define XB_VM_PROC_PRIV_H

#include "vm/proc.h"
#include "vm/prog_priv.h"

#include <string.h>

/* Iterations of may_goto loops in one frame (cf. include/linux/bpf.h: BPF_MAX_LOOPS). */
#define XB_PROC_MAY_GOTO (8u * 1024 * 1024)

/* Makes the frame at proc->depth the current one, zeroed if its function looks at it. */
static inline void
xb_proc_enter_frame(struct xb_proc *proc, bool zero)
{
	u64 top = proc->frames[proc->depth].top;

	proc->r[10] = top;
	proc->frames[proc->depth].may_goto = XB_PROC_MAY_GOTO;
	if (!zero)
		return;
	if (XB_LIKELY(proc->frame_bytes == XB_PROC_FRAME_BYTES)) /* a few wide stores */
		memset(xb_mem_host(proc->vm->mem, top - XB_PROC_FRAME_BYTES), 0,
		       XB_PROC_FRAME_BYTES);
	else
		memset(xb_mem_host(proc->vm->mem, top - proc->frame_bytes), 0, proc->frame_bytes);
}

/* Above the first frame, which stays addressable, a frame is so only while it is active. */
static inline void
xb_proc_push_frame(struct xb_proc *proc, bool zero)
{
	proc->depth++;
	xb_mem_allow(proc->vm->mem, proc->frames[proc->depth].top - proc->frame_bytes,
	             proc->frame_bytes, XB_MEM_WRITE);
	xb_proc_enter_frame(proc, zero);
}

static inline void
xb_proc_pop_frame(struct xb_proc *proc)
{
	xb_mem_forbid(proc->vm->mem, proc->frames[proc->depth].top - proc->frame_bytes,
	              proc->frame_bytes);
	proc->depth--;
	proc->r[10] = proc->frames[proc->depth].top;
}

/*
 * Where proc->insns are past the slice: goes on with the next one, or stops the run, as its budget
 * is used up or somebody wants it to. False: it faulted.
 */
bool xb_proc_next_slice(struct xb_proc *proc);

/*
 * Where a call needs a frame past proc->frame_cnt: lets the run have those of the programs that
 * tail calls of functions brought in. False: it faulted, as they are too many all the same.
 */
bool xb_proc_more_frames(struct xb_proc *proc);

/* The parts of a fault that are the same for all; NULL where the run has one already. */
struct xb_fault *xb_proc_new_fault(struct xb_proc *proc, enum xb_fault_kind kind);

#define XB_MISALIGNED "load-acquire and store-release must be aligned"

/*
 * After a call that has set an event: true where that is one for the engine, false where all there
 * was to do was to write buffers back, see xb_proc_mem().
 */
bool xb_proc_settle(struct xb_proc *proc);

/* Executes the instruction at proc->pc, which is the emulator's own. */
void xb_proc_exec_own(struct xb_proc *proc);

/*
 * Does the access of the instruction at proc->pc, which the shadow does not allow, if it is one of
 * an object with rules of its own: true, and a fault where those refuse it.
 */
bool xb_proc_access_object(struct xb_proc *proc, u64 gaddr);

/*
 * Whether an access of the second address space, which met bytes that are not addressable, can be
 * tried again.
 */
bool xb_proc_fill_space(struct xb_proc *proc, u64 gaddr, u32 bytes, u8 need);

/*
 * Interprets from proc->pc of proc->prog until the frame at base_depth exits, a fault, or, with
 * `step`, one instruction.
 */
enum xb_run_status xb_interp_run(struct xb_proc *proc, bool step);

#endif
