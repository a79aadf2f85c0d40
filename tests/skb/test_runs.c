/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_runs.c - one run and another: what a fault undoes, what a packet takes along to the next
 * program, programs that run in the midst of one, and two packets at a time.
 */
#include "tests/skb/fixture.h"

#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* Nothing of it as it is by itself. */
static const struct xb_skb_ctx rich = {
	.has = XB_SKB_HAS_PKT_TYPE | XB_SKB_HAS_PROTOCOL | XB_SKB_HAS_TSTAMP_TYPE |
	       XB_SKB_HAS_WIRE_LEN,
	.mark = 0x11111111,
	.priority = 0x22222222,
	.ingress_ifindex = 3,
	.ifindex = 1,
	.queue_mapping = 5,
	.tc_index = 6,
	.tc_classid = 7,
	.cb = { 8, 9, 10, 11, 12 },
	.napi_id = 13,
	.wire_len = 1400,
	.pkt_type = 1,
	.protocol = 0x0608,
	.vlan_present = true,
	.vlan_tci = 0x2015,
	.vlan_proto = 0xa888,
	.hash = 0x16161616,
	.l4_hash = true,
	.tstamp = 17,
	.tstamp_type = 1,
	.hwtstamp = 18,
	.ip_summed = XB_CHECKSUM_PARTIAL,
	.csum_start = 34,
	.csum_offset = 16,
};

/* clang-format off */
/* What a program does before it faults; R6 is its context, R7 points at the packet. */
static const struct {
	const char *name;
	struct bpf_insn insns[16]; /* up to the first of code 0 */
} undone[] = {
	{ "nothing",		{ XB_MOV64_IMM(0, 0) } },
	{ "packet",		{ XB_ST_MEM(BPF_DW, 7, 0, -1), XB_ST_MEM(BPF_B, 7, 99, 1) } },
	{ "metadata",		{ XB_ST_MEM(BPF_DW, 7, -8, -1) } },
	{ "marks",		{ XB_ST_MEM(BPF_W, 6, CTX(mark), 1), XB_ST_MEM(BPF_W, 6, CTX(priority), 1), XB_ST_MEM(BPF_W, 6, CTX(tc_index), 1), XB_ST_MEM(BPF_W, 6, CTX(tc_classid), 1), XB_ST_MEM(BPF_W, 6, CTX(queue_mapping), 1) } },
	{ "cb",			{ XB_ST_MEM(BPF_DW, 6, CTX(cb[0]), -1), XB_ST_MEM(BPF_B, 6, CTX(cb[4]) + 3, -1) } },
	{ "tstamp",		{ XB_ST_MEM(BPF_DW, 6, CTX(tstamp), 1) } },
	{ "hash",		{ CALL2(BPF_FUNC_set_hash, 1) } },
	{ "tag taken",		{ XB_MOV64_REG(1, 6), XB_CALL(BPF_FUNC_skb_vlan_pop) } },
	{ "tag put",		{ XB_MOV64_REG(1, 6), XB_MOV64_IMM(2, 0x81), XB_MOV64_IMM(3, 1), XB_CALL(BPF_FUNC_skb_vlan_push) } },
	{ "room in front",	{ CALL2(BPF_FUNC_skb_change_head, 2000) } },
	{ "longer",		{ CALL2(BPF_FUNC_skb_change_tail, 9000) } },
	{ "shorter",		{ CALL2(BPF_FUNC_skb_change_tail, 60) } },
	{ "pulled",		{ CALL2(BPF_FUNC_skb_pull_data, 300) } },
	{ "type",		{ CALL2(BPF_FUNC_skb_change_type, 3) } },
	{ "redirect",		{ XB_MOV64_IMM(1, 1), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_redirect) } },
};
/* clang-format on */

/* All that a run leaves behind but for the program's own doing. */
struct snapshot {
	struct xb_skb_out out;
	struct __sk_buff ctx;
	u8 data[512];
};

