/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_zeroing.c - on a machine that zeroes always, nothing of what was before is to be seen: not
 * in frames of calls, callbacks and tail calls, not in what the packets before left in a buffer,
 * not in values of maps that are handed out again.
 *
 * Each row looks, after another program or another packet was there. Where Linux leaves something
 * to be seen (or would, had its verifier not refused the program), the row says what, so that it
 * can be told from a look at the wrong place.
 */
#define XB_INSN_BRACES
#include "emu/helper.h"
#include "emu/map_pool.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"
#include "vm/proc.h"
#include "xdp/xdp.h"

#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MAX_INSNS  32
#define MAX_BYTES  3000u
#define LEFT       0xa5u /* what is not to be seen: bytes of the packets before, or a number */
#define LEFT_BYTES 0xa5a5a5a5u

enum map { PERCPU = 1, TAILS, MAPS };

struct box {
	struct backend b;
	struct xb_xdp *xdp;
	struct xb_skb *skb;
	int maps[MAPS];
};

struct insns {
	struct bpf_insn insns[MAX_INSNS];
	u32 cnt;
};

struct row {
	const char *name;
	struct insns before, look; /* look alone: it sees what it did itself */
	u32 before_bytes, bytes;   /* of the packets; of zeros for the second. 0: 60 */
	u32 needed;                /* R0 where only what is needed is zeroed; else it is 0 */
	bool tc;
};

#define PROG(...)                                                                                  \
	{                                                                                          \
		{ __VA_ARGS__ }, sizeof((struct bpf_insn[]){ __VA_ARGS__ }) / 8                    \
	}
#define CALL(id)    XB_CALL(BPF_FUNC_##id)
#define K(reg, v)   XB_MOV64_IMM(reg, v)
#define R(to, from) XB_MOV64_REG(to, from)
#define ADD(reg, v) XB_ALU64_IMM(BPF_ADD, reg, v)
#define MAP(reg, m) XB_LD_MAP_FD(reg, m)
#define EXIT        XB_EXIT()
/* Where the frame of a call from here is; of one from there. */
#define CALLEES(reg)    R(reg, 10), ADD(reg, XB_PROC_FRAME_STRIDE - 8)
#define XDP_DATA(reg)   XB_LDX_MEM(BPF_W, reg, 6, 0)
#define XDP_META(reg)   XB_LDX_MEM(BPF_W, reg, 6, 8)
#define ADJUST(what, v) R(6, 1), K(2, v), CALL(xdp_adjust_##what)
#define LOAD_BYTES(off) R(1, 6), K(2, off), R(3, 10), ADD(3, -8), K(4, 4), CALL(skb_load_bytes)
#define LOADED          XB_LDX_MEM(BPF_W, 0, 10, -8), EXIT
#define STORE_BYTES(off)                                                                           \
	R(1, 6), K(2, off), R(3, 10), ADD(3, -8), K(4, 4), K(5, 0), CALL(skb_store_bytes)
#define LEAVE_ON_STACK XB_ST_MEM(BPF_W, 10, -8, LEFT_BYTES)

