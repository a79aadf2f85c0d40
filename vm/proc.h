/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc.h - a process: one run of one program on one virtual CPU.
 *
 * A process is made once and run many times. It owns its registers and its stack: 8 frames of 512
 * bytes in guest memory, or what the machine's options say, of which only those of active calls are
 * addressable. More are added once functions make tail calls. Each run starts with a zeroed frame.
 * Two processes never share a vCPU at the same time.
 */
#ifndef XB_VM_PROC_H
#define XB_VM_PROC_H

#include "vm/fault.h"
#include "vm/prog.h"
#include "vm/types.h"
#include "vm/vm.h"

/*
 * From one frame's top to the next one's. What lies between is never addressable, and wide enough
 * that a stack overflow does not land in the caller's frame.
 */
#define XB_PROC_FRAME_STRIDE 4096 /* where frames have 512 bytes */
#define XB_PROC_FRAME_GAP    (XB_PROC_FRAME_STRIDE - XB_PROC_FRAME_BYTES)

/* A run looks at most so many instructions after the last time whether it is to stop. */
#define XB_PROC_SLICE_INSNS 65536u

enum xb_run_status {
	XB_RUN_EXIT,    /* the program returned; R0 is its result */
	XB_RUN_FAULT,   /* it was stopped; see fault */
	XB_RUN_RUNNING, /* xb_vm_step: there is more to do */
};

/* A frame; but for `top`, of those that are active. */
struct xb_frame {
	u64 top;      /* its R10 */
	u32 may_goto; /* times that it may still go on */
	/* What its function keeps of itself while it calls: */
	u32 ret_pc;                 /* slot to go on at */
	const struct xb_prog *prog; /* tail calls may have changed it below */
	u64 r6_r9[4];
}; /* a line of the cache */

/* Things that a call asks the machine to do when it returns. */
/* Why somebody outside stops a run. */
enum xb_stop { XB_STOP_NONE, XB_STOP_CANCELLED, XB_STOP_DEADLINE };

enum xb_proc_event { XB_PROC_FAULTED = 1, XB_PROC_TAIL_CALL = 2, XB_PROC_BOUNCED = 4 };

struct xb_proc {
	u64 r[16]; /* R0..R10; the rest is the engine's */
	struct xb_vm *vm;
	const struct xb_prog *prog; /* the one that runs, after tail calls */
	u32 pc; /* current slot; exact at a fault, in a call and between steps */
	u32 vcpu;
	u32 event;      /* enum xb_proc_event; set inside calls only */
	u32 depth;      /* active frames - 1 */
	u32 base_depth; /* where a callback returns to its helper */
	u32 frame_cnt;  /* that this run may use as it is; see xb_proc_more_frames() */
	u32 mapped_cnt; /* frames that there is memory for */
	u32 frame_bytes;
	u32 tail_calls; /* of this run */
	u64 insns;      /* executed in this run, with ldimm64 as one; exact when not running */
	u64 ctx_gaddr;  /* R1 at the start of this run, and after each tail call */
	u64 max_insns;  /* budget; a run is stopped at the first taken jump or call past it */
	u64 slice_end;  /* up to max_insns; at the first one past it xb_proc_next_slice() decides */
	u64 lock_gaddr; /* of the 4-byte lock that a call took and nobody gave back; 0: none */
	struct xb_strict *strict;  /* of strict machines, else NULL: vm/strict.h's own */
	struct xb_bounce *bounces; /* of the call that is under way; see xb_proc_mem() */
	void *run;                 /* the context's own (an xdp_buff, an sk_buff) */
	void *user;                /* whoever made the process: the machine never looks at it */
	u32 stop;                  /* enum xb_stop; see xb_proc_stop() */
	bool check_all;        /* in this run: also what was proved when the program was loaded */
	struct xb_fault fault; /* valid after XB_RUN_FAULT */
	const struct xb_prog *next_prog; /* with XB_PROC_TAIL_CALL */
	struct xb_region *stack,
	        *more_stack; /* the latter of frames that tail calls need, or NULL */
	/* Asked now and then in a run, on its thread, with pc, insns and registers exact; or NULL.
	 */
	enum xb_stop (*poll)(struct xb_proc *proc, void *arg);
	void *poll_arg;
	struct xb_frame frames[XB_PROC_ALL_FRAMES];
};