static void
take(struct snapshot *to, const struct xb_skb_out *out)
{
	memset(to, 0, sizeof(*to));
	to->out = *out;
	to->ctx = *out->ctx;
	assert_true(out->bytes + out->meta_bytes <= sizeof(to->data));
	memcpy(to->data, out->meta, out->bytes + out->meta_bytes);
}

static void
same(const char *name, const struct snapshot *a, const struct snapshot *b)
{
	const u8 *x = (const u8 *)&a->ctx, *y = (const u8 *)&b->ctx;
	u32 i;

	for (i = 0; i < sizeof(a->ctx); i++)
		if (x[i] != y[i])
			fail_msg("%s: byte %u of the context: 0x%02x, then 0x%02x", name, i, x[i],
			         y[i]);
	for (i = 0; i < sizeof(a->data); i++)
		if (a->data[i] != b->data[i])
			fail_msg("%s: byte %u from data_meta on: 0x%02x, then 0x%02x", name, i,
			         a->data[i], b->data[i]);
#define SAME(field)                                                                                \
	if (a->out.field != b->out.field)                                                          \
	fail_msg("%s: " #field ": %lld, then %lld", name, (long long)a->out.field,                 \
	         (long long)b->out.field)
	SAME(bytes);
	SAME(linear_bytes);
	SAME(meta_bytes);
	SAME(head_delta);
	SAME(tail_delta);
	SAME(vlan_present);
	SAME(vlan_tci);
	SAME(vlan_proto);
	SAME(tstamp);
	SAME(tstamp_type);
	SAME(ip_summed);
	SAME(csum_start);
	SAME(csum_offset);
#undef SAME
}

static void
run_rich(struct fixture *f, const struct xb_bpf_prog *prog, struct snapshot *to)
{
	const struct xb_skb_in in = { .data = f->data,
		                      .bytes = 400,
		                      .meta = f->meta,
		                      .meta_bytes = 8,
		                      .linear_bytes = 200,
		                      .ctx = &rich };
	struct xb_skb_out out;

	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, prog, &out);
	take(to, &out);
}

/* The prefix, the row, and either an end or a fault. */
static const struct xb_bpf_prog *
undone_prog(struct fixture *f, const struct bpf_insn *insns, bool faults)
{
	const struct bpf_insn prefix[] = { XB_MOV64_REG(6, 1), XB_LDX_MEM(BPF_W, 7, 6, CTX(data)) },
	                      end[] = { XB_MOV64_IMM(2, 0),
		                        faults ? XB_LDX_MEM(BPF_B, 0, 2, 0)
		                               : XB_MOV64_IMM(0, TC_ACT_OK),
		                        XB_EXIT() };
	struct bpf_insn all[32];
	u32 cnt = 2, n;

	memcpy(all, prefix, sizeof(prefix));
	for (n = 0; insns[n].code; n++)
		all[cnt++] = insns[n];
	memcpy(all + cnt, end, sizeof(end));
	return fixture_prog(f, all, cnt + 3);
}

/* Everything that a program did before its fault is undone; without the fault it is not. */
static void
test_fault_undoes(void **state)
{
	struct fixture *f = fixture_new();
	struct snapshot before, after;
	u32 i;

	(void)state;
	run_rich(f, PROG(f, RETURN(TC_ACT_OK)), &before);
	assert_int_equal(before.out.status, XB_RUN_EXIT);
	for (i = 0; i < XB_ARRAY_SIZE(undone); i++) {
		run_rich(f, undone_prog(f, undone[i].insns, true), &after);
		if (after.out.status != XB_RUN_FAULT || after.out.retval != TC_ACT_SHOT ||
		    after.out.changed || after.out.fault->kind != XB_FAULT_NULL_POINTER ||
		    after.out.redirect.kind != XB_SKB_REDIRECT_NONE)
			fail_msg("%s: %s", undone[i].name,
			         after.out.fault ? after.out.fault->message : "no fault");
		same(undone[i].name, &before, &after);
	}
	fixture_free(f);
}

