/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/xdp/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UNTOUCHED   0xcc
#define BAD_ADDRESS 8u

u8
run_pattern(u32 off)
{
	return (u8)(1 + off * 7 + off / 251);
}

/* The context as the caller lays it out, with bytes after it that an older kernel would not know.
 */
static void
fill_ctx(const struct run_in *in, u8 *ctx, union bpf_attr *attr)
{
	if (!in->has_ctx)
		return;
	memset(ctx, in->ctx_tail, 64);
	memcpy(ctx, &in->ctx, sizeof(in->ctx));
	attr->test.ctx_in = (uintptr_t)ctx;
	attr->test.ctx_size_in = in->ctx_bytes ? in->ctx_bytes : (u32)sizeof(in->ctx);
}

static void
fill_out(const struct run_in *in, struct run_out *out, union bpf_attr *attr)
{
	memset(out, UNTOUCHED, sizeof(*out));
	if (!in->no_data_out)
		attr->test.data_out = in->bad_data_out ? BAD_ADDRESS : (uintptr_t)out->data;
	attr->test.data_size_out = in->data_out_bytes ? in->data_out_bytes : RUN_BYTES;
	if (in->data_out_bytes == ~0u || (in->no_data_out && !in->data_out_bytes))
		attr->test.data_size_out = 0;
	if (in->no_ctx_out)
		return;
	attr->test.ctx_out = in->bad_ctx_out ? BAD_ADDRESS : (uintptr_t)&out->ctx;
	attr->test.ctx_size_out = in->ctx_out_bytes ? in->ctx_out_bytes : (u32)sizeof(out->ctx);
}

void
run_do(const struct backend *b, int prog, const struct run_in *in, struct run_out *out)
{
	union bpf_attr attr;
	u8 *data = malloc(RUN_BYTES), ctx[8192];
	u32 i;

	assert_non_null(data);
	memset(&attr, 0, sizeof(attr));
	memset(ctx, in->ctx_tail, sizeof(ctx));
	for (i = 0; i < RUN_BYTES; i++)
		data[i] = run_pattern(i);
	attr.test.prog_fd = (u32)prog;
	attr.test.retval = 0x5a5a5a5a;
	attr.test.data_in = in->no_data ? 0 : (uintptr_t)data;
	attr.test.data_size_in = in->bytes;
	attr.test.flags = in->flags;
	attr.test.batch_size = in->batch_size;
	attr.test.cpu = in->cpu;
	attr.test.repeat = in->repeat;
	fill_ctx(in, ctx, &attr);
	fill_out(in, out, &attr);
	out->ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	out->retval = attr.test.retval;
	out->data_bytes = attr.test.data_size_out;
	out->ctx_bytes = attr.test.ctx_size_out;
	free(data);
}

#define SAME(field)                                                                                \
	do {                                                                                       \
		if (emu->field != kernel->field)                                                   \
			fail_msg("%s: " #field ": %lld in the emulator, %lld in the kernel", row,  \
			         (long long)emu->field, (long long)kernel->field);                 \
	} while (0)

void
run_equal(const char *row, const struct run_out *emu, const struct run_out *kernel)
{
	u32 i;

	SAME(ret);
	SAME(retval);
	SAME(data_bytes);
	SAME(ctx_bytes);
	SAME(ctx.data);
	SAME(ctx.data_end);
	SAME(ctx.data_meta);
	SAME(ctx.ingress_ifindex);
	SAME(ctx.rx_queue_index);
	SAME(ctx.egress_ifindex);
	for (i = 0; i < RUN_BYTES; i++)
		if (emu->data[i] != kernel->data[i])
			fail_msg("%s: data_out[%u]: 0x%02x in the emulator, 0x%02x in the kernel",
			         row, i, emu->data[i], kernel->data[i]);
}