/* A process on a vCPU of vm. NULL and err where there is no memory. */
struct xb_proc *xb_proc_new(struct xb_vm *vm, u32 vcpu, struct xb_err *err);
void xb_proc_free(struct xb_proc *proc);

/* Moves a process that does not run to another vCPU of its machine; -1 and err: there is none. */
int xb_proc_set_vcpu(struct xb_proc *proc, u32 vcpu, struct xb_err *err);

/*
 * From any thread: the run that is under way, and every later one, is stopped by a fault
 * (XB_FAULT_STOPPED) once it has done XB_PROC_SLICE_INSNS more instructions, in callbacks too.
 * XB_STOP_NONE takes that back. A run that ends before is not stopped.
 */
void xb_proc_stop(struct xb_proc *proc, enum xb_stop stop);

/*
 * Runs prog to its end with R1 = ctx_gaddr. After XB_RUN_EXIT r[0] is the result. proc->run is set
 * by the caller before.
 */
enum xb_run_status xb_proc_run(struct xb_proc *proc, const struct xb_prog *prog, u64 ctx_gaddr);

/*
 * Runs one function of prog, which starts at the address `func` (as BPF_PSEUDO_FUNC loads it), to
 * its end, with up to five arguments and without a context.
 */
enum xb_run_status xb_proc_run_func(struct xb_proc *proc, const struct xb_prog *prog, u64 func,
                                    const u64 args[5]);

/* Prepares a run without executing anything, for xb_vm_step() and xb_proc_continue(). */
void xb_proc_start(struct xb_proc *proc, const struct xb_prog *prog, u64 ctx_gaddr);

/* Goes on to the end with what was prepared, and maybe stepped through in part. */
enum xb_run_status xb_proc_continue(struct xb_proc *proc);

/*
 * Stops a run that is neither over nor under way, and keeps its registers and frames for who wants
 * to see them; or gives it up. A lock that it holds is given back.
 */
void xb_proc_stop_now(struct xb_proc *proc, const char *why);
void xb_proc_abandon(struct xb_proc *proc);

/* Executes one instruction; a helper call, with the callbacks it makes, is one. */
enum xb_run_status xb_vm_step(struct xb_proc *proc);

/*
 * Between steps: sets one of R0 to R9. What the program was loaded with is not known of registers
 * any more: all accesses of this run are checked from here on.
 */
void xb_proc_set_reg(struct xb_proc *proc, u32 reg, u64 value);

/* An active call, as debuggers show it. */
struct xb_frame_info {
	u64 gaddr; /* its stack: the lowest address */
	u32 bytes;
	const struct xb_prog *prog;
	u32 pc; /* the instruction that runs, or the call that is to return */
};

/*
 * Active calls, from 0, the innermost, which is at proc->pc; after a fault they are as they were at
 * it. False where there are not so many.
 */
bool xb_proc_frame(const struct xb_proc *proc, u32 idx, struct xb_frame_info *info);

/*
 * Inside a call: stops the program. The first fault of a run stays. Returns 0, so that a call may
 * return it.
 */
u64 xb_proc_fault(struct xb_proc *proc, enum xb_fault_kind kind, const char *fmt, ...)
        XB_PRINTF(3, 4);

/*
 * Inside a call: stops the program for a bad memory access of `bytes` at gaddr; composes the
 * sentence.
 */
u64 xb_proc_fault_mem(struct xb_proc *proc, u64 gaddr, u64 bytes, u8 need, const char *what);

/*
 * Inside a call: the host address of bytes that the program named, if it may access them: of
 * memory, or of a copy of what the host answers for (struct xb_mem_object_ops), which is written
 * back when the call returns. NULL where it may not, or after a fault.
 */
void *xb_proc_mem(struct xb_proc *proc, u64 gaddr, u64 bytes, u8 need);

/*
 * Inside a call: asks for prog to take the place of the current one, with R1 as at the start of the
 * run. False: as many as the machine allows were done already.
 */
bool xb_proc_tail_call(struct xb_proc *proc, const struct xb_prog *prog);

/*
 * Inside a call: runs the program's function that starts at the address `func` (as BPF_PSEUDO_FUNC
 * loaded it) with up to five arguments, in a frame of its own. True with *r0, or false where it
 * faulted.
 */
bool xb_proc_callback(struct xb_proc *proc, u64 func, const u64 args[5], u64 *r0);

#endif