/* The rows above do change what they name. */
static void
test_no_fault_changes(void **state)
{
	struct fixture *f = fixture_new();
	const struct xb_skb_in in = { .data = f->data,
		                      .bytes = 400,
		                      .meta = f->meta,
		                      .meta_bytes = 8,
		                      .linear_bytes = 200,
		                      .ctx = &rich };
	struct xb_skb_out out;
	struct snapshot before;
	u32 i;

	(void)state;
	run_rich(f, PROG(f, RETURN(TC_ACT_OK)), &before);
	for (i = 1; i + 1 < XB_ARRAY_SIZE(undone); i++) {
		xb_skb_load(f->s, &in);
		xb_skb_run(f->s, undone_prog(f, undone[i].insns, false), &out);
		if (out.fault)
			fail_msg("%s: %s", undone[i].name, out.fault->message);
		if (!memcmp(&before.ctx, out.ctx, sizeof(before.ctx)) &&
		    out.bytes == before.out.bytes &&
		    !memcmp(before.data, out.meta, out.meta_bytes + out.bytes))
			fail_msg("%s: nothing changed", undone[i].name);
		if (!out.changed)
			fail_msg("%s: said not to have changed", undone[i].name);
	}
	fixture_free(f);
}

/* A second run finds what the first one left; after a fault, what was loaded. */
static void
test_again(void **state)
{
	struct fixture *f = fixture_new();
	const struct xb_skb_in in = { .data = f->data, .bytes = 100, .ctx = &fixture_plain };
	const struct xb_bpf_prog *add =
	        PROG(f, XB_LDX_MEM(BPF_W, 0, 1, CTX(mark)), XB_ALU64_IMM(BPF_ADD, 0, 1),
	             XB_STX_MEM(BPF_W, 1, 0, CTX(mark)), XB_EXIT());
	const struct xb_bpf_prog *fault =
	        PROG(f, XB_MOV64_IMM(2, 0), XB_LDX_MEM(BPF_W, 0, 2, 0), XB_EXIT());
	struct xb_skb_out out;

	(void)state;
	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, add, &out);
	xb_skb_run(f->s, add, &out);
	assert_int_equal(out.retval, 2);
	xb_skb_run(f->s, fault, &out);
	assert_int_equal(out.ctx->mark, 0);
	xb_skb_run(f->s, add, &out);
	assert_int_equal(out.retval, 1);
	fixture_free(f);
}

static void
test_save_ctx(void **state)
{
	struct fixture *f = fixture_new();
	struct snapshot first, second;
	struct xb_skb_ctx saved;
	struct xb_skb_in in = { .data = first.data + 8, .bytes = 400, .ctx = &saved };
	struct xb_skb_out out;

	(void)state;
	run_rich(f, PROG(f, XB_ST_MEM(BPF_W, 1, CTX(mark), 0x77), RETURN(TC_ACT_OK)), &first);
	xb_skb_save_ctx(f->s, &saved);
	assert_int_equal(saved.sock_kind, XB_SKB_SOCK_NONE);
	assert_false(saved.at_ingress);
	assert_true(saved.l4_hash);
	assert_false(saved.sw_hash);
	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, PROG(f, RETURN(TC_ACT_OK)), &out);
	take(&second, &out);
	assert_int_equal(second.ctx.mark, 0x77);
#define SAME(field) assert_int_equal(second.ctx.field, first.ctx.field)
	SAME(len);
	SAME(pkt_type);
	SAME(priority);
	SAME(queue_mapping);
	SAME(protocol);
	SAME(vlan_present);
	SAME(vlan_tci);
	SAME(vlan_proto);
	SAME(ingress_ifindex);
	SAME(ifindex);
	SAME(tc_index);
	SAME(hash);
	SAME(napi_id);
	SAME(gso_segs);
	SAME(gso_size);
	SAME(hwtstamp);
