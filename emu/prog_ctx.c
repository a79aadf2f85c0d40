/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_ctx.c - test runs of programs whose context is memory of their caller, copied in and maybe
 * out again: they are of types that see no packet.
 *
 * One process runs them all. It is kept at the type SYSCALL.
 *
 * Differs: how far a program looks into its context is known only where its pointer comes from R1
 * by constants. An access that is not known so and lies behind a context's end is a fault when it
 * is done, -EFAULT for the caller; Linux knows of all, and refuses to run the program (-EINVAL).
 */
#include "emu/prog_priv.h"

#include "emu/user.h"
#include "emu/vcpu.h"
#include "vm/proc.h"

#include <errno.h>

/* The process of all runs, made with the first; on that vCPU. */
static struct xb_proc *
take_proc(struct xb_emu *emu, u32 vcpu)
{
	void **state = &emu->type_state[BPF_PROG_TYPE_SYSCALL];
	struct xb_err err = XB_ERR_INIT;

	if (!*state)
		*state = xb_proc_new(emu->vm, 0, &err);
	if (!*state || xb_proc_set_vcpu(*state, vcpu, &err))
		return NULL;
	return *state;
}

void
xb_prog_run_ctx_fini(struct xb_emu *emu)
{
	xb_proc_free(emu->type_state[BPF_PROG_TYPE_SYSCALL]);
	emu->type_state[BPF_PROG_TYPE_SYSCALL] = NULL;
}

/* The context in guest memory. NULL with *ret. */
static struct xb_region *
take_ctx(struct xb_emu *emu, const union bpf_attr *attr, u8 access, long *ret)
{
	const struct xb_region_opts opts = { .name = "context", .bytes = attr->test.ctx_size_in };
	struct xb_err err = XB_ERR_INIT;
	struct xb_region *ctx = xb_mem_map(emu->mem, &opts, &err);

	*ret = -ENOMEM;
	if (!ctx)
		return NULL;
	*ret = -EFAULT;
	if (xb_user_read(xb_mem_host(emu->mem, ctx->gaddr), attr->test.ctx_in, opts.bytes)) {
		xb_mem_unmap(emu->mem, ctx);
		return NULL;
	}
	xb_mem_allow(emu->mem, ctx->gaddr, opts.bytes, access);
	*ret = 0;
	return ctx;
}

static long
run(struct xb_bpf_prog *prog, u32 vcpu, u64 ctx_gaddr, u32 *retval)
{
	struct xb_proc *proc = take_proc(prog->emu, vcpu);
	enum xb_run_status status;

	if (!proc)
		return -ENOMEM;
	proc->run = NULL;
	xb_emu_run_begin(prog->emu, vcpu);
	status = xb_proc_run(proc, xb_bpf_prog_vm(prog), ctx_gaddr);
	xb_emu_run_end(prog->emu, vcpu);
	*retval = (u32)proc->r[0];
	return status == XB_RUN_FAULT ? -EFAULT : 0;
}

long
xb_prog_run_ctx(struct xb_bpf_prog *prog, union bpf_attr *attr, u32 vcpu, u8 access)
{
	struct xb_mem *mem = prog->emu->mem;
	u32 bytes = attr->test.ctx_size_in;
	struct xb_region *ctx = NULL;
	long ret = 0;

	if (bytes)
		ctx = take_ctx(prog->emu, attr, access, &ret);
	if (ret)
		return ret;
	ret = run(prog, vcpu, ctx ? ctx->gaddr : 0, &attr->test.retval);
	if (!ret && ctx && access == XB_MEM_WRITE &&
	    xb_user_write(attr->test.ctx_in, xb_mem_host(mem, ctx->gaddr), bytes))
		ret = -EFAULT;
	xb_mem_unmap(mem, ctx);
	return ret;
}
