/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - the machine: memory, an emulator, and how runs are bounded.
 */
#ifndef XB_VM_VM_H
#define XB_VM_VM_H

#include "vm/mem.h"
#include "vm/prog.h"
#include "vm/types.h"
#include "xdpbench/machine.h"

#define XB_VM_MAX_INSNS 10000000ull /* budget of a run where nothing else is said */

/* A stack: what Linux has (cf. include/linux/bpf.h: MAX_BPF_STACK, MAX_CALL_FRAMES), and the most.
 */
#define XB_PROC_FRAMES          8
#define XB_PROC_FRAME_BYTES     512
#define XB_PROC_MAX_FRAMES      64
#define XB_PROC_MIN_FRAME_BYTES 16
#define XB_PROC_MAX_FRAME_BYTES 4096

#define XB_PROC_TAIL_CALLS 33 /* cf. include/linux/bpf.h: MAX_TAIL_CALL_CNT */

/*
 * What tail calls may add: the program that takes the place of a function has all its own calls to
 * make, above those that led to it. So many frames are what Linux's numbers come to.
 */
#define XB_PROC_ALL_FRAMES (XB_PROC_FRAMES + XB_PROC_TAIL_CALLS * (XB_PROC_FRAMES - 1))

struct xb_vm_opts {
	u64 arena_bytes;    /* 0: the default of xb_mem_new() */
	u32 vcpu_cnt;       /* at least 1 */
	u64 max_insns;      /* 0: XB_VM_MAX_INSNS */
	u32 frame_bytes;    /* of a function's stack, 16 to 4096, a multiple of 8; 0: 512 */
	u32 frame_cnt;      /* active functions of one program, 1 to 64; 0: 8 */
	u32 max_tail_calls; /* in a run; 0: 33 */
	enum xb_zeroing zeroing;
	/*
	 * Stops programs that read a register or a byte of the stack which nobody wrote (see
	 * vm/strict.h); with XB_ZERO_ALWAYS. Slow.
	 */
	bool strict;
	const struct xb_vm_ops *ops;
	void *emu; /* handed to ops; owned by the caller */
};

struct xb_vm {
	struct xb_mem *mem;
	u32 vcpu_cnt;
	u64 max_insns;
	u32 frame_bytes, frame_cnt, max_tail_calls;
	enum xb_zeroing zeroing;
	bool strict;
	const struct xb_vm_ops *ops;
	void *emu;
};

/* NULL and err where an option is out of range (XB_ERR_USAGE), or the host refuses memory. */
struct xb_vm *xb_vm_new(const struct xb_vm_opts *opts, struct xb_err *err);

/* Programs and processes made with it are freed before. NULL is allowed. */
void xb_vm_free(struct xb_vm *vm);

#endif
