/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers that read the machine: each stops the program without a recorded call, and gives what was
 * recorded with one.
 */
#include "emu/captured.h"
#include "emu/helper.h"
#include "tests/emu/helper_rig.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define RECORDED 0x1234u
#define ROOM     16 /* of the stack, for what a helper writes */

/* Calls the helper with R2 = stack, R3 = 7; returns R0, or where that is 0 the stack's first word.
 */
static struct xb_bpf_prog *
load(const struct backend *b, u32 id)
{
	const struct bpf_insn insns[] = {
		XB_ST_MEM(BPF_DW, 10, -ROOM, 0),
		XB_ST_MEM(BPF_DW, 10, -ROOM + 8, 0),
		XB_MOV64_IMM(1, 0),
		XB_MOV64_REG(2, 10),
		XB_ALU64_IMM(BPF_ADD, 2, -ROOM),
		XB_MOV64_IMM(3, 7),
		XB_MOV64_IMM(4, 0),
		XB_MOV64_IMM(5, 0),
		XB_CALL(id),
		XB_JMP_IMM(BPF_JNE, 0, 0, 1),
		XB_LDX_MEM(BPF_W, 0, 10, -ROOM),
		XB_EXIT(),
	};
	int fd = backend_prog(
	        b, &(struct backend_prog){ .insns = insns, .insn_cnt = XB_ARRAY_SIZE(insns) });
	struct xb_bpf_prog *prog = backend_emu_prog(b, fd);

	close(fd);
	return prog;
}

static void
run(struct xb_xdp *x, const struct xb_bpf_prog *prog, struct xb_xdp_out *out)
{
	static const u8 data[60];
	const struct xb_xdp_in in = { .data = data, .bytes = sizeof(data) };

	xb_xdp_load(x, &in);
	xb_xdp_run(x, prog, out);
}

static void
check_row(const struct backend *b, struct xb_xdp *x, const struct xb_helper *row)
{
	struct xb_captured_call call = {
		.params = { { .reg = 3, .value = 7 } },
		.results = { { .reg = 0, .value = RECORDED } },
		.param_cnt = 1,
		.result_cnt = 1,
	};
	const struct xb_bpf_prog *prog = load(b, row->id);
	struct xb_err err = XB_ERR_INIT;
	struct xb_captured *c = xb_captured_new(&err);
	const struct xb_playback_opts opts = { .strict = true };
	struct xb_playback *r;
	struct xb_xdp_out out;

	run(x, prog, &out);
	assert_non_null(out.fault);
	assert_int_equal(out.fault->kind, XB_FAULT_NOT_EMULATED);
	if (!strstr(out.fault->message, row->name) || !strstr(out.fault->message, "helperCalls"))
		fail_msg("%s: '%s'", row->name, out.fault->message);

	r = xb_playback_new(b->emu, c, &opts, &err);
	assert_non_null(r);
	xb_playback_start(r, 0);
	assert_int_equal(xb_captured_add(c, row->id, &call, &err), 0);
	run(x, prog, &out);
	if (out.fault)
		fail_msg("%s: '%s'", row->name, out.fault->message);
	assert_int_equal(out.retval, RECORDED);
	run(x, prog, &out); /* there was one call, and it is used up */
	assert_non_null(out.fault);
	xb_playback_start(r, 0);
	run(x, prog, &out);
	assert_int_equal(out.retval, RECORDED);

	/* Other arguments, and bytes that do not fit. */
	call.params[0].value = 8;
	assert_int_equal(xb_captured_add(c, row->id, &call, &err), 0);
	run(x, prog, &out);
	assert_int_equal(out.fault->kind, XB_FAULT_BAD_CALL);
	call.params[0].value = 7;
	call.results[0] = (struct xb_captured_reg){ .reg = 2, .byte_cnt = ROOM + 1 };
	call.results[0].bytes = calloc(1, ROOM + 1);
	assert_int_equal(xb_captured_add(c, row->id, &call, &err), 0);
	run(x, prog, &out);
	assert_int_equal(out.fault->kind, XB_FAULT_OOB_WRITE);
	call.results[0].byte_cnt = 4;
	call.results[0].bytes = calloc(1, 4);
	call.results[0].bytes[1] = 9;
	assert_int_equal(xb_captured_add(c, row->id, &call, &err), 0);
	run(x, prog, &out);
	assert_null(out.fault);
	assert_int_equal(out.retval, 9 << 8);
	xb_playback_free(r);
	xb_captured_free(c);
}

void test_helper_captured(void **state);

void
test_helper_captured(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct backend b;
	struct xb_xdp *x;
	u32 cnt = 0;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	x = xb_xdp_new(b.emu, &(struct xb_xdp_opts){ 0 }, &err);
	assert_non_null(x);
	for (u32 id = 1; id < XB_EMU_HELPER_MAX; id++) {
		const struct xb_helper *row = xb_helper_find(b.emu, id, BPF_PROG_TYPE_XDP);

		if (!row || row->state != XB_HELPER_CAPTURED)
			continue;
		check_row(&b, x, row);
		cnt++;
	}
	assert_true(cnt >= 10);
	xb_xdp_free(x);
	backend_close(&b);
}
