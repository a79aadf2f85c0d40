/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_packet.c - a packet's buffer: which bytes a program may touch, what is left behind, and what
 * a fault undoes.
 */
#include "emu/prog.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "xdp/xdp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define PAGE 4096u

struct fixture {
	struct backend b;
	struct xb_xdp *x;
	u8 data[XB_XDP_MAX_BYTES];
};

static void
setup(struct fixture *f, const struct xb_xdp_opts *opts)
{
	struct xb_err err = XB_ERR_INIT;
	u32 i;

	backend_open_emu(&f->b, xb_xdp_register);
	f->x = xb_xdp_new(f->b.emu, opts, &err);
	if (!f->x)
		fail_msg("%s", err.msg);
	for (i = 0; i < sizeof(f->data); i++)
		f->data[i] = (u8)(1 + i * 7 + i / 251);
}

static void
teardown(struct fixture *f)
{
	xb_xdp_free(f->x);
	backend_close(&f->b);
}

static const struct xb_bpf_prog *
load_prog(struct fixture *f, const struct bpf_insn *insns, u32 cnt, u32 attach_type)
{
	int fd = backend_prog(&f->b, &(struct backend_prog){ .insns = insns,
	                                                     .insn_cnt = cnt,
	                                                     .attach_type = attach_type });
	const struct xb_bpf_prog *prog = backend_emu_prog(&f->b, fd);

	close(fd);
	return prog;
}

#define PROG(f, ...)                                                                               \
	load_prog(f, (const struct bpf_insn[]){ __VA_ARGS__ },                                     \
	          sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn), 0)

/* R6 = context, R2 = data, R3 = data_end, R4 = data_meta. */
#define POINTERS                                                                                   \
	XB_MOV64_REG(6, 1), XB_LDX_MEM(BPF_W, 2, 6, 0), XB_LDX_MEM(BPF_W, 3, 6, 4),                \
	        XB_LDX_MEM(BPF_W, 4, 6, 8)

#define RETURN(verdict) XB_MOV64_IMM(0, verdict), XB_EXIT()

static void
run(struct fixture *f, const struct xb_bpf_prog *prog, u32 bytes, struct xb_xdp_out *out)
{
	const struct xb_xdp_in in = { .data = f->data, .bytes = bytes };

	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, prog, out);
}

/* An access of the packet or context; R2 to R4 as in POINTERS, R6 the context. */
struct access {
	const char *name;
	u32 bytes, meta; /* of the packet, of its metadata */
	struct bpf_insn insn;
	enum xb_fault_kind kind;
	const char *message; /* a part of it */
};