#undef SAME
	assert_int_equal(second.ctx.tstamp, 0);
	assert_int_equal(second.ctx.tc_classid, 0);
	assert_int_equal(second.ctx.cb[0], 0);
	assert_int_equal(second.out.ip_summed, XB_CHECKSUM_PARTIAL);
	assert_int_equal(second.out.csum_start, 34);
	assert_int_equal(second.out.csum_offset, 16);
	assert_int_equal(second.out.meta_bytes, 0);
	assert_memory_equal(second.data, first.data + 8, 400);
	xb_skb_run(f->s, PROG(f, XB_LDX_MEM(BPF_DW, 0, 1, CTX(sk)), XB_EXIT()), &out);
	assert_int_equal(out.retval, 0);
	fixture_free(f);
}

/* A program that runs on another packet, in the midst of one that cloned it. */
struct nested {
	struct fixture *f;
	struct xb_skb *s;
	const struct xb_bpf_prog *prog;
	u32 runs;
	enum xb_run_status status;
};

static void
run_clone(void *arg, const struct xb_skb_clone *clone)
{
	struct nested *n = arg;
	const struct xb_skb_in in = { .data = clone->data,
		                      .bytes = clone->bytes,
		                      .ctx = &fixture_plain };
	struct xb_skb_out out;

	xb_skb_load(n->s, &in);
	xb_skb_run(n->s, n->prog, &out);
	n->runs++;
	n->status = out.status;
}

#define OLD 0x11223344
#define NEW 0x55667788

/* R2 points at a key, on the stack. */
#define KEY(k) XB_ST_MEM(BPF_W, 10, -4, k), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4)

/* Looks the value of key 0 up, keeps its address, clones the packet, and returns the value. */
static const struct xb_bpf_prog *
outer_prog(struct fixture *f, int hash, int kept)
{
	return PROG(f, XB_MOV64_REG(6, 1), KEY(0), XB_LD_MAP_FD(1, hash),
	            XB_CALL(BPF_FUNC_map_lookup_elem), XB_JMP_IMM(BPF_JNE, 0, 0, 1), XB_EXIT(),
	            XB_MOV64_REG(7, 0), XB_LD_MAP_VALUE(1, kept, 0), XB_STX_MEM(BPF_DW, 1, 7, 0),
	            CALL2(BPF_FUNC_clone_redirect, 1), XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_EXIT(),
	            XB_LDX_MEM(BPF_W, 0, 7, 0), XB_EXIT());
}

/* Deletes key 0, and puts others in, which would take its place if that were free. */
static const struct xb_bpf_prog *
inner_prog(struct fixture *f, int hash, bool faults)
{
#define PUT(k)                                                                                     \
	KEY(k), XB_LD_MAP_FD(1, hash), XB_ST_MEM(BPF_DW, 10, -16, NEW), XB_MOV64_REG(3, 10),       \
	        XB_ALU64_IMM(BPF_ADD, 3, -16), XB_MOV64_IMM(4, 0),                                 \
	        XB_CALL(BPF_FUNC_map_update_elem)
	return PROG(f, KEY(0), XB_LD_MAP_FD(1, hash), XB_CALL(BPF_FUNC_map_delete_elem), PUT(1),
	            PUT(2), PUT(0), XB_MOV64_IMM(2, 0),
	            faults ? XB_LDX_MEM(BPF_W, 0, 2, 0) : XB_MOV64_IMM(0, 0), XB_EXIT());
}

