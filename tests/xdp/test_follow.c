/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_follow.c - where a redirected packet ends, and what the programs of map entries do to it
 * there. The test run of Linux shows none of this, so it is the emulator's alone.
 */
#include "emu/map.h"
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

#define BYTES    64u
#define INGRESS  4u
#define QUEUE    2u
#define MAX_SEEN 8

/* What came by at one delivery. */
struct seen {
	struct xb_delivery d;
	u8 data[BYTES + 32];
};

struct fixture {
	struct backend b;
	struct xb_xdp *x;
	int devmap, hash, cpumap, xskmap;
	struct xb_xdp_out out;
	struct seen seen[MAX_SEEN];
	u32 cnt;
	u32 depth; /* how often deliveries are followed again */
};

static void
setup(struct fixture *f)
{
	struct xb_err err = XB_ERR_INIT;

	memset(f, 0, sizeof(*f));
	backend_open_emu(&f->b, xb_xdp_register);
	f->x = xb_xdp_new(f->b.emu, &(struct xb_xdp_opts){ 0 }, &err);
	assert_non_null(f->x);
	f->devmap = backend_map(&f->b, BPF_MAP_TYPE_DEVMAP, 4, 8, 8);
	f->hash = backend_map(&f->b, BPF_MAP_TYPE_DEVMAP_HASH, 4, 8, 8);
	f->cpumap = backend_map(&f->b, BPF_MAP_TYPE_CPUMAP, 4, 8, 4);
	f->xskmap = backend_map(&f->b, BPF_MAP_TYPE_XSKMAP, 4, 4, 4);
}

static void
teardown(struct fixture *f)
{
	close(f->devmap);
	close(f->hash);
	close(f->cpumap);
	close(f->xskmap);
	xb_xdp_free(f->x);
	backend_close(&f->b);
}

static int
load_fd(struct fixture *f, const struct bpf_insn *insns, u32 cnt, u32 attach_type)
{
	return backend_prog(&f->b, &(struct backend_prog){ .insns = insns,
	                                                   .insn_cnt = cnt,
	                                                   .attach_type = attach_type });
}

#define PROG(f, type, ...)                                                                         \
	load_fd(f, (const struct bpf_insn[]){ __VA_ARGS__ },                                       \
	        sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn), type)

/* Puts {ifindex or queue size, program} into a slot. */
static void
put(struct fixture *f, int map, u32 key, u32 first, int prog)
{
	const s32 value[2] = { (s32)first, prog };

	assert_int_equal(backend_update(&f->b, map, &key, value), 0);
}

/* Runs a program that redirects by the map; its packet is 1, 2, 3, ... */
static void
redirect(struct fixture *f, int map, u64 key, u64 flags)
{
	u8 data[BYTES];
	const struct xb_xdp_in in = {
		.data = data, .bytes = BYTES, .ingress_ifindex = INGRESS, .rx_queue_index = QUEUE
	};
	int fd = PROG(f, BPF_XDP, XB_LD_MAP_FD(1, map), XB_LD_IMM64(2, key), XB_LD_IMM64(3, flags),
	              XB_CALL(BPF_FUNC_redirect_map), XB_EXIT());
	u32 i;

	for (i = 0; i < BYTES; i++)
		data[i] = (u8)(i + 1);
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, backend_emu_prog(&f->b, fd), &f->out);
	close(fd);
	assert_int_equal(f->out.status, XB_RUN_EXIT);
}

static void
on_delivery(void *arg, const struct xb_delivery *d)
{
	struct fixture *f = arg;
	struct seen *s = &f->seen[f->cnt++];

	assert_true(f->cnt <= MAX_SEEN);
	s->d = *d;
	assert_true(d->out.bytes <= sizeof(s->data));
	xb_xdp_copy(f->x, 0, d->out.bytes, s->data);
	if (f->depth && d->out.redirect.kind != XB_REDIRECT_NONE) {
		f->depth--;
		xb_xdp_follow(f->x, &d->out, on_delivery, f);
	}
}

static u32
follow(struct fixture *f)
{
	f->cnt = 0;
	memset(f->seen, 0, sizeof(f->seen));
	return xb_xdp_follow(f->x, &f->out, on_delivery, f);
}

/* The packet as it came in, from offset `from` on. */
static void
check_original(const struct seen *s, u32 at, u32 from, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		assert_int_equal(s->data[at + i], (u8)(from + i + 1));
}

/* R6 = context, R2 = data, after a check of 14 bytes. */
#define PACKET          XB_MOV64_REG(6, 1), XB_LDX_MEM(BPF_W, 2, 6, 0)
#define RETURN(verdict) XB_MOV64_IMM(0, verdict), XB_EXIT()

