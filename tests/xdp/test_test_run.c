/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_test_run.c - BPF_PROG_TEST_RUN of XDP programs: what is refused, how the packet is laid out,
 * what comes back.
 */
#include "tests/insns.h"
#include "tests/xdp/run.h"
#include "tests/xdp/script.h"
#include "xdp/xdp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define LIVE BPF_F_TEST_XDP_LIVE_FRAMES

/* What the program saw, or nothing of it. */
struct saw {
	bool ran;
	u64 linear, meta, len, ingress_ifindex, queue;
};

struct row {
	const char *name;
	struct run_in in;
	u32 verdict; /* of the program */
	u32 attach_type;
	long ret;
	struct saw saw;
	u32 data_bytes;             /* data_size_out; 0: as data_size_in */
	u32 ctx_data, ctx_data_end; /* of ctx_out, with ctx_in */
};

#define CTX(d, e) .has_ctx = true, .ctx = { .data = (d), .data_end = (e) }
#define CTX_IF(e, i, q)                                                                            \
	.has_ctx = true, .ctx = { .data_end = (e), .ingress_ifindex = (i), .rx_queue_index = (q) }
#define SAW(linear, meta, len)                                                                     \
	{                                                                                          \
		true, linear, meta, len, 1, 0                                                      \
	}