/* clang-format off */
static const struct row rows[] = {
	/* The function does not name its frame, which it has an address of. */
	{ "a function, called again",
	  .look = PROG(CALLEES(6), R(1, 6), XB_CALL_FUNC(3), R(1, 6), XB_CALL_FUNC(3), EXIT,
	               XB_ST_MEM(BPF_W, 1, 0, LEFT), EXIT, XB_LDX_MEM(BPF_W, 0, 1, 0), EXIT),
	  .needed = LEFT },
	{ "a function, in the next run",
	  .before = PROG(CALLEES(1), XB_CALL_FUNC(1), EXIT, XB_ST_MEM(BPF_W, 1, 0, LEFT), K(0, 0), EXIT),
	  .look = PROG(CALLEES(1), XB_CALL_FUNC(1), EXIT, XB_LDX_MEM(BPF_W, 0, 1, 0), EXIT),
	  .needed = LEFT },
	/* The first call leaves it, the second takes it to the caller's frame. */
	{ "a callback",
	  .look = PROG(CALLEES(1), XB_STX_MEM(BPF_DW, 10, 1, -16), XB_ST_MEM(BPF_DW, 10, -8, 1),
	               K(1, 2), XB_LD_FUNC(2, 7), R(3, 10), ADD(3, -16), K(4, 0), CALL(loop),
	               XB_LDX_MEM(BPF_DW, 0, 10, -8), EXIT,
	               XB_LDX_MEM(BPF_DW, 3, 2, 0), XB_LDX_MEM(BPF_W, 4, 3, 0),
	               XB_STX_MEM(BPF_DW, 2, 4, 8), XB_ST_MEM(BPF_W, 3, 0, LEFT), K(0, 0), EXIT),
	  .needed = LEFT },
	/* It goes to the program that returns what lies at R6. */
	{ "a tail call",
	  .look = PROG(XB_ST_MEM(BPF_W, 10, -8, LEFT), R(6, 10), ADD(6, -8), MAP(2, TAILS), K(3, 0),
	               CALL(tail_call), K(0, 1), EXIT),
	  .needed = LEFT },
	{ "another CPU's value",
	  .look = PROG(XB_ST_MEM(BPF_W, 10, -4, 1), XB_ST_MEM(BPF_DW, 10, -16, 9),
	               MAP(1, PERCPU), R(2, 10), ADD(2, -4), R(3, 10), ADD(3, -16), K(4, 0), CALL(map_update_elem),
	               MAP(1, PERCPU), R(2, 10), ADD(2, -4), K(3, 1), CALL(map_lookup_percpu_elem),
	               XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_LDX_MEM(BPF_DW, 0, 0, 0), EXIT) },
	{ "headroom",
	  .before = PROG(ADJUST(head, -16), XDP_DATA(1), XB_ST_MEM(BPF_DW, 1, 0, LEFT), K(0, 0), EXIT),
	  .look = PROG(ADJUST(head, -16), XDP_DATA(1), XB_LDX_MEM(BPF_W, 0, 1, 0), EXIT) },
	{ "metadata",
	  .before = PROG(ADJUST(meta, -8), XDP_META(1), XB_ST_MEM(BPF_DW, 1, 0, LEFT), K(0, 0), EXIT),
	  .look = PROG(ADJUST(meta, -8), XDP_META(1), XB_LDX_MEM(BPF_W, 0, 1, 0), EXIT) },
	{ "headroom that was metadata",
	  .before = PROG(ADJUST(meta, -8), XDP_META(1), XB_ST_MEM(BPF_DW, 1, 0, LEFT), K(0, 0), EXIT),
	  .look = PROG(ADJUST(head, -8), XDP_DATA(1), XB_LDX_MEM(BPF_W, 0, 1, 0), EXIT) },
	{ "tailroom", .before = PROG(K(0, 0), EXIT), .before_bytes = 400,
	  .look = PROG(ADJUST(tail, 100), XDP_DATA(1), XB_LDX_MEM(BPF_W, 0, 1, 120), EXIT) },
	{ "tailroom that was cut off",
	  .look = PROG(R(6, 1), XDP_DATA(2), XB_ST_MEM(BPF_W, 2, 52, LEFT),
	               K(2, -10), CALL(xdp_adjust_tail), R(1, 6), K(2, 10), CALL(xdp_adjust_tail),
	               XDP_DATA(1), XB_LDX_MEM(BPF_W, 0, 1, 52), EXIT) },
	{ "TC: in front of the packet", .tc = true,
	  .before = PROG(R(6, 1), K(2, 16), K(3, 0), CALL(skb_change_head), LEAVE_ON_STACK, STORE_BYTES(0), K(0, 0), EXIT),
	  .look = PROG(R(6, 1), K(2, 16), K(3, 0), CALL(skb_change_head), LOAD_BYTES(0), LOADED) },
	{ "TC: behind the packet", .tc = true, .before = PROG(K(0, 0), EXIT), .before_bytes = 1000,
	  .look = PROG(R(6, 1), K(2, 800), K(3, 0), CALL(skb_change_tail), LOAD_BYTES(700), LOADED) },
	{ "TC: behind the packet, cut off", .tc = true,
	  .look = PROG(R(6, 1), LEAVE_ON_STACK, STORE_BYTES(50), R(1, 6), K(2, 44), K(3, 0), CALL(skb_change_tail),
	               R(1, 6), K(2, 60), K(3, 0), CALL(skb_change_tail), LOAD_BYTES(50), LOADED) },
	{ "TC: between MAC and network", .tc = true,
	  .before = PROG(R(6, 1), K(2, 20), K(3, 1), K(4, 0), CALL(skb_adjust_room), LEAVE_ON_STACK, STORE_BYTES(16), K(0, 0), EXIT),
	  .look = PROG(R(6, 1), K(2, 20), K(3, 1), K(4, 0), CALL(skb_adjust_room), LOAD_BYTES(16), LOADED) },
	{ "TC: behind a network header", .tc = true, .before = PROG(K(0, 0), EXIT), .before_bytes = 1000,
	  .look = PROG(R(6, 1), K(2, 20), K(3, 0), K(4, 0), CALL(skb_adjust_room), LOAD_BYTES(36), LOADED) },
	{ "TC: the control block", .tc = true,
	  .before = PROG(XB_ST_MEM(BPF_W, 1, 48, LEFT), K(0, 0), EXIT),
	  .look = PROG(XB_LDX_MEM(BPF_W, 0, 1, 48), EXIT) },
};
/* What is tail-called. */
static const struct insns tail = PROG(XB_LDX_MEM(BPF_W, 0, 6, 0), EXIT);
/* clang-format on */