/* Writes egress_ifindex to byte 0, ingress_ifindex to 1, the queue to 2, and returns. */
static int
mark_prog(struct fixture *f, u32 verdict)
{
	return PROG(f, BPF_XDP_DEVMAP, PACKET, XB_LDX_MEM(BPF_W, 3, 6, 20),
	            XB_STX_MEM(BPF_B, 2, 3, 0), XB_LDX_MEM(BPF_W, 3, 6, 12),
	            XB_STX_MEM(BPF_B, 2, 3, 1), XB_LDX_MEM(BPF_W, 3, 6, 16),
	            XB_STX_MEM(BPF_B, 2, 3, 2), RETURN(verdict));
}

static void
check_mark(const struct seen *s, u32 ifindex)
{
	assert_int_equal(s->d.index, ifindex);
	assert_true(s->d.ran);
	assert_int_equal(s->data[0], ifindex);
	assert_int_equal(s->data[1], INGRESS);
	assert_int_equal(s->data[2], 0);
	check_original(s, 3, 3, BYTES - 3);
}

static void
test_ifindex(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	const u8 data[BYTES] = { 0 };
	const struct xb_xdp_in in = { .data = data, .bytes = BYTES };
	static const struct {
		u32 ifindex, cnt;
	} rows[] = { { 7, 1 }, { 0, 0 }, { 0x80000000, 0 } };
	u32 i;

	(void)state;
	assert_non_null(f);
	setup(f);
	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		int fd = PROG(f, BPF_XDP, XB_MOV64_IMM(1, rows[i].ifindex), XB_MOV64_IMM(2, 0),
		              XB_CALL(BPF_FUNC_redirect), XB_EXIT());

		xb_xdp_load(f->x, &in);
		xb_xdp_run(f->x, backend_emu_prog(&f->b, fd), &f->out);
		close(fd);
		assert_int_equal(f->out.retval, XDP_REDIRECT);
		assert_int_equal(follow(f), rows[i].cnt);
		assert_int_equal(f->cnt, rows[i].cnt);
		if (!rows[i].cnt) {
			assert_int_equal(f->out.redirect.kind, XB_REDIRECT_NONE);
			continue;
		}
		assert_int_equal(f->out.redirect.kind, XB_REDIRECT_IFINDEX);
		assert_int_equal(f->seen[0].d.index, rows[i].ifindex);
		assert_true(f->seen[0].d.forwarded);
		assert_false(f->seen[0].d.ran);
	}
	teardown(f);
	free(f);
}

/* XDP_REDIRECT from a program that named no target; and from one whose last lookup failed. */
static void
test_no_target(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	const u8 data[BYTES] = { 0 };
	const struct xb_xdp_in in = { .data = data, .bytes = BYTES };
	int fd, lost;

	(void)state;
	assert_non_null(f);
	setup(f);
	put(f, f->devmap, 3, 33, -1);
	fd = PROG(f, BPF_XDP, RETURN(XDP_REDIRECT));
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, backend_emu_prog(&f->b, fd), &f->out);
	assert_int_equal(f->out.redirect.kind, XB_REDIRECT_NONE);
	assert_int_equal(follow(f), 0);

	lost = PROG(f, BPF_XDP, XB_LD_MAP_FD(1, f->devmap), XB_MOV64_IMM(2, 3), XB_MOV64_IMM(3, 0),
	            XB_CALL(BPF_FUNC_redirect_map), XB_LD_MAP_FD(1, f->devmap), XB_MOV64_IMM(2, 4),
	            XB_MOV64_IMM(3, 0), XB_CALL(BPF_FUNC_redirect_map), RETURN(XDP_REDIRECT));
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, backend_emu_prog(&f->b, lost), &f->out);
	assert_int_equal(f->out.redirect.kind, XB_REDIRECT_IFINDEX);
	assert_int_equal(f->out.redirect.index, 3); /* the key, as Linux has it */
	/* A redirect that is not asked for is not followed. */
	xb_xdp_load(f->x, &in);
	xb_xdp_run(f->x, backend_emu_prog(&f->b, fd), &f->out);
	assert_int_equal(f->out.redirect.kind, XB_REDIRECT_NONE);
	close(fd);
	close(lost);
	teardown(f);
	free(f);
}