/* clang-format off */
static const struct row rows[] = {
	{ "nothing but data",		{ .bytes = 64, .no_ctx_out = true }, XDP_PASS, .saw = SAW(64, 0, 64) },
	{ "verdict of 77",		{ .bytes = 64, CTX(0, 64) }, 77, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "verdict of -2",		{ .bytes = 64, CTX(0, 64) }, 0xfffffffe, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "redirect without a target",	{ .bytes = 64, CTX(0, 64) }, XDP_REDIRECT, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "ctx_out alone",		{ .bytes = 64 }, XDP_PASS, .saw = SAW(0, 0, 64) },

	{ "flag 1",			{ .bytes = 64, .flags = 1, CTX(0, 64) }, XDP_PASS, .ret = -EINVAL },
	{ "flag 4",			{ .bytes = 64, .flags = 4, CTX(0, 64) }, XDP_PASS, .ret = -EINVAL },
	{ "all flags",			{ .bytes = 64, .flags = ~0u, CTX(0, 64) }, XDP_PASS, .ret = -EINVAL },
	{ "batch_size",			{ .bytes = 64, .batch_size = 1, CTX(0, 64) }, XDP_PASS, .ret = -EINVAL },
	{ "cpu",			{ .bytes = 64, .cpu = 1, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "cpu out of range",		{ .bytes = 64, .cpu = 100000, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "devmap program",		{ .bytes = 64, CTX(0, 64) }, XDP_PASS, BPF_XDP_DEVMAP, .ret = -EINVAL },
	{ "cpumap program",		{ .bytes = 64, CTX(0, 64) }, XDP_PASS, BPF_XDP_CPUMAP, .ret = -EINVAL },

	{ "13 bytes",			{ .bytes = 13, CTX(0, 13) }, XDP_PASS, .ret = -EINVAL },
	{ "14 bytes",			{ .bytes = 14, CTX(0, 14) }, XDP_PASS, .saw = SAW(14, 0, 14), .ctx_data_end = 14 },
	{ "no bytes",			{ .bytes = 0, CTX(0, 0) }, XDP_PASS, .ret = -EINVAL },
	{ "13 bytes after metadata",	{ .bytes = 21, CTX(8, 21) }, XDP_PASS, .ret = -EINVAL },
	{ "14 bytes after metadata",	{ .bytes = 22, CTX(8, 22) }, XDP_PASS, .saw = SAW(14, 8, 14), .ctx_data = 8, .ctx_data_end = 22 },
	{ "3520 bytes",			{ .bytes = 3520, CTX(0, 3520) }, XDP_PASS, .saw = SAW(3520, 0, 3520), .ctx_data_end = 3520 },
	{ "3521 bytes",			{ .bytes = 3521, CTX(0, 3521) }, XDP_PASS, .saw = SAW(3520, 0, 3521), .ctx_data_end = 3520 },
	{ "3520 bytes and metadata",	{ .bytes = 3552, CTX(32, 3552) }, XDP_PASS, .saw = SAW(3520, 32, 3520), .ctx_data = 32, .ctx_data_end = 3552 },
	{ "3521 bytes and metadata",	{ .bytes = 3553, CTX(32, 3553) }, XDP_PASS, .saw = SAW(3520, 32, 3521), .ctx_data = 32, .ctx_data_end = 3552 },
	{ "73152 bytes",		{ .bytes = 73152, CTX(0, 73152) }, XDP_PASS, .saw = SAW(3520, 0, 73152), .ctx_data_end = 3520 },
	{ "73153 bytes",		{ .bytes = 73153, CTX(0, 73153) }, XDP_PASS, .ret = -ENOMEM },
	{ "too many bytes for frags",	{ .bytes = 69640, CTX(0, 7) }, XDP_PASS, .ret = -ENOMEM },
	{ "all that frags hold",	{ .bytes = 69639, CTX(0, 7) }, XDP_PASS, .saw = SAW(7, 0, 69639), .ctx_data_end = 7 },
	{ "73152 bytes without ctx",	{ .bytes = 73152, .no_ctx_out = true }, XDP_PASS, .saw = SAW(3520, 0, 73152) },
	{ "no data",			{ .bytes = 64, .no_data = true, CTX(0, 64) }, XDP_PASS, .ret = -EFAULT },
	{ "no data, no interface",	{ .bytes = 64, .no_data = true, CTX_IF(64, 999, 0) }, XDP_PASS, .ret = -EFAULT },
	{ "no data, all in a fragment",	{ .bytes = 64, .no_data = true, CTX(0, 0) }, XDP_PASS, .ret = -EFAULT },
	{ "no interface comes first",	{ .bytes = 64, .no_data = true, CTX_IF(0, 999, 0) }, XDP_PASS, .ret = -ENODEV },

	{ "linear part of 20",		{ .bytes = 100, CTX(0, 20) }, XDP_PASS, .saw = SAW(20, 0, 100), .ctx_data_end = 20 },
	{ "linear part of 5",		{ .bytes = 100, CTX(0, 5) }, XDP_PASS, .saw = SAW(5, 0, 100), .ctx_data_end = 5 },
	{ "linear part empty",		{ .bytes = 100, CTX(0, 0) }, XDP_PASS, .saw = SAW(0, 0, 100), .ctx_data_end = 0 },
	{ "metadata alone is linear",	{ .bytes = 100, CTX(8, 8) }, XDP_PASS, .saw = SAW(0, 8, 92), .ctx_data = 8, .ctx_data_end = 8 },
	{ "data_meta",			{ .bytes = 64, .has_ctx = true, .ctx = { .data_meta = 4, .data_end = 64 } }, XDP_PASS, .ret = -EINVAL },
	{ "data_end past the data",	{ .bytes = 64, CTX(0, 65) }, XDP_PASS, .ret = -EINVAL },
	{ "data past data_end",		{ .bytes = 64, CTX(8, 4) }, XDP_PASS, .ret = -EINVAL },
	{ "egress_ifindex",		{ .bytes = 64, .has_ctx = true, .ctx = { .data_end = 64, .egress_ifindex = 1 } }, XDP_PASS, .ret = -EINVAL },
	{ "metadata of 4",		{ .bytes = 64, CTX(4, 64) }, XDP_PASS, .saw = SAW(60, 4, 60), .ctx_data = 4, .ctx_data_end = 64 },
	{ "metadata of 32",		{ .bytes = 64, CTX(32, 64) }, XDP_PASS, .saw = SAW(32, 32, 32), .ctx_data = 32, .ctx_data_end = 64 },
	{ "metadata of 216",		{ .bytes = 280, CTX(216, 280) }, XDP_PASS, .saw = SAW(64, 216, 64), .ctx_data = 216, .ctx_data_end = 280 },
	{ "metadata of 220",		{ .bytes = 284, CTX(220, 284) }, XDP_PASS, .ret = -EINVAL },
	{ "metadata of 6",		{ .bytes = 64, CTX(6, 64) }, XDP_PASS, .ret = -EINVAL },
	{ "metadata of 252",		{ .bytes = 316, CTX(252, 316) }, XDP_PASS, .ret = -EINVAL },
	{ "loopback",			{ .bytes = 64, CTX_IF(64, 1, 0) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "loopback's queue 1",		{ .bytes = 64, CTX_IF(64, 1, 1) }, XDP_PASS, .ret = -EINVAL },
	{ "queue without interface",	{ .bytes = 64, CTX_IF(64, 0, 1) }, XDP_PASS, .ret = -EINVAL },
	{ "unknown interface",		{ .bytes = 64, CTX_IF(64, 99999, 0) }, XDP_PASS, .ret = -ENODEV },
	{ "unknown interface's queue",	{ .bytes = 64, CTX_IF(64, 99999, 7) }, XDP_PASS, .ret = -ENODEV },

	{ "ctx_in of 8 bytes",		{ .bytes = 64, .ctx_bytes = 8, CTX(4, 64) }, XDP_PASS, .saw = SAW(60, 4, 60), .ctx_data = 4, .ctx_data_end = 64 },
	{ "ctx_in of 4 bytes",		{ .bytes = 64, .ctx_bytes = 4, CTX(0, 64) }, XDP_PASS, .saw = SAW(0, 0, 64), .ctx_data_end = 0 },
	{ "ctx_in with zeros behind",	{ .bytes = 64, .ctx_bytes = 40, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "ctx_in with more behind",	{ .bytes = 64, .ctx_bytes = 40, .ctx_tail = 1, CTX(0, 64) }, XDP_PASS, .ret = -E2BIG },
	{ "ctx_in of a page",		{ .bytes = 64, .ctx_bytes = 4096, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "ctx_in of more than a page",	{ .bytes = 64, .ctx_bytes = 4097, CTX(0, 64) }, XDP_PASS, .ret = -E2BIG },
	{ "ctx_in without ctx_out",	{ .bytes = 64, .no_ctx_out = true, CTX(4, 64) }, XDP_PASS, .saw = SAW(60, 4, 60) },
	{ "ctx_out of 8 bytes",		{ .bytes = 64, .ctx_out_bytes = 8, CTX(4, 64) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(60, 4, 60), .ctx_data = 4, .ctx_data_end = 64 },
	{ "ctx_out of 64 bytes",	{ .bytes = 64, .ctx_out_bytes = 64, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },

	{ "no data_out",		{ .bytes = 64, .no_data_out = true, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "no data_out but a size",	{ .bytes = 64, .no_data_out = true, .data_out_bytes = 10, CTX(0, 64) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(64, 0, 64) },
	{ "data_out of no size",	{ .bytes = 64, .data_out_bytes = ~0u, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "data_out of 64",		{ .bytes = 64, .data_out_bytes = 64, CTX(0, 64) }, XDP_PASS, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "data_out of 63",		{ .bytes = 64, .data_out_bytes = 63, CTX(0, 64) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(64, 0, 64) },
	{ "data_out of 1, metadata",	{ .bytes = 64, .data_out_bytes = 1, CTX(8, 64) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(56, 8, 56) },
	{ "data_out for a fragment less", { .bytes = 9000, .data_out_bytes = 8999, CTX(0, 9000) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(3520, 0, 9000) },
	{ "data_out for one fragment",	{ .bytes = 9000, .data_out_bytes = 7616, CTX(0, 9000) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(3520, 0, 9000) },
	{ "data_out for the linear part", { .bytes = 9000, .data_out_bytes = 3520, CTX(0, 9000) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(3520, 0, 9000) },
	{ "data_out for part of it",	{ .bytes = 9000, .data_out_bytes = 1000, CTX(0, 9000) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(3520, 0, 9000) },
	{ "data_out at nothing",	{ .bytes = 64, .bad_data_out = true, CTX(0, 64) }, XDP_PASS, .ret = -EFAULT, .saw = SAW(64, 0, 64) },
	{ "data_out at nothing, short",	{ .bytes = 64, .bad_data_out = true, .data_out_bytes = 10, CTX(0, 64) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(64, 0, 64) },
	{ "data_out at nothing, fragments", { .bytes = 9000, .bad_data_out = true, .data_out_bytes = 8999, CTX(0, 9000) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(3520, 0, 9000) },
	{ "ctx_out at nothing",		{ .bytes = 64, .bad_ctx_out = true, CTX(0, 64) }, XDP_PASS, .ret = -EFAULT, .saw = SAW(64, 0, 64) },
	{ "ctx_out at nothing, short",	{ .bytes = 64, .bad_ctx_out = true, .ctx_out_bytes = 8, CTX(0, 64) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(64, 0, 64) },
	{ "data_out, nothing linear",	{ .bytes = 100, .data_out_bytes = 50, CTX(0, 0) }, XDP_PASS, .ret = -ENOSPC, .saw = SAW(0, 0, 100) },

	{ "repeat",			{ .bytes = 64, .repeat = 100, CTX(0, 64) }, XDP_TX, .saw = SAW(64, 0, 64), .ctx_data_end = 64 },
	{ "live frames",		{ .bytes = 64, .flags = LIVE, .no_data_out = true, .no_ctx_out = true, .repeat = 3, CTX(0, 64) }, XDP_DROP, .saw = SAW(64, 0, 64) },
	{ "live frames, batch of 256",	{ .bytes = 64, .flags = LIVE, .batch_size = 256, .no_data_out = true, .no_ctx_out = true, .repeat = 3, CTX(0, 64) }, XDP_DROP, .saw = SAW(64, 0, 64) },
	{ "live frames, batch of 257",	{ .bytes = 64, .flags = LIVE, .batch_size = 257, .no_data_out = true, .no_ctx_out = true, CTX(0, 64) }, XDP_DROP, .ret = -E2BIG },
	{ "live frames, data_out",	{ .bytes = 64, .flags = LIVE, .no_ctx_out = true, CTX(0, 64) }, XDP_DROP, .ret = -EINVAL },
	{ "live frames, ctx_out",	{ .bytes = 64, .flags = LIVE, .no_data_out = true, CTX(0, 64) }, XDP_DROP, .ret = -EINVAL },
	{ "live frames, data_out, no ctx", { .bytes = 64, .flags = LIVE, .no_ctx_out = true, .repeat = 2 }, XDP_DROP, .saw = SAW(64, 0, 64) },
	{ "live frames, 3408 bytes",	{ .bytes = 3408, .flags = LIVE, .no_data_out = true, .no_ctx_out = true, .repeat = 2, CTX(0, 3408) }, XDP_DROP, .saw = SAW(3408, 0, 3408) },
	{ "live frames, 3409 bytes",	{ .bytes = 3409, .flags = LIVE, .no_data_out = true, .no_ctx_out = true, .repeat = 2, CTX(0, 3409) }, XDP_DROP, .ret = -EINVAL },
	{ "live frames, 13 bytes",	{ .bytes = 13, .flags = LIVE, .no_data_out = true, .no_ctx_out = true, .repeat = 2, CTX(0, 13) }, XDP_DROP, .ret = -EINVAL },
	{ "live frames, fragments",	{ .bytes = 64, .flags = LIVE, .no_data_out = true, .no_ctx_out = true, .repeat = 2, CTX(0, 20) }, XDP_DROP, .ret = -EINVAL },
};
/* clang-format on */

struct outcome {
	struct run_out run;
	struct script_kept kept;
};

/* A program for an entry of a devmap or cpumap: it is never run here. */
static int
load_entry_prog(const struct backend *b, const struct row *row)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, XDP_PASS), XB_EXIT() };

	return backend_prog(b, &(struct backend_prog){ .insns = insns,
	                                               .insn_cnt = XB_ARRAY_SIZE(insns),
	                                               .attach_type = row->attach_type });
}

static void
run_row(const struct backend *b, const struct script_maps *maps, const struct row *row,
        struct outcome *o)
{
	const struct script script = { { { LEN, 0, 0 } }, row->verdict };
	int prog = row->attach_type ? load_entry_prog(b, row) : script_load(b, maps, &script);

	script_reset(b, maps);
	run_do(b, prog, &row->in, &o->run);
	script_read(b, maps, &o->kept, NULL);
	close(prog);
}

#define CHECK(what, got, want)                                                                     \
	do {                                                                                       \
		if ((got) != (want))                                                               \
			fail_msg("%s: %s: %s is %lld, expected %lld", row->name, b->name, what,    \
			         (long long)(got), (long long)(want));                             \
	} while (0)

static void
check_row(const struct backend *b, const struct row *row, const struct outcome *o)
{
	u32 i;

	CHECK("test run", o->run.ret, row->ret);
	CHECK("length", o->kept.results[0], row->saw.len);
	CHECK("linear length", o->kept.linear, row->saw.linear);
	CHECK("metadata", o->kept.meta, row->saw.meta);
	CHECK("ingress_ifindex", o->kept.ingress_ifindex, row->saw.ingress_ifindex);
	CHECK("rx_queue_index", o->kept.queue, row->saw.queue);
	if (row->ret == 0 && !(row->in.flags & LIVE))
		CHECK("retval", o->run.retval, row->verdict);
	if (row->ret == 0)
		CHECK("data_size_out", o->run.data_bytes,
		      row->data_bytes ? row->data_bytes : row->in.bytes);
	for (i = 0;
	     row->ret == 0 && !row->in.no_data_out && !(row->in.flags & LIVE) && i < row->in.bytes;
	     i++)
		CHECK("a byte of data_out", o->run.data[i], run_pattern(i));
	if (row->ret == 0 && row->in.has_ctx && !row->in.no_ctx_out) {
		CHECK("ctx_out.data", o->run.ctx.data, row->ctx_data);
		CHECK("ctx_out.data_end", o->run.ctx.data_end, row->ctx_data_end);
		CHECK("ctx_out.ingress_ifindex", o->run.ctx.ingress_ifindex,
		      row->in.ctx.ingress_ifindex);
	}
}

static void
test_rows(void **state)
{
	struct outcome *o = calloc(2, sizeof(*o));
	struct script_sides s;

	(void)state;
	assert_non_null(o);
	script_sides_open(&s);
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		for (u32 k = 0; k < s.cnt; k++) {
			run_row(&s.b[k], &s.maps[k], &rows[i], &o[k]);
			check_row(&s.b[k], &rows[i], &o[k]);
		}
		if (s.cnt == 2)
			run_equal(rows[i].name, &o[0].run, &o[1].run);
	}
	script_sides_close(&s);
	free(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("xdp test run", tests, NULL, NULL);
}
