/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - the machine: memory, an emulator, and how runs are bounded.
 */
#ifndef XB_VM_VM_H
#define XB_VM_VM_H

#include "vm/mem.h"
#include "vm/prog.h"
#include "vm/types.h"

#define XB_VM_MAX_INSNS 10000000ull /* budget of a run where nothing else is said */

struct xb_vm_opts {
	u64 arena_bytes; /* 0: the default of xb_mem_new() */
	u32 vcpu_cnt;    /* at least 1 */
	u64 max_insns;   /* 0: XB_VM_MAX_INSNS */
	const struct xb_vm_ops *ops;
	void *emu; /* handed to ops; owned by the caller */
};

struct xb_vm {
	struct xb_mem *mem;
	u32 vcpu_cnt;
	u64 max_insns;
	const struct xb_vm_ops *ops;
	void *emu;
};

struct xb_vm *xb_vm_new(const struct xb_vm_opts *opts, struct xb_err *err);

/* Programs and processes made with it are freed before. NULL is allowed. */
void xb_vm_free(struct xb_vm *vm);

#endif