static void
test_devmap(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	int pass, drop, grow, fault, again;

	(void)state;
	assert_non_null(f);
	setup(f);
	pass = mark_prog(f, XDP_PASS);
	drop = mark_prog(f, XDP_DROP);
	again = mark_prog(f, XDP_REDIRECT);
	grow = PROG(f, BPF_XDP_DEVMAP, XB_MOV64_REG(6, 1), XB_MOV64_IMM(2, -14),
	            XB_CALL(BPF_FUNC_xdp_adjust_head), RETURN(XDP_PASS));
	fault = PROG(f, BPF_XDP_DEVMAP, PACKET, XB_ST_MEM(BPF_DW, 2, 0, -1), XB_MOV64_REG(1, 6),
	             XB_MOV64_IMM(2, 4), XB_CALL(BPF_FUNC_xdp_adjust_head),
	             XB_LDX_MEM(BPF_W, 2, 6, 4), XB_LDX_MEM(BPF_B, 3, 2, 0), RETURN(XDP_PASS));
	put(f, f->devmap, 0, 30, -1);
	put(f, f->devmap, 1, 31, pass);
	put(f, f->devmap, 2, 32, drop);
	put(f, f->devmap, 3, 33, grow);
	put(f, f->devmap, 4, 34, fault);
	put(f, f->devmap, 5, 35, again);

	redirect(f, f->devmap, 0, 0);
	assert_int_equal(f->out.redirect.kind, XB_REDIRECT_DEVMAP);
	assert_ptr_equal(f->out.redirect.map, backend_emu_map(&f->b, f->devmap));
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->seen[0].d.index, 30);
	assert_false(f->seen[0].d.ran);
	assert_true(f->seen[0].d.forwarded);
	check_original(&f->seen[0], 0, 0, BYTES);

	redirect(f, f->devmap, 1, 0);
	assert_int_equal(follow(f), 1);
	check_mark(&f->seen[0], 31);
	assert_true(f->seen[0].d.forwarded);

	redirect(f, f->devmap, 2, 0);
	assert_int_equal(follow(f), 1);
	check_mark(&f->seen[0], 32);
	assert_false(f->seen[0].d.forwarded);
	assert_int_equal(f->seen[0].d.out.retval, XDP_DROP);

	redirect(f, f->devmap, 3, 0);
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->seen[0].d.out.bytes, BYTES + 14);
	assert_int_equal(f->seen[0].d.out.head_delta, -14);
	check_original(&f->seen[0], 14, 0, BYTES);

	redirect(f, f->devmap, 4, 0);
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->seen[0].d.out.status, XB_RUN_FAULT);
	assert_int_equal(f->seen[0].d.out.retval, XDP_ABORTED);
	assert_false(f->seen[0].d.forwarded);
	assert_int_equal(f->seen[0].d.out.bytes, BYTES);
	check_original(&f->seen[0], 0, 0, BYTES);

	f->depth = 1;
	redirect(f, f->devmap, 5, 0); /* a devmap's program cannot redirect */
	assert_int_equal(follow(f), 1);
	assert_false(f->seen[0].d.forwarded);
	assert_int_equal(f->seen[0].d.out.redirect.kind, XB_REDIRECT_NONE);
	assert_int_equal(f->cnt, 1);
	close(pass);
	close(drop);
	close(again);
	close(grow);
	close(fault);
	teardown(f);
	free(f);
}

/* Each copy is its own, whatever the programs of other entries did. */
static void
check_broadcast(struct fixture *f, int map, u64 flags, const u32 *ifindexes, u32 cnt)
{
	u32 i, k, found;

	redirect(f, map, 77, flags);
	assert_int_equal(f->out.redirect.index, 0);
	assert_int_equal(follow(f), cnt);
	assert_int_equal(f->cnt, cnt);
	for (i = 0; i < cnt; i++) {
		for (k = 0, found = 0; k < cnt; k++)
			found += f->seen[k].d.index == ifindexes[i];
		assert_int_equal(found, 1);
		if (map == f->devmap)
			assert_int_equal(f->seen[i].d.index, ifindexes[i]);
		if (f->seen[i].d.ran)
			check_mark(&f->seen[i], f->seen[i].d.index);
		else
			check_original(&f->seen[i], 0, 0, BYTES);
	}
}

static void
test_broadcast(void **state)
{
	static const u32 all[] = { 40, 41, INGRESS, 43 }, others[] = { 40, 41, 43 };
	struct fixture *f = malloc(sizeof(*f));
	int pass, maps[2];
	u32 i;

	(void)state;
	assert_non_null(f);
	setup(f);
	pass = mark_prog(f, XDP_PASS);
	maps[0] = f->devmap;
	maps[1] = f->hash;
	for (i = 0; i < 2; i++) {
		check_broadcast(f, maps[i], BPF_F_BROADCAST, NULL, 0);
		put(f, maps[i], 1, 40, pass);
		put(f, maps[i], 2, 41, -1);
		put(f, maps[i], 3, INGRESS, pass);
		put(f, maps[i], 5, 43, pass);
		check_broadcast(f, maps[i], BPF_F_BROADCAST, all, 4);
		check_broadcast(f, maps[i], BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS, others, 3);
	}
	/* Without BROADCAST nothing is excluded. */
	redirect(f, f->devmap, 3, BPF_F_EXCLUDE_INGRESS);
	assert_int_equal(follow(f), 1);
	check_mark(&f->seen[0], INGRESS);
	close(pass);
	teardown(f);
	free(f);
}