/* clang-format off */
static const struct access accesses[] = {
	{ "first byte",			54, 0, XB_LDX_MEM(BPF_B, 5, 2, 0), XB_FAULT_NONE, "" },
	{ "last byte",			54, 0, XB_LDX_MEM(BPF_B, 5, 2, 53), XB_FAULT_NONE, "" },
	{ "byte after the last",	54, 0, XB_LDX_MEM(BPF_B, 5, 2, 54), XB_FAULT_OOB_READ, "1 byte past the end of packet (54 bytes)" },
	{ "third after the last",	54, 0, XB_LDX_MEM(BPF_B, 5, 2, 56), XB_FAULT_OOB_READ, "3 bytes past the end of packet (54 bytes)" },
	{ "at data_end",		54, 0, XB_LDX_MEM(BPF_B, 5, 3, 0), XB_FAULT_OOB_READ, "1 byte past the end of packet (54 bytes)" },
	{ "byte before the first",	54, 0, XB_LDX_MEM(BPF_B, 5, 2, -1), XB_FAULT_OOB_READ, "packet (54 bytes)" },
	{ "last two",			54, 0, XB_LDX_MEM(BPF_H, 5, 2, 52), XB_FAULT_NONE, "" },
	{ "two, half outside",		54, 0, XB_LDX_MEM(BPF_H, 5, 2, 53), XB_FAULT_OOB_READ, "1 byte past the end of packet (54 bytes)" },
	{ "last four",			54, 0, XB_LDX_MEM(BPF_W, 5, 2, 50), XB_FAULT_NONE, "" },
	{ "four, one outside",		54, 0, XB_LDX_MEM(BPF_W, 5, 2, 51), XB_FAULT_OOB_READ, "1 byte past the end of packet (54 bytes)" },
	{ "last eight",			54, 0, XB_LDX_MEM(BPF_DW, 5, 2, 46), XB_FAULT_NONE, "" },
	{ "eight, one outside",		54, 0, XB_LDX_MEM(BPF_DW, 5, 2, 47), XB_FAULT_OOB_READ, "1 byte past the end of packet (54 bytes)" },
	{ "write last",			54, 0, XB_ST_MEM(BPF_B, 2, 53, 1), XB_FAULT_NONE, "" },
	{ "write after the last",	54, 0, XB_ST_MEM(BPF_B, 2, 54, 1), XB_FAULT_OOB_WRITE, "1 byte past the end of packet (54 bytes)" },
	{ "write across the end",	60, 0, XB_ST_MEM(BPF_DW, 2, 53, 1), XB_FAULT_OOB_WRITE, "1 byte past the end of packet (60 bytes)" },
	{ "packet of a page",		3520, 0, XB_LDX_MEM(BPF_B, 5, 2, 3519), XB_FAULT_NONE, "" },
	{ "after a packet of a page",	3520, 0, XB_LDX_MEM(BPF_B, 5, 2, 3520), XB_FAULT_OOB_READ, "1 byte past the end of packet (3520 bytes)" },
	{ "fragments are not there",	9000, 0, XB_LDX_MEM(BPF_B, 5, 2, 3520), XB_FAULT_OOB_READ, "1 byte past the end of packet (3520 bytes)" },
	{ "packet of one byte",		1, 0, XB_LDX_MEM(BPF_B, 5, 2, 0), XB_FAULT_NONE, "" },
	{ "after one byte",		1, 0, XB_LDX_MEM(BPF_B, 5, 2, 1), XB_FAULT_OOB_READ, "1 byte past the end of packet (1 bytes)" },
	{ "packet of no bytes",		0, 0, XB_LDX_MEM(BPF_B, 5, 2, 0), XB_FAULT_OOB_READ, "" },
	{ "first of metadata",		54, 8, XB_LDX_MEM(BPF_W, 5, 4, 0), XB_FAULT_NONE, "" },
	{ "before metadata",		54, 8, XB_LDX_MEM(BPF_B, 5, 4, -1), XB_FAULT_OOB_READ, "packet (62 bytes)" },
	{ "metadata from data",		54, 8, XB_ST_MEM(BPF_DW, 2, -8, 1), XB_FAULT_NONE, "" },
	{ "read context",		54, 0, XB_LDX_MEM(BPF_W, 5, 6, 16), XB_FAULT_NONE, "" },
	{ "egress_ifindex",		54, 0, XB_LDX_MEM(BPF_W, 5, 6, 20), XB_FAULT_OOB_READ, "1 byte past the end of xdp_md (20 bytes)" },
	{ "write context",		54, 0, XB_ST_MEM(BPF_W, 6, 16, 1), XB_FAULT_READ_ONLY, "" },
};
/* clang-format on */

static void
check_access(struct fixture *f, const struct access *a)
{
	const u8 meta[216] = { 0 };
	const struct xb_xdp_in in = {
		.data = f->data, .bytes = a->bytes, .meta = meta, .meta_bytes = a->meta
	};
	const struct xb_bpf_prog *prog = PROG(f, POINTERS, a->insn, RETURN(XDP_PASS));
	struct xb_xdp_out out;

	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, prog, &out);
	if (out.status != (a->kind ? XB_RUN_FAULT : XB_RUN_EXIT))
		fail_msg("%s: %s", a->name, out.fault ? out.fault->message : "no fault");
	if (!a->kind)
		return;
	assert_int_equal(out.retval, XDP_ABORTED);
	if (out.fault->kind != a->kind)
		fail_msg("%s: %s", a->name, xb_fault_kind_name(out.fault->kind));
	if (!strstr(out.fault->message, a->message))
		fail_msg("%s: '%s', expected '%s'", a->name, out.fault->message, a->message);
}

