/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_raw_tp.c - BPF_PROG_TYPE_RAW_TRACEPOINT: programs whose context is a tracepoint's arguments,
 * eight bytes each, to read. No tracepoint is emulated: they are test-run. (The writable ones have
 * no test run.)
 */
#include "emu/prog_priv.h"

#include <errno.h>

#define MAX_ARGS 12u /* cf. include/linux/bpf.h: MAX_BPF_FUNC_ARGS */

/* A context of type generic may give it anything at all. */
static u32
no_fixed_ctx(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return 0;
}

/* cf. net/bpf/test_run.c: bpf_prog_test_run_raw_tp */
static long
test_run(struct xb_emu *emu, struct xb_bpf_prog *prog, union bpf_attr *attr)
{
	bool on_cpu = attr->test.flags & BPF_F_TEST_RUN_ON_CPU;
	u32 bytes = attr->test.ctx_size_in;

	if (attr->test.data_in || attr->test.data_out || attr->test.ctx_out ||
	    attr->test.duration || attr->test.repeat || attr->test.batch_size)
		return -EINVAL;
	if (bytes < xb_prog_ctx_end(xb_bpf_prog_vm(prog)) || bytes > MAX_ARGS * sizeof(u64))
		return -EINVAL;
	if (!on_cpu && attr->test.cpu)
		return -EINVAL;
	if (attr->test.cpu >= emu->cpu_cnt)
		return -ENXIO;
	return xb_prog_run_ctx(prog, attr, attr->test.cpu, XB_MEM_READ);
}

const struct xb_prog_type xb_prog_type_raw_tp = {
	.type = BPF_PROG_TYPE_RAW_TRACEPOINT,
	.name = "raw_tracepoint",
	.ctx_bytes = no_fixed_ctx,
	.test_run = test_run,
};
