/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_packet.c - a packet's buffer: which bytes a program may touch, what is left behind, and what
 * a fault undoes.
 */
#include "tests/skb/fixture.h"

#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void
run(struct fixture *f, const struct xb_bpf_prog *prog, u32 bytes, struct xb_skb_out *out)
{
	const struct xb_skb_in in = { .data = f->data, .bytes = bytes, .ctx = &fixture_plain };

	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, prog, out);
}

struct access {
	const char *name;
	u32 bytes, meta, linear; /* of the packet, of its metadata, of its linear part (0: all) */
	s32 pull;                /* bpf_skb_pull_data before; -1: not called */
	struct bpf_insn insn;
	enum xb_fault_kind kind;
	const char *message; /* a part of it */
};

#define END_OF(n) "1 byte past the end of packet (" #n " bytes)"

/* clang-format off */
static const struct access accesses[] = {
	{ "first byte",			54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 0), XB_FAULT_NONE, "" },
	{ "last byte",			54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 53), XB_FAULT_NONE, "" },
	{ "byte after the last",	54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 54), XB_FAULT_OOB_READ, END_OF(54) },
	{ "third after the last",	54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 56), XB_FAULT_OOB_READ, "3 bytes past the end of packet (54 bytes)" },
	{ "at data_end",		54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 3, 0), XB_FAULT_OOB_READ, END_OF(54) },
	{ "before data_end",		54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 3, -1), XB_FAULT_NONE, "" },
	{ "byte before the first",	54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, -1), XB_FAULT_OOB_READ, "1 byte before the start of packet (54 bytes)" },
	{ "last two",			54, 0, 0, -1, XB_LDX_MEM(BPF_H, 5, 2, 52), XB_FAULT_NONE, "" },
	{ "two, half outside",		54, 0, 0, -1, XB_LDX_MEM(BPF_H, 5, 2, 53), XB_FAULT_OOB_READ, END_OF(54) },
	{ "last four",			54, 0, 0, -1, XB_LDX_MEM(BPF_W, 5, 2, 50), XB_FAULT_NONE, "" },
	{ "four, one outside",		54, 0, 0, -1, XB_LDX_MEM(BPF_W, 5, 2, 51), XB_FAULT_OOB_READ, END_OF(54) },
	{ "last eight",			54, 0, 0, -1, XB_LDX_MEM(BPF_DW, 5, 2, 46), XB_FAULT_NONE, "" },
	{ "eight, one outside",		54, 0, 0, -1, XB_LDX_MEM(BPF_DW, 5, 2, 47), XB_FAULT_OOB_READ, END_OF(54) },
	{ "write last",			54, 0, 0, -1, XB_ST_MEM(BPF_B, 2, 53, 1), XB_FAULT_NONE, "" },
	{ "write after the last",	54, 0, 0, -1, XB_ST_MEM(BPF_B, 2, 54, 1), XB_FAULT_OOB_WRITE, END_OF(54) },
	{ "write across the end",	60, 0, 0, -1, XB_ST_MEM(BPF_DW, 2, 53, 1), XB_FAULT_OOB_WRITE, END_OF(60) },
	{ "write before the first",	54, 0, 0, -1, XB_ST_MEM(BPF_B, 2, -1, 1), XB_FAULT_OOB_WRITE, "1 byte before the start of packet (54 bytes)" },
	{ "atomic at the end",		56, 0, 0, -1, XB_ATOMIC(BPF_W, BPF_ADD, 2, 5, 52), XB_FAULT_NONE, "" },
	{ "atomic across the end",	56, 0, 0, -1, XB_ATOMIC(BPF_DW, BPF_ADD, 2, 5, 52), XB_FAULT_OOB_WRITE, END_OF(56) },
	{ "linear part of a page",	3712, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 3711), XB_FAULT_NONE, "" },
	{ "after it",			3712, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 3712), XB_FAULT_OOB_READ, END_OF(3712) },
	{ "fragments are not there",	9000, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 3712), XB_FAULT_OOB_READ, END_OF(3712) },
	{ "fragments at data_end",	9000, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 3, 0), XB_FAULT_OOB_READ, END_OF(3712) },
	{ "packet of one byte",		1, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 0), XB_FAULT_NONE, "" },
	{ "after one byte",		1, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 1), XB_FAULT_OOB_READ, "1 byte past the end of packet (1 bytes)" },
	{ "packet of no bytes",		0, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 2, 0), XB_FAULT_OOB_READ, "" },

	{ "first of metadata",		54, 8, 0, -1, XB_LDX_MEM(BPF_W, 5, 4, 0), XB_FAULT_NONE, "" },
	{ "last of metadata",		54, 8, 0, -1, XB_LDX_MEM(BPF_W, 5, 2, -4), XB_FAULT_NONE, "" },
	{ "before metadata",		54, 8, 0, -1, XB_LDX_MEM(BPF_B, 5, 4, -1), XB_FAULT_OOB_READ, "1 byte before the start of packet (62 bytes)" },
	{ "write metadata",		54, 8, 0, -1, XB_ST_MEM(BPF_DW, 2, -8, 1), XB_FAULT_NONE, "" },
	{ "write before metadata",	54, 8, 0, -1, XB_ST_MEM(BPF_DW, 2, -12, 1), XB_FAULT_OOB_WRITE, "4 bytes before the start of packet (62 bytes)" },
	{ "metadata is none",		54, 0, 0, -1, XB_LDX_MEM(BPF_B, 5, 4, -1), XB_FAULT_OOB_READ, "1 byte before the start of packet (54 bytes)" },
	{ "most metadata",		54, 252, 0, -1, XB_LDX_MEM(BPF_DW, 5, 2, -252), XB_FAULT_NONE, "" },
	{ "before most metadata",	54, 252, 0, -1, XB_LDX_MEM(BPF_DW, 5, 2, -253), XB_FAULT_OOB_READ, "1 byte before the start of packet (306 bytes)" },
	{ "metadata alone",		0, 4, 0, -1, XB_LDX_MEM(BPF_W, 5, 2, -4), XB_FAULT_NONE, "" },
	{ "metadata, nothing linear",	54, 4, 1, -1, XB_LDX_MEM(BPF_W, 5, 2, -2), XB_FAULT_OOB_READ, "packet (5 bytes)" },

	{ "linear part of 100",		300, 0, 100, -1, XB_LDX_MEM(BPF_B, 5, 2, 99), XB_FAULT_NONE, "" },
	{ "after linear 100",		300, 0, 100, -1, XB_LDX_MEM(BPF_B, 5, 2, 100), XB_FAULT_OOB_READ, END_OF(100) },
	{ "linear part is all",		90, 0, 100, -1, XB_LDX_MEM(BPF_B, 5, 2, 90), XB_FAULT_OOB_READ, END_OF(90) },
	{ "pulled, last",		300, 0, 100, 150, XB_LDX_MEM(BPF_B, 5, 2, 149), XB_FAULT_NONE, "" },
	{ "pulled, after",		300, 0, 100, 150, XB_LDX_MEM(BPF_B, 5, 2, 150), XB_FAULT_OOB_READ, END_OF(150) },
	{ "pulled all",			300, 0, 100, 300, XB_ST_MEM(BPF_B, 2, 299, 1), XB_FAULT_NONE, "" },
	{ "pulled all, after",		300, 0, 100, 300, XB_ST_MEM(BPF_B, 2, 300, 1), XB_FAULT_OOB_WRITE, END_OF(300) },
	{ "pulled too much",		300, 0, 100, 301, XB_LDX_MEM(BPF_B, 5, 2, 100), XB_FAULT_OOB_READ, END_OF(100) },
	{ "pulled less",		300, 0, 100, 50, XB_LDX_MEM(BPF_B, 5, 2, 99), XB_FAULT_NONE, "" },
	{ "pulled less, after",		300, 0, 100, 50, XB_LDX_MEM(BPF_B, 5, 2, 100), XB_FAULT_OOB_READ, END_OF(100) },
	{ "pulled nothing",		300, 0, 100, 0, XB_LDX_MEM(BPF_B, 5, 2, 100), XB_FAULT_OOB_READ, END_OF(100) },
	{ "pulled from fragments",	9000, 0, 0, 8999, XB_LDX_MEM(BPF_H, 5, 2, 8997), XB_FAULT_NONE, "" },

	{ "read context",		54, 0, 0, -1, XB_LDX_MEM(BPF_W, 5, 6, CTX(ifindex)), XB_FAULT_NONE, "" },
	{ "family",			54, 0, 0, -1, XB_LDX_MEM(BPF_W, 5, 6, CTX(family)), XB_FAULT_BAD_CONTEXT, "invalid bpf_context access off=88 size=4: 'family' of __sk_buff cannot be loaded" },
	{ "write context",		54, 0, 0, -1, XB_ST_MEM(BPF_W, 6, CTX(len), 1), XB_FAULT_BAD_CONTEXT, "invalid bpf_context access off=0 size=4: 'len' of __sk_buff cannot be stored to" },
	{ "write context narrowly",	54, 0, 0, -1, XB_ST_MEM(BPF_B, 6, CTX(mark), 1), XB_FAULT_BAD_CONTEXT, "invalid bpf_context access off=8 size=1: 'mark' of __sk_buff cannot be stored to this way" },
	{ "after the context",		54, 0, 0, -1, XB_LDX_MEM(BPF_W, 5, 6, 192), XB_FAULT_BAD_CONTEXT, "invalid bpf_context access off=192 size=4: __sk_buff has no field there" },
	{ "before the context",		54, 0, 0, -1, XB_LDX_MEM(BPF_W, 5, 6, -4), XB_FAULT_BAD_CONTEXT, "invalid bpf_context access off=-4 size=4: __sk_buff has no field there" },
	{ "atomic of the context",	54, 0, 0, -1, XB_ATOMIC(BPF_W, BPF_ADD, 6, 5, CTX(mark)), XB_FAULT_BAD_CONTEXT, "'mark' of __sk_buff cannot be accessed atomically" },
};
/* clang-format on */

