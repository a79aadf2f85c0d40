/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_syscall.c - BPF_PROG_TYPE_SYSCALL: programs that are run by BPF_PROG_TEST_RUN alone, and may
 * call bpf(2) themselves. Light skeletons load with one.
 *
 * The context is whatever the caller gives, to read and to write.
 *
 * Differs: a context that is shorter than what a program may look at is a fault where it does so,
 * which is -EFAULT for the caller; Linux refuses to run it (-EINVAL).
 */
#include "emu/prog_priv.h"

#include "emu/map.h"
#include "emu/user.h"
#include "emu/vcpu.h"
#include "vm/proc.h"

#include <errno.h>
#include <stdlib.h>

static u32
no_fixed_ctx(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return 0;
}

/* cf. kernel/bpf/syscall.c: bpf_prog_load_check_attach */
static int
check(const union bpf_attr *attr)
{
	return attr->expected_attach_type ? -EINVAL : 0;
}

/* The process of all runs, made with the first. */
static struct xb_proc *
take_proc(struct xb_emu *emu)
{
	void **state = &emu->type_state[BPF_PROG_TYPE_SYSCALL];
	struct xb_err err = XB_ERR_INIT;

	if (!*state)
		*state = xb_proc_new(emu->vm, 0, &err);
	return *state;
}

static void
fini(struct xb_emu *emu)
{
	xb_proc_free(emu->type_state[BPF_PROG_TYPE_SYSCALL]);
	emu->type_state[BPF_PROG_TYPE_SYSCALL] = NULL;
}

/* The context in guest memory. NULL with *ret. */
static struct xb_region *
take_ctx(struct xb_emu *emu, const union bpf_attr *attr, long *ret)
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
	xb_mem_allow(emu->mem, ctx->gaddr, opts.bytes, XB_MEM_WRITE);
	*ret = 0;
	return ctx;
}

static long
run(struct xb_emu *emu, struct xb_bpf_prog *prog, u64 ctx_gaddr, u32 *retval)
{
	struct xb_proc *proc = take_proc(emu);
	enum xb_run_status status;

	if (!proc)
		return -ENOMEM;
	proc->run = NULL;
	xb_emu_run_begin(emu, proc->vcpu);
	status = xb_proc_run(proc, xb_bpf_prog_vm(prog), ctx_gaddr);
	xb_emu_run_end(emu, proc->vcpu);
	prog->run_cnt++;
	*retval = (u32)proc->r[0];
	return status == XB_RUN_FAULT ? -EFAULT : 0;
}

/* cf. net/bpf/test_run.c: bpf_prog_test_run_syscall */
static long
test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	u32 bytes = attr->test.ctx_size_in;
	struct xb_region *ctx = NULL;
	long ret = 0;

	if (attr->test.data_in || attr->test.data_out || attr->test.ctx_out ||
	    attr->test.duration || attr->test.repeat || attr->test.flags || attr->test.batch_size ||
	    bytes > UINT16_MAX)
		return -EINVAL;
	if (bytes)
		ctx = take_ctx(emu, attr, &ret);
	if (ret)
		return ret;
	ret = run(emu, prog, ctx ? ctx->gaddr : 0, &attr->test.retval);
	if (!ret && ctx &&
	    xb_user_write(attr->test.ctx_in, xb_mem_host(emu->mem, ctx->gaddr), bytes))
		ret = -EFAULT;
	xb_mem_unmap(emu->mem, ctx);
	return ret;
}

const struct xb_prog_type xb_prog_type_syscall = {
	.type = BPF_PROG_TYPE_SYSCALL,
	.name = "syscall",
	.ctx_bytes = no_fixed_ctx,
	.check = check,
	.test_run = test_run,
	.fini = fini,
};