static void
check_nested(bool faults)
{
	struct fixture *f = fixture_new();
	const struct xb_skb_opts opts = { .vcpu = 0 };
	struct nested n = { .f = f, .s = fixture_skb(f, &opts) };
	const struct xb_skb_in in = { .data = f->data, .bytes = 100, .ctx = &fixture_plain };
	int hash = backend_map(&f->b, BPF_MAP_TYPE_HASH, 4, 8, 4);
	int kept = backend_map(&f->b, BPF_MAP_TYPE_ARRAY, 4, 8, 1);
	const struct xb_bpf_prog *outer = outer_prog(f, hash, kept);
	const u32 key = 0;
	u64 value = OLD, gaddr;
	struct xb_skb_out out;

	n.prog = inner_prog(f, hash, faults);
	assert_int_equal(backend_update(&f->b, hash, &key, &value), 0);
	xb_skb_on_clone(f->s, run_clone, &n);
	xb_skb_load(f->s, &in);
	xb_skb_run(f->s, outer, &out);
	if (out.fault)
		fail_msg("%s", out.fault->message);
	assert_int_equal(n.runs, 1);
	assert_int_equal(n.status, faults ? XB_RUN_FAULT : XB_RUN_EXIT);
	assert_int_equal(out.retval, OLD);
	assert_int_equal(out.bytes, 100);
	assert_memory_equal(out.data, f->data, 100);
	assert_int_equal(backend_lookup(&f->b, kept, &key, &gaddr), 0);
	assert_false(xb_mem_check(f->b.emu->mem, gaddr, 4, XB_MEM_READ));
	xb_skb_run(f->s, outer, &out); /* the value is the inner one's now */
	assert_int_equal(out.retval, (u32)NEW);
	xb_skb_free(n.s);
	close(hash);
	close(kept);
	fixture_free(f);
}

static void
test_nested(void **state)
{
	(void)state;
	check_nested(false);
	check_nested(true);
}

/* Two packets that are loaded at a time have nothing in common. */
static void
test_two(void **state)
{
	static const u8 ip[2][34] = {
		{ [12] = 8, [14] = 0x45, [26] = 192, 0, 2, 1, 192, 0, 2, 2 },
		{ [12] = 8, [14] = 0x45, [26] = 198, 51, 100, 1, 198, 51, 100, 2 },
	};
	static const u32 saddr[2] = { 0x010200c0, 0x016433c6 };
	struct fixture *f = fixture_new();
	const struct xb_skb_opts opts = { .vcpu = 1 };
	struct xb_skb *s[2] = { f->s, fixture_skb(f, &opts) };
	const struct xb_skb_ctx ctx[2] = { { .ifindex = 1, .mark = 10 },
		                           { .ifindex = 2, .mark = 20 } };
	const struct xb_bpf_prog *source =
	        PROG(f, XB_LDX_MEM(BPF_DW, 2, 1, CTX(sk)),
	             XB_LDX_MEM(BPF_W, 0, 2, offsetof(struct bpf_sock, src_ip4)), XB_EXIT());
	const struct xb_bpf_prog *spoil = PROG(
	        f, POINTERS, XB_LDX_MEM(BPF_W, 5, 6, CTX(mark)), XB_STX_MEM(BPF_B, 2, 5, 0),
	        XB_ALU64_IMM(BPF_ADD, 5, 1), XB_STX_MEM(BPF_W, 6, 5, CTX(mark)), RETURN(TC_ACT_OK));
	struct xb_skb_out out[2];
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		const struct xb_skb_in in = { .data = ip[i],
			                      .bytes = sizeof(ip[i]),
			                      .ctx = &ctx[i] };

		xb_skb_load(s[i], &in);
	}
	for (i = 0; i < 2; i++)
		xb_skb_run(s[i], spoil, &out[i]);
	for (i = 0; i < 2; i++) {
		assert_int_equal(out[i].data[0], 10 * (i + 1));
		assert_int_equal(out[i].ctx->mark, 10 * (i + 1) + 1);
		assert_int_equal(out[i].ctx->ifindex, i + 1);
		assert_memory_equal(out[i].data + 1, ip[i] + 1, sizeof(ip[i]) - 1);
	}
	for (i = 0; i < 2; i++) {
		xb_skb_run(s[i], source, &out[i]);
		assert_int_equal(out[i].retval, saddr[i]);
	}
	xb_skb_free(s[1]);
	xb_skb_run(s[0], source, &out[0]);
	assert_int_equal(out[0].retval, saddr[0]);
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fault_undoes), cmocka_unit_test(test_no_fault_changes),
		cmocka_unit_test(test_again),        cmocka_unit_test(test_save_ctx),
		cmocka_unit_test(test_nested),       cmocka_unit_test(test_two),
	};

	return cmocka_run_group_tests_name("skb runs", tests, NULL, NULL);
}