static void
check_access(struct fixture *f, const struct access *a)
{
	const struct xb_skb_in in = { .data = f->data,
		                      .bytes = a->bytes,
		                      .meta = f->meta,
		                      .meta_bytes = a->meta,
		                      .linear_bytes = a->linear,
		                      .ctx = &fixture_plain };
	const struct xb_bpf_prog *prog =
	        a->pull < 0 ? PROG(f, POINTERS, XB_MOV64_IMM(5, 0), a->insn, RETURN(TC_ACT_OK))
	                    : PROG(f, XB_MOV64_REG(6, 1), CALL2(BPF_FUNC_skb_pull_data, a->pull),
	                           XB_MOV64_REG(1, 6), POINTERS, a->insn, RETURN(TC_ACT_OK));
	struct xb_skb_out out;

	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, prog, &out);
	if (out.status != (a->kind ? XB_RUN_FAULT : XB_RUN_EXIT))
		fail_msg("%s: %s", a->name, out.fault ? out.fault->message : "no fault");
	if (!a->kind)
		return;
	assert_int_equal(out.retval, TC_ACT_SHOT);
	if (out.fault->kind != a->kind)
		fail_msg("%s: %s", a->name, xb_fault_kind_name(out.fault->kind));
	if (!strstr(out.fault->message, a->message))
		fail_msg("%s: '%s', expected '%s'", a->name, out.fault->message, a->message);
}