static struct xb_bpf_prog *
load(const struct box *box, const struct insns *from, bool tc)
{
	struct bpf_insn insns[MAX_INSNS];
	const struct backend_prog opts = { .insns = insns,
		                           .insn_cnt = from->cnt,
		                           .type = tc ? BPF_PROG_TYPE_SCHED_CLS
		                                      : BPF_PROG_TYPE_XDP };
	struct xb_bpf_prog *prog;
	int fd;

	memcpy(insns, from->insns, sizeof(insns));
	for (u32 i = 0; i < from->cnt; i++)
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) &&
		    insns[i].src_reg == BPF_PSEUDO_MAP_FD)
			insns[i].imm = box->maps[insns[i].imm];
	fd = backend_prog(&box->b, &opts);
	prog = backend_emu_prog(&box->b, fd);
	close(fd);
	return prog;
}

static void
box_open(struct box *box, enum xb_zeroing zeroing)
{
	const struct xb_emu_opts opts = { .cpu_cnt = 2, .zeroing = zeroing };
	const struct xb_xdp_opts xdp = { .vcpu = 0 };
	const struct xb_skb_opts skb = { .vcpu = 0, .any_ifindex = true };
	const struct backend_prog prog = { .insns = tail.insns, .insn_cnt = tail.cnt };
	struct xb_err err = XB_ERR_INIT;
	u32 zero = 0;
	int fd;

	*box = (struct box){ .b = { .name = "emulator", .emu = xb_emu_new(&opts, &err) } };
	if (!box->b.emu)
		fail_msg("%s", err.msg);
	xb_xdp_register(box->b.emu);
	xb_skb_register(box->b.emu);
	box->xdp = xb_xdp_new(box->b.emu, &xdp, &err);
	box->skb = xb_skb_new(box->b.emu, &skb, &err);
	assert_true(box->xdp && box->skb);
	box->maps[PERCPU] = backend_map(&box->b, BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 1);
	box->maps[TAILS] = backend_map(&box->b, BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1);
	fd = backend_prog(&box->b, &prog);
	assert_int_equal(backend_update(&box->b, box->maps[TAILS], &zero, &fd), 0);
	close(fd);
}

static void
box_close(struct box *box)
{
	close(box->maps[PERCPU]);
	close(box->maps[TAILS]);
	xb_xdp_free(box->xdp);
	xb_skb_free(box->skb);
	backend_close(&box->b);
}