static void
test_accesses(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	u32 i;

	(void)state;
	assert_non_null(f);
	setup(f, &(struct xb_xdp_opts){ 0 });
	for (i = 0; i < XB_ARRAY_SIZE(accesses); i++)
		check_access(f, &accesses[i]);
	teardown(f);
	free(f);
}

static u32
next_random(u32 *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

/* Whether exactly [start, end) of the page is addressable. */
static void
check_window(const struct xb_mem *mem, u64 page, u64 start, u64 end, u32 round)
{
	u64 g;

	for (g = page; g < page + 2 * (u64)PAGE; g++)
		if (xb_mem_check(mem, g, 1, XB_MEM_WRITE) != (g >= start && g < end))
			fail_msg("round %u: byte %lld of a packet of %llu bytes", round,
			         (long long)(g - start), (unsigned long long)(end - start));
}

/* The window moves from any place to any other, by loads and by helpers. */
static void
test_window(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const u8 meta[216] = { 0 };
	struct xb_xdp_out out;
	const struct xb_bpf_prog *progs[] = {
		NULL,
		NULL,
		NULL,
		NULL,
	};
	u32 seed = 1, round;
	u64 at, page;

	(void)state;
	assert_non_null(f);
	setup(f, &(struct xb_xdp_opts){ 0 });
#define MOVES(amount, func)                                                                        \
	PROG(f, XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, amount), XB_CALL(func), RETURN(XDP_PASS))
	progs[0] = MOVES(-101, BPF_FUNC_xdp_adjust_head);
	progs[1] = MOVES(37, BPF_FUNC_xdp_adjust_head);
	progs[2] = MOVES(-12, BPF_FUNC_xdp_adjust_meta);
	progs[3] = MOVES(-51, BPF_FUNC_xdp_adjust_tail);
	for (round = 0; round < 3000; round++) {
		const struct xb_xdp_in in = {
			.data = f->data,
			.bytes = next_random(&seed) % (round % 3 ? 90 : 4000),
			.meta = meta,
			.meta_bytes = next_random(&seed) % 20 * 4 * (round % 2),
		};

		xb_xdp_load(f->x, &in);
		xb_xdp_run(f->x, progs[next_random(&seed) % 4], &out);
		if (round % 5 == 0)
			xb_xdp_run(f->x, progs[next_random(&seed) % 4], &out);
		at = xb_mem_gaddr(f->b.emu->mem, out.meta);
		page = at & ~(u64)(PAGE - 1);
		check_window(f->b.emu->mem, page, at, at + out.meta_bytes + out.linear_bytes,
		             round);
	}
	teardown(f);
	free(f);
}

/* What one program wrote into the headroom, the next packet's does not find. */
static void
test_headroom_is_zero(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct xb_bpf_prog *fill, *grow;
	struct xb_xdp_out out;
	u32 i;

	(void)state;
	assert_non_null(f);
	setup(f, &(struct xb_xdp_opts){ 0 });
	fill = PROG(f, XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, -104), XB_CALL(BPF_FUNC_xdp_adjust_head),
	            XB_LDX_MEM(BPF_W, 2, 6, 0), XB_ST_MEM(BPF_DW, 2, 0, -1),
	            XB_ST_MEM(BPF_DW, 2, 96, -1), XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 104),
	            XB_CALL(BPF_FUNC_xdp_adjust_head), RETURN(XDP_PASS));
	grow = PROG(f, XB_MOV64_IMM(2, -216), XB_CALL(BPF_FUNC_xdp_adjust_head), RETURN(XDP_PASS));
	run(f, fill, 60, &out);
	assert_int_equal(out.head_delta, 0);
	assert_true(out.changed);
	run(f, grow, 60, &out);
	assert_int_equal(out.head_delta, -216);
	assert_int_equal(out.bytes, 276);
	for (i = 0; i < 216; i++)
		assert_int_equal(out.data[i], 0);
	assert_memory_equal(out.data + 216, f->data, 60);
	teardown(f);
	free(f);
}