static void
test_cpumap(void **state)
{
	struct fixture *f = malloc(sizeof(*f));
	int pass, drop, tx, again;

	(void)state;
	assert_non_null(f);
	setup(f);
	pass = PROG(f, BPF_XDP_CPUMAP, PACKET, XB_LDX_MEM(BPF_W, 3, 6, 12),
	            XB_STX_MEM(BPF_B, 2, 3, 1), XB_LDX_MEM(BPF_W, 3, 6, 16),
	            XB_STX_MEM(BPF_B, 2, 3, 2), RETURN(XDP_PASS));
	drop = PROG(f, BPF_XDP_CPUMAP, RETURN(XDP_DROP));
	tx = PROG(f, BPF_XDP_CPUMAP, RETURN(XDP_TX));
	again = PROG(f, BPF_XDP_CPUMAP, PACKET, XB_ST_MEM(BPF_B, 2, 0, 99),
	             XB_LD_MAP_FD(1, f->devmap), XB_MOV64_IMM(2, 1),
	             XB_MOV64_IMM(3, BPF_F_BROADCAST), XB_CALL(BPF_FUNC_redirect_map), XB_EXIT());
	put(f, f->cpumap, 0, 192, 0);
	put(f, f->cpumap, 1, 192, pass);
	put(f, f->cpumap, 2, 192, drop);
	put(f, f->cpumap, 3, 192, again);
	put(f, f->devmap, 1, 51, -1);
	put(f, f->devmap, 2, 52, -1);

	redirect(f, f->cpumap, 0, 0);
	assert_int_equal(f->out.redirect.kind, XB_REDIRECT_CPUMAP);
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->seen[0].d.index, 0);
	assert_true(f->seen[0].d.forwarded);
	assert_false(f->seen[0].d.ran);

	redirect(f, f->cpumap, 1, 0);
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->seen[0].d.index, 1);
	assert_true(f->seen[0].d.forwarded);
	assert_int_equal(f->seen[0].data[1], INGRESS);
	assert_int_equal(f->seen[0].data[2], 0);

	redirect(f, f->cpumap, 2, 0);
	assert_int_equal(follow(f), 1);
	assert_false(f->seen[0].d.forwarded);

	put(f, f->cpumap, 2, 192, tx);
	redirect(f, f->cpumap, 2, 0);
	assert_int_equal(follow(f), 1);
	assert_false(f->seen[0].d.forwarded);

	f->depth = 1;
	redirect(f, f->cpumap, 3, 0);
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->cnt, 3);
	assert_false(f->seen[0].d.forwarded);
	assert_int_equal(f->seen[0].d.out.redirect.kind, XB_REDIRECT_DEVMAP);
	assert_int_equal(f->seen[1].d.index, 51);
	assert_int_equal(f->seen[2].d.index, 52);
	assert_int_equal(f->seen[2].data[0], 99);
	close(pass);
	close(drop);
	close(tx);
	close(again);
	teardown(f);
	free(f);
}

static void
test_xskmap(void **state)
{
	struct fixture *f = malloc(sizeof(*f));

	(void)state;
	assert_non_null(f);
	setup(f);
	assert_int_equal(xb_xskmap_set(backend_emu_map(&f->b, f->xskmap), QUEUE, 12), 0);
	redirect(f, f->xskmap, QUEUE, XDP_PASS);
	assert_int_equal(f->out.retval, XDP_REDIRECT);
	assert_int_equal(f->out.redirect.kind, XB_REDIRECT_XSKMAP);
	assert_int_equal(follow(f), 1);
	assert_int_equal(f->seen[0].d.index, 12);
	assert_true(f->seen[0].d.forwarded);
	redirect(f, f->xskmap, 0, XDP_PASS);
	assert_int_equal(f->out.retval, XDP_PASS);
	assert_int_equal(follow(f), 0);
	teardown(f);
	free(f);
}

static void
test_names(void **state)
{
	static const char *const names[] = { "none",        "ifindex", "devmap",
		                             "devmap_hash", "cpumap",  "xskmap" };
	u32 i;

	(void)state;
	assert_int_equal(XB_ARRAY_SIZE(names), XB_REDIRECT_KIND_CNT);
	for (i = 0; i < XB_ARRAY_SIZE(names); i++)
		assert_string_equal(xb_redirect_kind_name((enum xb_redirect_kind)i), names[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ifindex), cmocka_unit_test(test_no_target),
		cmocka_unit_test(test_devmap),  cmocka_unit_test(test_broadcast),
		cmocka_unit_test(test_cpumap),  cmocka_unit_test(test_xskmap),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("xdp follow", tests, NULL, NULL);
}