/* Both CPUs' values of an element that is gone. */
static void
leave_values(const struct box *box)
{
	const u64 values[2] = { LEFT, LEFT };
	union bpf_attr attr;
	u32 key = 1;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)box->maps[PERCPU];
	attr.key = (uintptr_t)&key;
	backend_bpf(&box->b, BPF_MAP_DELETE_ELEM, &attr);
	assert_int_equal(backend_update(&box->b, box->maps[PERCPU], &key, values), 0);
	assert_int_equal(backend_bpf(&box->b, BPF_MAP_DELETE_ELEM, &attr), 0);
}

/* R0 of a packet's run. */
static u32
run(const struct box *box, const struct row *row, const struct insns *insns, u8 fill, u32 bytes)
{
	static const struct xb_skb_ctx ctx = { .ifindex = 1, .at_ingress = true };
	const struct xb_bpf_prog *prog = load(box, insns, row->tc);
	struct xb_skb_out skb = { 0 };
	struct xb_xdp_out xdp = { 0 };
	u8 data[MAX_BYTES];
	const struct xb_skb_in skb_in = { .data = data, .bytes = bytes, .ctx = &ctx };
	const struct xb_xdp_in xdp_in = { .data = data, .bytes = bytes };
	const struct xb_fault *fault;

	memset(data, fill, bytes);
	memcpy(data + 12, "\x08\0\x45", 3);
	if (row->tc) {
		xb_skb_load(box->skb, &skb_in);
		xb_skb_run(box->skb, prog, &skb);
	} else {
		xb_xdp_load(box->xdp, &xdp_in);
		xb_xdp_run(box->xdp, prog, &xdp);
	}
	fault = row->tc ? skb.fault : xdp.fault;
	if (fault)
		fail_msg("%s: %s", row->name, fault->message);
	return row->tc ? (u32)skb.retval : xdp.retval;
}

static void
test_rows(void **state)
{
	(void)state;
	for (u32 zeroing = XB_ZERO_NEEDED; zeroing <= XB_ZERO_ALWAYS; zeroing++) {
		struct box box;

		box_open(&box, (enum xb_zeroing)zeroing);
		for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
			const struct row *row = &rows[i];
			u32 want = zeroing == XB_ZERO_ALWAYS ? 0 : row->needed, got;

			leave_values(&box);
			if (row->before.cnt)
				run(&box, row, &row->before, LEFT,
				    row->before_bytes ? row->before_bytes : 60);
			got = run(&box, row, &row->look, 0, row->bytes ? row->bytes : 60);
			if (got != want)
				fail_msg("%s: zeroing %u: %#x, not %#x", row->name, zeroing, got,
				         want);
		}
		box_close(&box);
	}
}

/* What all maps with values in pools take them from, whatever the policy. */
static void
test_pool(void **state)
{
	struct backend b;
	int fd;

	(void)state;
	backend_open_emu(&b, NULL);
	fd = backend_map(&b, BPF_MAP_TYPE_HASH, 4, 24, 4);
	for (u32 copies = 1; copies <= 4; copies += 3) {
		const struct xb_map_pool_opts opts = { .head_bytes = 16,
			                               .val_off = 8,
			                               .value_bytes = 24,
			                               .copies = copies,
			                               .tail_bytes = 8 };
		struct xb_map_pool pool;
		u32 refs[2], again;

		xb_map_pool_init(&pool, backend_emu_map(&b, fd), &opts);
		for (u32 late = 0; late < 2; late++) {
			refs[0] = xb_map_pool_get(&pool);
			memset(xb_map_pool_value_host(&pool, refs[0], 0), LEFT, pool.values_bytes);
			if (late)
				xb_map_pool_retire(&pool, refs[0]);
			else
				xb_map_pool_put(&pool, refs[0]);
			xb_map_pool_gc(&pool);
			again = xb_map_pool_get(&pool);
			assert_int_equal(again, refs[0]);
			for (u32 i = 0; i < pool.values_bytes; i++)
				assert_int_equal(((u8 *)xb_map_pool_value_host(&pool, again, 0))[i],
				                 0);
		}
		xb_map_pool_fini(&pool);
	}
	close(fd);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