static void
test_deltas(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct xb_bpf_prog *prog, *pass;
	struct xb_xdp_out out;

	(void)state;
	assert_non_null(f);
	setup(f, &(struct xb_xdp_opts){ 0 });
	prog = PROG(f, XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, 4), XB_CALL(BPF_FUNC_xdp_adjust_head),
	            XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, -10), XB_CALL(BPF_FUNC_xdp_adjust_tail),
	            RETURN(XDP_TX));
	pass = PROG(f, RETURN(XDP_PASS));
	run(f, prog, 64, &out);
	assert_int_equal(out.retval, XDP_TX);
	assert_int_equal(out.bytes, 50);
	assert_int_equal(out.head_delta, 4);
	assert_int_equal(out.tail_delta, -10);
	assert_memory_equal(out.data, f->data + 4, 50);
	run(f, prog, 9000, &out);
	assert_int_equal(out.bytes, 8986);
	assert_int_equal(out.linear_bytes, 3516);
	assert_int_equal(out.head_delta, 4);
	assert_int_equal(out.tail_delta, -10);
	run(f, pass, 64, &out);
	assert_int_equal(out.head_delta, 0);
	assert_int_equal(out.tail_delta, 0);
	assert_int_equal(out.insns, 2);
	assert_false(out.changed);
	teardown(f);
	free(f);
}

/* Everything that a program did before its fault is undone. */
static void
test_fault_undoes(void **state)
{
	static const u32 lengths[] = { 64, 3520, 9000 };
	struct fixture *f = calloc(1, sizeof(*f));
	const struct xb_bpf_prog *prog;
	struct xb_xdp_out out;
	u8 *copy = malloc(XB_XDP_MAX_BYTES);
	u32 i;

	(void)state;
	assert_non_null(f);
	assert_non_null(copy);
	setup(f, &(struct xb_xdp_opts){ 0 });
	prog = PROG(f, POINTERS, XB_ST_MEM(BPF_DW, 2, 8, -1), XB_MOV64_REG(1, 6),
	            XB_MOV64_IMM(2, 8), XB_CALL(BPF_FUNC_xdp_adjust_head), XB_MOV64_REG(1, 6),
	            XB_MOV64_IMM(2, -30), XB_CALL(BPF_FUNC_xdp_adjust_tail), XB_MOV64_IMM(2, 0),
	            XB_LDX_MEM(BPF_B, 0, 2, 0), RETURN(XDP_PASS));
	for (i = 0; i < XB_ARRAY_SIZE(lengths); i++) {
		run(f, prog, lengths[i], &out);
		assert_int_equal(out.status, XB_RUN_FAULT);
		assert_int_equal(out.retval, XDP_ABORTED);
		assert_int_equal(out.fault->kind, XB_FAULT_NULL_POINTER);
		assert_int_equal(out.bytes, lengths[i]);
		assert_int_equal(out.head_delta, 0);
		assert_int_equal(out.tail_delta, 0);
		assert_false(out.changed);
		xb_xdp_copy(f->x, 0, out.bytes, copy);
		assert_memory_equal(copy, f->data, lengths[i]);
	}
	teardown(f);
	free(copy);
	free(f);
}

