/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_load.c - which XDP programs load: helpers of other types, licences, flags; and what is known
 * of them.
 */
#include "emu/prog.h"
#include "tests/insns.h"
#include "tests/xdp/run.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_INSNS 12
#define OUTPUT_ARGS                                                                                \
	XB_ST_MEM(BPF_DW, 10, -8, 0), XB_LD_MAP_FD(2, 0), XB_MOV64_IMM(3, 0), XB_MOV64_REG(4, 10), \
	        XB_ALU64_IMM(BPF_ADD, 4, -8), XB_MOV64_IMM(5, 8)
#define END XB_MOV64_IMM(0, XDP_PASS), XB_EXIT()

struct row {
	const char *name;
	struct bpf_insn insns[MAX_INSNS]; /* LD_MAP_FD gets the perf map */
	u32 attach_type, flags;
	const char *license;
	long ret;        /* 0: it loads */
	const char *log; /* of the emulator, a part of it */
};

/* clang-format off */
static const struct row rows[] = {
	{ "plain",			{ END }, .log = "" },
	{ "attach type XDP",		{ END }, BPF_XDP, .log = "" },
	{ "attach type of devmaps",	{ XB_LDX_MEM(BPF_W, 2, 1, 20), END }, BPF_XDP_DEVMAP, .log = "" },
	{ "attach type of cpumaps",	{ END }, BPF_XDP_CPUMAP, .log = "" },
	{ "xdp.frags",			{ END }, BPF_XDP, BPF_F_XDP_HAS_FRAGS, .log = "" },
	{ "unknown flag",		{ END }, BPF_XDP, 1u << 30, .ret = -EINVAL, .log = "" },
	{ "xdp_output is for tracing",	{ OUTPUT_ARGS, XB_CALL(BPF_FUNC_xdp_output), END }, BPF_XDP, .ret = -EINVAL, .log = "xdp_output" },
	{ "skb_load_bytes is for skbs",	{ OUTPUT_ARGS, XB_CALL(BPF_FUNC_skb_load_bytes), END }, BPF_XDP, .ret = -EINVAL, .log = "skb_load_bytes" },
	{ "perf_event_output",		{ OUTPUT_ARGS, XB_CALL(BPF_FUNC_perf_event_output), END }, BPF_XDP, .log = "" },
	{ "perf_event_output, not GPL",	{ OUTPUT_ARGS, XB_CALL(BPF_FUNC_perf_event_output), END }, BPF_XDP, .license = "BSD", .ret = -EINVAL, .log = "perf_event_output" },
	{ "redirect, not GPL",		{ XB_MOV64_IMM(1, 1), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_redirect), XB_EXIT() }, BPF_XDP, .license = "BSD", .log = "" },
	{ "legacy packet load",		{ XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_W, 0), END }, BPF_XDP, .ret = -EINVAL, .log = "" },
};
/* clang-format on */

/* Slots up to the last instruction, EXIT; the map's descriptor is put in. */
static u32
finish(struct bpf_insn *insns, int perf)
{
	u32 cnt = MAX_INSNS, i;

	while (insns[cnt - 1].code != (BPF_JMP | BPF_EXIT))
		cnt--;
	for (i = 0; i < cnt; i++)
		if (insns[i].src_reg == BPF_PSEUDO_MAP_FD &&
		    insns[i].code == (BPF_LD | BPF_DW | BPF_IMM))
			insns[i].imm = perf;
	return cnt;
}

static void
check_row(const struct backend *b, int perf, const struct row *row)
{
	struct bpf_insn insns[MAX_INSNS];
	struct backend_prog prog = { .insns = insns,
		                     .attach_type = row->attach_type,
		                     .flags = row->flags,
		                     .license = row->license };
	char text[4096];
	long fd;

	memcpy(insns, row->insns, sizeof(insns));
	prog.insn_cnt = finish(insns, perf);
	fd = backend_try_prog(b, &prog, text, sizeof(text));
	if ((fd < 0 ? fd : 0) != row->ret)
		fail_msg("%s: %s: %ld, expected %ld\n%s", row->name, b->name, fd, row->ret, text);
	if (b->emu && !strstr(text, row->log))
		fail_msg("%s: '%s', expected '%s'", row->name, text, row->log);
	if (fd >= 0)
		close((int)fd);
}

static void
test_rows(void **state)
{
	struct backend b[2];
	u32 i, k, cnt = 1;
	int perf[2];

	(void)state;
	backend_open_emu(&b[0], xb_xdp_register);
	cnt += backend_open_kernel(&b[1]);
	for (k = 0; k < cnt; k++) {
		perf[k] = backend_map(&b[k], BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 1);
		for (i = 0; i < XB_ARRAY_SIZE(rows); i++)
			check_row(&b[k], perf[k], &rows[i]);
		close(perf[k]);
		backend_close(&b[k]);
	}
}

/* Programs that cannot alter their packet are known; all others may have. */
static void
test_changed(void **state)
{
	static const struct {
		const char *name;
		struct bpf_insn insns[MAX_INSNS];
		bool changed;
	} progs[] = {
		{ "nothing", { END }, false },
		{ "stack", { XB_ST_MEM(BPF_DW, 10, -8, 1), END }, false },
		{ "reads", { XB_LDX_MEM(BPF_W, 2, 1, 0), XB_LDX_MEM(BPF_B, 2, 2, 0), END }, false },
		{ "clock", { XB_CALL(BPF_FUNC_ktime_get_ns), END }, false },
		{ "packet", { XB_LDX_MEM(BPF_W, 2, 1, 0), XB_ST_MEM(BPF_B, 2, 0, 1), END }, true },
		{ "head", { XB_MOV64_IMM(2, 4), XB_CALL(BPF_FUNC_xdp_adjust_head), END }, true },
	};
	const u8 data[64] = { 0 };
	const struct xb_xdp_in in = { .data = data, .bytes = sizeof(data) };
	struct bpf_insn insns[MAX_INSNS];
	struct xb_err err = XB_ERR_INIT;
	struct xb_xdp_out out;
	struct backend b;
	struct xb_xdp *x;
	u32 i;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	x = xb_xdp_new(b.emu, &(struct xb_xdp_opts){ 0 }, &err);
	assert_non_null(x);
	for (i = 0; i < XB_ARRAY_SIZE(progs); i++) {
		struct backend_prog prog = { .insns = insns };
		int fd;

		memcpy(insns, progs[i].insns, sizeof(insns));
		prog.insn_cnt = finish(insns, 0);
		fd = backend_prog(&b, &prog);
		xb_xdp_load(x, &in);
		xb_xdp_run(x, backend_emu_prog(&b, fd), &out);
		if (out.changed != progs[i].changed)
			fail_msg("%s", progs[i].name);
		close(fd);
	}
	xb_xdp_free(x);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_changed),
	};

	return cmocka_run_group_tests_name("xdp load", tests, NULL, NULL);
}
