/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/vm.h"

#include <errno.h>
#include <stdlib.h>

struct xb_vm *
xb_vm_new(const struct xb_vm_opts *opts, struct xb_err *err)
{
	struct xb_vm *vm = calloc(1, sizeof(*vm));

	if (!vm) {
		xb_err_errno(err, ENOMEM, "machine");
		return NULL;
	}
	vm->mem = xb_mem_new(opts->arena_bytes, err);
	if (!vm->mem) {
		free(vm);
		return NULL;
	}
	vm->vcpu_cnt = opts->vcpu_cnt;
	vm->max_insns = opts->max_insns ? opts->max_insns : XB_VM_MAX_INSNS;
	if (vm->max_insns > INT64_MAX) /* engines count down, below 0 */
		vm->max_insns = INT64_MAX;
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