static void
test_accesses(void **state)
{
	struct fixture *f = fixture_new();
	u32 i;

	(void)state;
	for (i = 0; i < XB_ARRAY_SIZE(accesses); i++)
		check_access(f, &accesses[i]);
	fixture_free(f);
}

static u32
next_random(u32 *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

/* Whether exactly [start, end) is addressable of the bytes from `from` to before `to`. */
static void
check_window(const struct xb_mem *mem, u64 from, u64 to, u64 start, u64 end, u32 round)
{
	u64 g;

	for (g = from; g < to; g++)
		if (xb_mem_check(mem, g, 1, XB_MEM_WRITE) != (g >= start && g < end))
			fail_msg("round %u: byte %lld of a packet of %llu bytes", round,
			         (long long)(g - start), (unsigned long long)(end - start));
}

#define MARGIN 300u

/* The window moves from any place to any other, by loads and by helpers. */
static void
test_window(void **state)
{
	struct fixture *f = fixture_new();
	const struct xb_mem *mem = f->b.emu->mem;
	struct xb_skb_out out;
#define MOVES(func, n) PROG(f, XB_MOV64_REG(6, 1), CALL2(func, n), RETURN(TC_ACT_OK))
	const struct xb_bpf_prog *const progs[] = {
		MOVES(BPF_FUNC_skb_change_head, 37),
		MOVES(BPF_FUNC_skb_change_head, 2000),
		MOVES(BPF_FUNC_skb_change_tail, 51),
		MOVES(BPF_FUNC_skb_change_tail, 4321),
		MOVES(BPF_FUNC_skb_change_tail, 16064),
		MOVES(BPF_FUNC_skb_pull_data, 1000),
		PROG(f, RETURN(TC_ACT_OK)),
	};
	u32 seed = 1, round;
	u64 at, end, old_at = 0, old_end = 0;

	(void)state;
	for (round = 0; round < 2000; round++) {
		const struct xb_skb_in in = {
			.data = f->data,
			.bytes = next_random(&seed) % (round % 3 ? 90 : 6000),
			.meta = f->meta,
			.meta_bytes = next_random(&seed) % 20 * 4 * (round % 2),
			.linear_bytes = next_random(&seed) % 4000,
			.ctx = &fixture_plain,
		};

		xb_skb_load(f->s, &in);
		xb_skb_run(f->s, progs[next_random(&seed) % XB_ARRAY_SIZE(progs)], &out);
		if (round % 5 == 0)
			xb_skb_run(f->s, progs[next_random(&seed) % XB_ARRAY_SIZE(progs)], &out);
		at = xb_mem_gaddr(mem, out.data);
		end = at + out.linear_bytes;
		at -= out.meta_bytes;
		assert_int_equal(out.ctx->data_meta, at);
		assert_int_equal(out.ctx->data_end, end);
		check_window(mem, at - MARGIN, end + MARGIN, at, end, round);
		check_window(mem, old_at, old_end, at, end, round);
		old_at = at;
		old_end = end;
	}
	fixture_free(f);
}

/* What LD_ABS and the bytes helpers reach, the window does not. */
static void
test_nonlinear(void **state)
{
	struct fixture *f = fixture_new();
	const struct xb_skb_in in = {
		.data = f->data, .bytes = 300, .linear_bytes = 100, .ctx = &fixture_plain
	};
	struct xb_skb_out out;

	(void)state;
	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, PROG(f, XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_B, 299), XB_EXIT()), &out);
	assert_int_equal(out.status, XB_RUN_EXIT);
	assert_int_equal(out.retval, f->data[299]);
	assert_int_equal(out.bytes, 300);
	assert_int_equal(out.linear_bytes, 100);
	assert_memory_equal(out.data, f->data, 300);
	xb_skb_run(f->s,
	           PROG(f, XB_MOV64_REG(6, 1), CALL2(BPF_FUNC_skb_pull_data, 200),
	                XB_MOV64_REG(1, 6), POINTERS, XB_ST_MEM(BPF_B, 2, 199, 0x5a),
	                RETURN(TC_ACT_OK)),
	           &out);
	assert_int_equal(out.status, XB_RUN_EXIT);
	assert_int_equal(out.linear_bytes, 200);
	assert_int_equal(out.data[199], 0x5a);
	assert_memory_equal(out.data + 200, f->data + 200, 100);
	fixture_free(f);
}

