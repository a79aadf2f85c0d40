/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_btf.c - values as text by their types, and variables of the kernel per CPU.
 *
 * Types are those of the BTF that stands for the kernel's. Variables there are none of: a program
 * that asks for one cannot be loaded, and where it does not insist (__weak) its address is NULL.
 */
#include "emu/helpers_priv.h"

#include "emu/btf.h"
#include "emu/btf_show.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

/* cf. kernel/trace/bpf_trace.c: bpf_btf_printf_prepare */
static u64
snprintf_btf(struct xb_proc *proc, const union xb_arg *a)
{
	const struct btf *btf;
	struct btf_ptr ptr;

	if (a[4].u & ~XB_BTF_SHOW_FLAGS || a[3].u != sizeof(ptr))
		return helper_ret(-EINVAL);
	btf = xb_btf_kernel_types(xb_proc_emu(proc));
	memcpy(&ptr, a[2].mem, sizeof(ptr));
	if (!btf || ptr.type_id == 0)
		return helper_ret(-EINVAL);
	if ((s32)ptr.type_id < 0 || !btf__type_by_id(btf, ptr.type_id))
		return helper_ret(-ENOENT);
	return helper_ret(xb_btf_show(btf, ptr.type_id, proc->vm->mem, (uintptr_t)ptr.ptr, a[4].u,
	                              a[0].mem, (u32)a[1].u));
}

static u64
no_variable(struct xb_proc *proc, const char *helper)
{
	return xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
	                     "bpf_%s: argument 1: no variable of the kernel: these are not "
	                     "emulated",
	                     helper);
}

static u64
per_cpu_ptr(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return no_variable(proc, "per_cpu_ptr");
}

static u64
this_cpu_ptr(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return no_variable(proc, "this_cpu_ptr");
}

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(snprintf_btf, "kernel/trace/bpf_trace.c"),
	  .args = { XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY } },
	{ XB_HELPER_ROW(per_cpu_ptr, "kernel/bpf/helpers.c"), .args = { XB_ARG_ANY, XB_ARG_ANY } },
	{ XB_HELPER_ROW(this_cpu_ptr, "kernel/bpf/helpers.c"), .args = { XB_ARG_ANY } },
};

const struct xb_helper_table xb_helpers_btf = { rows, XB_ARRAY_SIZE(rows) };
