/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/vm.h"

#include <errno.h>
#include <stdlib.h>

/* Fills in the shape of stacks. */
static int
set_frames(struct xb_vm *vm, const struct xb_vm_opts *opts, struct xb_err *err)
{
	u32 bytes = opts->frame_bytes ? opts->frame_bytes : XB_PROC_FRAME_BYTES;
	u32 cnt = opts->frame_cnt ? opts->frame_cnt : XB_PROC_FRAMES;

	if (bytes < XB_PROC_MIN_FRAME_BYTES || bytes > XB_PROC_MAX_FRAME_BYTES || bytes % 8)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "stack frames of %u bytes; %u to %u are allowed, in steps of 8",
		                  bytes, XB_PROC_MIN_FRAME_BYTES, XB_PROC_MAX_FRAME_BYTES);
	if (cnt > XB_PROC_MAX_FRAMES)
		return xb_err_set(err, XB_ERR_USAGE, "%u stack frames; 1 to %u are allowed", cnt,
		                  XB_PROC_MAX_FRAMES);
	vm->frame_bytes = bytes;
	vm->frame_cnt = cnt;
	return 0;
}

struct xb_vm *
xb_vm_new(const struct xb_vm_opts *opts, struct xb_err *err)
{
	struct xb_vm *vm = calloc(1, sizeof(*vm));

	if (!vm) {
		xb_err_errno(err, ENOMEM, "machine");
		return NULL;
	}
	if (!set_frames(vm, opts, err))
		vm->mem = xb_mem_new(opts->arena_bytes, err);
	if (!vm->mem) {
		free(vm);
		return NULL;
	}
	vm->vcpu_cnt = opts->vcpu_cnt;
	vm->max_insns = opts->max_insns ? opts->max_insns : XB_VM_MAX_INSNS;
	if (vm->max_insns > INT64_MAX) /* engines count down, below 0 */
		vm->max_insns = INT64_MAX;
	vm->strict = opts->strict;
	vm->max_tail_calls = opts->max_tail_calls ? opts->max_tail_calls : XB_PROC_TAIL_CALLS;
	vm->zeroing = opts->strict ? XB_ZERO_ALWAYS : opts->zeroing;
	vm->ops = opts->ops;
	vm->emu = opts->emu;
	return vm;
}

void
xb_vm_free(struct xb_vm *vm)
{
	if (!vm)
		return;
	xb_mem_free(vm->mem);
	free(vm);
}