static void
test_deltas(void **state)
{
	struct fixture *f = fixture_new();
	struct xb_skb_out out;

	(void)state;
	run(f, PROG(f, RETURN(TC_ACT_OK)), 64, &out);
	assert_int_equal(out.head_delta, 0);
	assert_int_equal(out.tail_delta, 0);
	assert_int_equal(out.insns, 2);
	assert_false(out.changed);
	run(f,
	    PROG(f, XB_MOV64_REG(6, 1), CALL2(BPF_FUNC_skb_change_head, 20),
	         CALL2(BPF_FUNC_skb_change_tail, 74), RETURN(TC_ACT_PIPE)),
	    64, &out);
	assert_int_equal(out.retval, TC_ACT_PIPE);
	assert_int_equal(out.bytes, 74);
	assert_int_equal(out.head_delta, -20);
	assert_int_equal(out.tail_delta, -10);
	assert_true(out.changed);
	assert_memory_equal(out.data + 20, f->data, 54);
	run(f, PROG(f, XB_MOV64_REG(6, 1), CALL2(BPF_FUNC_skb_change_tail, 9000), RETURN(0)), 64,
	    &out);
	assert_int_equal(out.bytes, 9000);
	assert_int_equal(out.head_delta, 0);
	assert_int_equal(out.tail_delta, 8936);
	run(f, PROG(f, XB_ST_MEM(BPF_W, 1, CTX(mark), 7), RETURN(TC_ACT_OK)), 64, &out);
	assert_int_equal(out.head_delta, 0);
	assert_true(out.changed);
	assert_int_equal(out.ctx->mark, 7);
	fixture_free(f);
}

/* A GSO packet's front may grow beyond the room there is: the packet moves to where there is more.
 */