/* A header made up in front, metadata, and a buffer of another geometry. */
static void
test_geometry(void **state)
{
	const u8 hdr[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 }, meta[4] = { 1, 2, 3, 4 };
	struct fixture *f = calloc(1, sizeof(*f));
	struct xb_xdp_in in = { .hdr = hdr,
		                .hdr_bytes = 14,
		                .meta = meta,
		                .meta_bytes = 4,
		                .ingress_ifindex = 7,
		                .rx_queue_index = 3 };
	const struct xb_bpf_prog *prog;
	struct xb_xdp_out out;
	u8 *copy = malloc(XB_XDP_MAX_BYTES);

	(void)state;
	assert_non_null(f);
	assert_non_null(copy);
	setup(f, &(struct xb_xdp_opts){ .headroom = 64, .linear_bytes = 100 });
	prog = PROG(f, POINTERS, XB_LDX_MEM(BPF_W, 7, 6, 12), XB_LDX_MEM(BPF_W, 0, 6, 16),
	            XB_ALU64_IMM(BPF_LSH, 7, 8), XB_ALU64_REG(BPF_ADD, 0, 7), XB_EXIT());
	in.data = f->data;
	in.bytes = 286;
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, prog, &out);
	assert_int_equal(out.retval, 7 << 8 | 3);
	assert_int_equal(out.bytes, 300);
	assert_int_equal(out.linear_bytes, 100);
	assert_int_equal(out.meta_bytes, 4);
	assert_memory_equal(out.meta, meta, 4);
	xb_xdp_copy(f->x, 0, 300, copy);
	assert_memory_equal(copy, hdr, 14);
	assert_memory_equal(copy + 14, f->data, 286);
	xb_xdp_copy(f->x, 95, 50, copy);
	assert_memory_equal(copy, f->data + 81, 50);
	in.bytes = 4; /* all of the packet is shorter than the header */
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, prog, &out);
	assert_int_equal(out.bytes, 18);
	assert_memory_equal(out.data, hdr, 14);
	assert_memory_equal(out.data + 14, f->data, 4);
	in.bytes = 70000 - 14; /* the linear part takes what fragments do not hold */
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, prog, &out);
	assert_int_equal(out.bytes, 70000);
	assert_int_equal(out.linear_bytes, 70000 - 17 * 4096);
	xb_xdp_copy(f->x, 14, 70000 - 14, copy);
	assert_memory_equal(copy, f->data, 70000 - 14);
	teardown(f);
	free(copy);
	free(f);
}

static void
test_options(void **state)
{
	static const struct {
		const char *name;
		struct xb_xdp_opts opts;
		bool good;
		u32 max_bytes, max_meta_bytes;
	} rows[] = {
		{ "defaults", { 0, 0, 0 }, true, 73152, 216 },
		{ "least headroom", { 0, 40, 0 }, true, 73152, 0 },
		{ "less headroom", { 0, 32, 0 }, false, 0, 0 },
		{ "most headroom", { 0, 3520, 0 }, true, 69888, 252 },
		{ "more headroom", { 0, 3528, 0 }, false, 0, 0 },
		{ "headroom of 100", { 0, 100, 0 }, false, 0, 0 },
		{ "linear part of 14", { 0, 0, 14 }, true, 73152, 216 },
		{ "linear part of 13", { 0, 0, 13 }, false, 0, 0 },
		{ "linear part of 3520", { 0, 0, 3520 }, true, 73152, 216 },
		{ "linear part of 3521", { 0, 0, 3521 }, false, 0, 0 },
	};
	struct backend b;
	u32 i;

	(void)state;
	backend_open_emu(&b, xb_xdp_register);
	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_err err = XB_ERR_INIT;
		struct xb_xdp *x = xb_xdp_new(b.emu, &rows[i].opts, &err);

		if (!x != !rows[i].good || (!x && err.kind != XB_ERR_USAGE))
			fail_msg("%s: %s", rows[i].name, x ? "was taken" : err.msg);
		if (x && (xb_xdp_max_bytes(x) != rows[i].max_bytes ||
		          xb_xdp_max_meta_bytes(x) != rows[i].max_meta_bytes))
			fail_msg("%s: at most %u bytes, %u of metadata", rows[i].name,
			         xb_xdp_max_bytes(x), xb_xdp_max_meta_bytes(x));
		xb_xdp_free(x);
	}
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accesses),         cmocka_unit_test(test_window),
		cmocka_unit_test(test_headroom_is_zero), cmocka_unit_test(test_deltas),
		cmocka_unit_test(test_fault_undoes),     cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests_name("xdp packet", tests, NULL, NULL);
}
