/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_syscall.c - BPF_PROG_TYPE_SYSCALL: programs that are run by BPF_PROG_TEST_RUN alone, and may
 * call bpf(2) themselves. Light skeletons load with one.
 *
 * The context is whatever the caller gives, to read and to write.
 */
#include "emu/prog_priv.h"

#include <errno.h>

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

/* cf. net/bpf/test_run.c: bpf_prog_test_run_syscall */
static long
test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	u32 bytes = attr->test.ctx_size_in;

	(void)emu;
	if (attr->test.data_in || attr->test.data_out || attr->test.ctx_out ||
	    attr->test.duration || attr->test.repeat || attr->test.flags || attr->test.batch_size ||
	    bytes < xb_prog_ctx_end(xb_bpf_prog_vm(prog)) || bytes > UINT16_MAX)
		return -EINVAL;
	return xb_prog_run_ctx(prog, attr, 0, XB_MEM_WRITE);
}

const struct xb_prog_type xb_prog_type_syscall = {
	.type = BPF_PROG_TYPE_SYSCALL,
	.name = "syscall",
	.ctx_bytes = no_fixed_ctx,
	.check = check,
	.test_run = test_run,
	.fini = xb_prog_run_ctx_fini,
};