static void
test_far(void **state)
{
	static const struct xb_skb_ctx gso = { .ifindex = 1, .gso_size = 1000, .gso_type = 1 };
	struct fixture *f = fixture_new();
	const struct xb_skb_in in = { .data = f->data, .bytes = 100, .ctx = &gso };
	const struct xb_bpf_prog *grow =
	        PROG(f, XB_MOV64_REG(6, 1), CALL2(BPF_FUNC_skb_change_head, 30000), POINTERS_OF(6),
	             XB_ST_MEM(BPF_B, 2, 0, 7), XB_LDX_MEM(BPF_B, 0, 3, -1), XB_EXIT());
	struct xb_skb_out out;
	s32 round;

	(void)state;
	xb_skb_load(f->s, &in);
	for (round = 1; round <= 5; round++) {
		u64 at;

		xb_skb_run(f->s, grow, &out);
		at = xb_mem_gaddr(f->b.emu->mem, out.data);
		assert_int_equal(out.status, XB_RUN_EXIT);
		assert_int_equal(out.retval, f->data[99]);
		assert_int_equal(out.bytes, 100 + 30000 * round);
		assert_int_equal(out.head_delta, -30000 * round);
		assert_int_equal(out.tail_delta, 0);
		assert_int_equal(out.data[0], 7);
		assert_memory_equal(out.data + 30000 * round, f->data, 100);
		check_window(f->b.emu->mem, at - MARGIN, at + out.bytes + MARGIN, at,
		             at + out.bytes, (u32)round);
	}
	fixture_free(f);
}

/* A header made up in front is a part of the packet. */
static void
test_header(void **state)
{
	static const u8 hdr[14] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 };
	struct fixture *f = fixture_new();
	struct xb_skb_in in = { .hdr = hdr,
		                .hdr_bytes = 14,
		                .data = f->data,
		                .bytes = 46,
		                .meta = f->meta,
		                .meta_bytes = 4,
		                .ctx = &fixture_plain };
	struct xb_skb_out out;

	(void)state;
	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, PROG(f, XB_LDX_MEM(BPF_W, 0, 1, CTX(protocol)), XB_EXIT()), &out);
	assert_int_equal(out.retval, 8);
	assert_int_equal(out.bytes, 60);
	assert_memory_equal(out.data, hdr, 14);
	assert_memory_equal(out.data + 14, f->data, 46);
	assert_int_equal(out.meta_bytes, 4);
	assert_memory_equal(out.meta, f->meta, 4);
	in.bytes = 4; /* all of the packet is shorter than the header */
	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, PROG(f, RETURN(TC_ACT_OK)), &out);
	assert_int_equal(out.bytes, 18);
	assert_memory_equal(out.data + 14, f->data, 4);
	fixture_free(f);
}

static void
test_options(void **state)
{
	struct fixture *f = fixture_new();
	struct xb_skb_opts opts = { .linear_bytes = XB_SKB_MAX_BYTES };
	struct xb_err err = XB_ERR_INIT;
	struct xb_skb_out out;
	struct xb_skb *s = fixture_skb(f, &opts);
	const struct xb_skb_in in = { .data = f->data,
		                      .bytes = XB_SKB_MAX_BYTES,
		                      .ctx = &fixture_plain };

	(void)state;
	xb_skb_load(s, &in);
	xb_skb_run(s, PROG(f, RETURN(TC_ACT_OK)), &out);
	assert_int_equal(out.bytes, XB_SKB_MAX_BYTES);
	assert_int_equal(out.linear_bytes, XB_SKB_MAX_BYTES);
	assert_memory_equal(out.data, f->data, XB_SKB_MAX_BYTES);
	xb_skb_free(s);
	opts.linear_bytes++;
	assert_null(xb_skb_new(f->b.emu, &opts, &err));
	assert_int_equal(err.kind, XB_ERR_USAGE);
	xb_skb_free(NULL);
	fixture_free(f);
}

static void
test_to_wire(void **state)
{
	static const struct {
		const char *name;
		u32 bytes;
		u8 in[20], out[24];
	} rows[] = {
		{ "a frame",
		  16,
		  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0, 0x45, 0 },
		  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0x21, 0x23, 8, 0, 0x45, 0 } },
		{ "addresses alone",
		  12,
		  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 },
		  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x81, 0, 0x21, 0x23 } },
		{ "less than that", 3, { 1, 2, 3 }, { 1, 2, 3, 0x81, 0, 0x21, 0x23 } },
		{ "nothing", 0, { 0 }, { 0x81, 0, 0x21, 0x23 } },
	};
	u8 out[24];
	u32 i;

	(void)state;
	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		memset(out, 0, sizeof(out));
		if (xb_skb_to_wire(rows[i].in, rows[i].bytes, 0x0081, 0x2123, out) !=
		            rows[i].bytes + 4 ||
		    memcmp(out, rows[i].out, sizeof(out)) != 0)
			fail_msg("%s", rows[i].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accesses),  cmocka_unit_test(test_window),
		cmocka_unit_test(test_nonlinear), cmocka_unit_test(test_deltas),
		cmocka_unit_test(test_far),       cmocka_unit_test(test_header),
		cmocka_unit_test(test_options),   cmocka_unit_test(test_to_wire),
	};

	return cmocka_run_group_tests_name("skb packet", tests, NULL, NULL);
}
