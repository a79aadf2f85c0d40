/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_types.c - programs on sk_buffs that are not TC's: what they find of a packet, what they may
 * do with it, how their test run gives it back; and which helpers each type may call.
 */
#include "emu/helper.h"
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define CSUM BPF_F_TEST_SKB_CHECKSUM_COMPLETE

/* clang-format off */
#define FILTER  .type = BPF_PROG_TYPE_SOCKET_FILTER
#define CGROUP  .type = BPF_PROG_TYPE_CGROUP_SKB
#define EGRESS  .type = BPF_PROG_TYPE_CGROUP_SKB, .attach_type = BPF_CGROUP_INET_EGRESS
#define LWT_IN  .type = BPF_PROG_TYPE_LWT_IN
#define LWT_OUT .type = BPF_PROG_TYPE_LWT_OUT
#define XMIT    .type = BPF_PROG_TYPE_LWT_XMIT
#define OF(t, ...) .script = { t, .steps = { __VA_ARGS__ } }

static const struct skb_case cases[] = {
	/* What a filter finds: the network header is at 0. */
	{ "filter: LD_ABS", TCP4, OF(FILTER, { LD_ABS(1, 0), .want = 0x45 }, { LD_ABS(4, 12), .want = 0xc0000201 }, { LD_ABS(2, 58), .want = 0x7f86 }) },
	{ "filter: LD_ABS past the end", TCP4, OF(FILTER, { LD_ABS(2, 59), .want = SCRIPT_UNREACHED }) },
	{ "filter: LD_ABS, net", TCP4, OF(FILTER, { LD_ABS(1, SKF_NET_OFF), .want = 0x45 }, { LD_ABS(4, SKF_NET_OFF + 56), .want = 0x71787f86 }) },
	{ "filter: LD_ABS, link", TCP4, OF(FILTER, { LD_ABS(2, SKF_LL_OFF + 12), .want = 0x800 }, { LD_ABS(1, SKF_LL_OFF + 6), .want = 2 }) },
	{ "filter: LD_ABS, before link", TCP4, OF(FILTER, { LD_ABS(1, SKF_LL_OFF - 1), .want = SCRIPT_UNREACHED }) },
	{ "filter: LD_IND", TCP6, OF(FILTER, { LD_IND(1, 6, 0), .want = 6 }, { LD_IND(2, 40, 2), .want = 2000 }) },
	{ "filter: LD_ABS, header alone", ETHER, OF(FILTER, { CTX_LD(len), .want = 0 }, { LD_ABS(2, SKF_LL_OFF + 12), .want = 0x88b5 }, { LD_ABS(1, 0), .want = SCRIPT_UNREACHED }) },
	{ "filter: verdict", TCP4, .script = { FILTER, .verdict = 65536 } },
	{ "filter: bytes", TCP4, OF(FILTER, { CALL(skb_load_bytes, CTX, IMM(0), BUF(0), IMM(60)) }, { BUF_LD(0, 1), .want = 0x45 }, { CALL(skb_load_bytes, CTX, IMM(1), BUF(0), IMM(60)), .want = -EFAULT }) },
	{ "filter: bytes, relative", TCP4, OF(FILTER, { CALL(skb_load_bytes_relative, CTX, IMM(12), BUF(0), IMM(2), IMM(0)) }, { BUF_LD(0, 2), .want = 8 }, { CALL(skb_load_bytes_relative, CTX, IMM(9), BUF(0), IMM(1), IMM(1)) }, { BUF_LD(0, 1), .want = 6 }) },
	{ "filter: sample", TCP4, OF(FILTER, { CALL(perf_event_output, CTX, MAP(PERF), IMM(20ull << 32), BUF(0), IMM(4)) }) },
	{ "filter: sample, too long", TCP4, OF(FILTER, { CALL(perf_event_output, CTX, MAP(PERF), IMM(61ull << 32), BUF(0), IMM(4)), .want = -EFAULT }) },
	{ "filter: store to cb", TCP4, OF(FILTER, { CTX_ST(cb[1], 77) }, { CTX_LD(cb[1]), .want = 77 }) },
	{ "filter: store to mark", TCP4, OF(FILTER, { CTX_ST(mark, 7) }), .load = -EACCES },
	{ "filter: data", TCP4, OF(FILTER, { CTX_LD(data) }), .load = -EACCES },
	{ "filter: socket", TCP4, OF(FILTER, { SK_LD(family), .want = 2 }, { SK_LD(src_ip4), .want = 0x10200c0 }, { SK_LD(state), .want = 7 }) },
	{ "filter: full socket", TCP4, OF(FILTER, { FULL_LD(type) }), .load = -EINVAL },
	{ "filter: class", TCP4, OF(FILTER, { CALL(get_cgroup_classid, IMM(0)) }) },
	{ "filter: uid", TCP4, OF(FILTER, { CALL(get_socket_uid, CTX), ANY }) },
	{ "filter: cookie", TCP4, OF(FILTER, { CALL(get_socket_cookie, CTX), UNLIKE }) },

	/* Cgroups: the socket's fields, packet bytes, the return value's range. */
	{ "cgroup: fields", TCP4, OF(CGROUP, { CTX_LD(family), .want = 2 }, { CTX_LD(local_ip4), .want = 0x10200c0 }, { CTX_LD(remote_ip4), .want = 0x20200c0 }, { CTX_LD(remote_port) }, { CTX_LD(local_port) }), .script.verdict = 1 },
	{ "cgroup: fields, IPv6", TCP6, OF(CGROUP, { CTX_LD(family), .want = 10 }, { CTX_LD(local_ip6[3]), .want = 0x1000000 }, { CTX_LD(remote_ip6[3]), .want = 0x2000000 }, { CTX_LD(local_ip6[0]), .want = 0xb80d0120 }, { CTX_LD(local_ip4) }) },
	{ "cgroup: fields, neither", ARP, OF(CGROUP, { CTX_LD(family) }, { CTX_LD(remote_ip4) }) },
	{ "cgroup: parts of fields", TCP6, OF(CGROUP, { CTX_LD_AT(88, 1), .want = 10 }, { CTX_LD_AT(88, 2), .want = 10 }, { CTX_LD_AT(90, 2), .want = 10 }, { CTX_LD_AT(91, 1) }, { CTX_LDSX_AT(88, 1), .want = 10 }, { CTX_LD_AT(132, 2) }, { CTX_LD_AT(134, 2) }, { CTX_LD_AT(138, 1) }) },
	{ "cgroup: packet", TCP4, OF(CGROUP, { PKT_LD(0, 1), .want = 0x45 }, { PKT_LD(56, 4), .want = 0x867f7871 }, { PKT_LD(57, 4), .want = SCRIPT_SKIPPED }) },
	{ "cgroup: store to the packet", TCP4, OF(CGROUP, { PKT_ST(0, 1, 1) }), .load = -EACCES },
	{ "cgroup: stores", TCP4, OF(CGROUP, { CTX_ST(mark, 7) }, { CTX_ST(priority, 8) }, { CTX_ST(tstamp, 9) }, { CTX_ST(cb[4], 10) }) },
	{ "cgroup: queue", TCP4, OF(CGROUP, { CTX_ST(queue_mapping, 1) }), .load = -EACCES },
	{ "cgroup: LD_ABS", TCP4, OF(CGROUP, { LD_ABS(1, 0) }), .load = -EINVAL },
	{ "cgroup: full socket", TCP4, OF(CGROUP, { FULL_LD(type) }, { FULL_LD(protocol) }) },
	{ "cgroup: bytes", TCP4, OF(EGRESS, { CALL(skb_load_bytes, CTX, IMM(9), BUF(0), IMM(1)) }, { BUF_LD(0, 1), .want = 6 }) },
	{ "cgroup: ECN", ECT4, OF(EGRESS, { CALL(skb_ecn_set_ce, CTX), .want = 1 }, { PKT_LD(1, 1), .want = 3 }) },
	{ "cgroup: ECN, IPv6", ECT6, .flags = CSUM, OF(EGRESS, { CALL(skb_ecn_set_ce, CTX), .want = 1 }) },
	{ "cgroup: ECN, none", TCP4, OF(CGROUP, { CALL(skb_ecn_set_ce, CTX), .want = 0 }) },
	{ "cgroup: ids", TCP4, OF(CGROUP, { CALL(skb_cgroup_id, CTX), ANY }, { CALL(skb_ancestor_cgroup_id, CTX, IMM(1)), ANY }) },
	{ "cgroup: ingress returns 1", TCP4, .script = { CGROUP, .verdict = 1 } },
	{ "cgroup: egress returns 3", TCP4, .script = { EGRESS, .verdict = 3 } },
	{ "cgroup: another attach type", TCP4, .script = { .type = BPF_PROG_TYPE_CGROUP_SKB, .attach_type = BPF_CGROUP_INET_SOCK_CREATE }, .load = -EINVAL },

	/* LWT: LWT_XMIT may write. */
	{ "lwt_in: packet", TCP4, OF(LWT_IN, { PKT_LD(0, 1), .want = 0x45 }, { CALL(skb_pull_data, CTX, IMM(0)) }, { PKT_LD(59, 1), .want = 0x86 }) },
	{ "lwt_in: pull too much", TCP4, OF(LWT_IN, { CALL(skb_pull_data, CTX, IMM(61)), .want = -ENOMEM }, { CALL(skb_pull_data, CTX, IMM(60)) }) },
	{ "lwt_in: store", TCP4, OF(LWT_IN, { PKT_ST(0, 1, 1) }), .load = -EACCES },
	{ "lwt_in: store_bytes", TCP4, OF(LWT_IN, { CALL(skb_store_bytes, CTX, IMM(0), BUF(0), IMM(1), IMM(0)) }), .load = -EINVAL },
	{ "lwt_in: hash", TCP4, OF(LWT_IN, { CALL(get_hash_recalc, CTX), UNLIKE }), .unlike = 1ull << FIELD_hash },
	{ "lwt_in: classes", TCP4, OF(LWT_IN, { CALL(get_cgroup_classid, CTX) }, { CALL(get_route_realm, CTX) }) },
	{ "lwt_in: sample", TCP4, OF(LWT_IN, { CALL(perf_event_output, CTX, MAP(PERF), IMM(60ull << 32), BUF(0), IMM(4)) }) },
	{ "lwt_out: packet", TCP6, OF(LWT_OUT, { PKT_LD(0, 1), .want = 0x60 }, { CTX_ST(mark, 5) }, { CTX_ST(priority, 6) }) },
	{ "lwt_out: tstamp", TCP6, OF(LWT_OUT, { CTX_LD(tstamp) }), .load = -EACCES },
	{ "lwt_out: store", TCP4, OF(LWT_OUT, { PKT_ST(0, 1, 1) }), .load = -EACCES },
	{ "lwt_out: push_encap", TCP4, OF(LWT_OUT, { CALL(lwt_push_encap, CTX, IMM(2), BUF(0), IMM(20)) }), .load = -EINVAL },
	{ "lwt_xmit: store", TCP4, OF(XMIT, { PKT_ST(8, 1, 63) }, { PKT_LD(8, 1), .want = 63 }), .script.verdict = 7 },
	{ "lwt_xmit: store, sum", TCP4, .flags = CSUM, OF(XMIT, { PKT_ST(8, 1, 63) }), .ret = -EBADMSG },
	{ "lwt_xmit: store_bytes", TCP4, .flags = CSUM, OF(XMIT, { CALL(skb_store_bytes, CTX, IMM(20), BUF(0), IMM(4), IMM(BPF_F_RECOMPUTE_CSUM)) }) },
	{ "lwt_xmit: store_bytes past the end", TCP4, OF(XMIT, { CALL(skb_store_bytes, CTX, IMM(57), BUF(0), IMM(4), IMM(0)), .want = -EFAULT }) },
	{ "lwt_xmit: grows in front", TCP4, OF(XMIT, { CALL(skb_change_head, CTX, IMM(14), IMM(0)) }, { CTX_LD(len), .want = 74 }) },
	{ "lwt_xmit: grows a lot", TCP4, OF(XMIT, { CALL(skb_change_head, CTX, IMM(400), IMM(0)) }, { CALL(skb_change_tail, CTX, IMM(3000), IMM(0)) }) },
	{ "lwt_xmit: longest", TCP4, OF(XMIT, { CALL(skb_change_tail, CTX, IMM(16064), IMM(0)) }, { CALL(skb_change_tail, CTX, IMM(16065), IMM(0)), .want = -EINVAL }) },
	{ "lwt_xmit: shortest", TCP4, OF(XMIT, { CALL(skb_change_tail, CTX, IMM(0), IMM(0)) }, { CTX_LD(len) }) },
	{ "lwt_xmit: checksums", TCP4, .flags = CSUM, OF(XMIT, { CALL(l3_csum_replace, CTX, IMM(10), IMM(1), IMM(2), IMM(2)) }, { CALL(l4_csum_replace, CTX, IMM(36), IMM(1), IMM(2), IMM(2)) }, { CALL(csum_level, CTX, IMM(0)), ANY }), .ret = -EBADMSG },
	{ "lwt_xmit: tunnel", TCP4, OF(XMIT, { CALL(skb_set_tunnel_key, CTX, BUF(0), IMM(28), IMM(0)), ANY }, { CALL(skb_get_tunnel_key, CTX, BUF(0), IMM(28), IMM(0)), ANY }), .preset = (const u8[28]){ 9 }, .preset_bytes = 28 },
	{ "lwt_xmit: redirect", TCP4, .script = { XMIT, .verdict = SCRIPT_LAST, .steps = { { CALL(redirect, IMM(1), IMM(0)), .want = 7 } } } },
	{ "lwt_xmit: clone", TCP4, OF(XMIT, { CALL(clone_redirect, CTX, IMM(1), IMM(0)) }, { CALL(clone_redirect, CTX, IMM(7), IMM(0)), .want = -EINVAL }) },
	{ "lwt_xmit: LD_ABS", TCP4, OF(XMIT, { LD_ABS(1, 0) }), .load = -EINVAL },
	{ "lwt_xmit: any verdict", TCP4, .script = { XMIT, .verdict = -1 } },

	/* The context: lengths are of what the program sees. */
	{ "wire_len of the packet", TCP4, .ctx = CTX_IN(.wire_len = 60), .script = { FILTER } },
	{ "wire_len, shorter", TCP4, .ctx = CTX_IN(.wire_len = 59), .script = { FILTER }, .ret = -EINVAL },
	{ "wire_len, longest", TCP4, .ctx = CTX_IN(.wire_len = 65536), .script = { CGROUP } },
	{ "wire_len, longer", TCP4, .ctx = CTX_IN(.wire_len = 65537), .script = { CGROUP }, .ret = -EINVAL },
	{ "all that may be set", TCP4, .ctx = CTX_IN(.mark = 1, .priority = 2, .ingress_ifindex = 3, .ifindex = 1, .cb = { 4, 5, 6, 7, 8 }, .tstamp = 9, .gso_segs = 10, .gso_size = 11, .hwtstamp = 12), .script = { CGROUP } },
	{ "what may not", TCP4, .ctx = CTX_IN(.family = 2), .script = { CGROUP }, .ret = -EINVAL },
	{ "13 bytes", TCP4, .bytes = 13, .script = { FILTER }, .ret = -EINVAL },
	{ "IPv4 cut short", TCP4, .bytes = 33, .script = { FILTER }, .ret = -EINVAL },
	{ "longest packet", LARGE, .script = { LWT_IN } },
	{ "too long a packet", LARGE, .bytes = 3713, .script = { LWT_IN }, .ret = -EINVAL },
	{ "little room for the output", TCP4, .data_out_bytes = 20, .script = { FILTER }, .ret = -ENOSPC },
	{ "twice", TCP4, .repeat = 2, OF(XMIT, { CALL(skb_change_head, CTX, IMM(10), IMM(0)) }) },
	{ "lwt_seg6local", TCP6, .script = { .type = BPF_PROG_TYPE_LWT_SEG6LOCAL }, .ret = -524 },
};
/* clang-format on */

static void
test_rows(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/* What a program may return, by the verifier; the emulator stops one that returns anything else. */
static const struct {
	u32 attach_type;
	s32 value;
	bool allowed;
} retvals[] = {
	{ BPF_CGROUP_INET_INGRESS, 1, true },   { BPF_CGROUP_INET_INGRESS, 2, false },
	{ BPF_CGROUP_INET_INGRESS, -1, false }, { BPF_CGROUP_INET_EGRESS, 3, true },
	{ BPF_CGROUP_INET_EGRESS, 4, false },
};

static bool
may_return(const struct backend *b, u32 attach_type, s32 value)
{
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, value), XB_EXIT() };
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = BPF_PROG_TYPE_CGROUP_SKB,
		                           .attach_type = attach_type };
	const u8 data[ETH_HLEN] = { 0 };
	const struct xb_skb_ctx ctx = { .ifindex = 1 };
	const struct xb_skb_in in = {
		.data = data, .bytes = sizeof(data), .ctx = &ctx, .prog_type = prog.type
	};
	char text[4096];
	struct xb_err err = XB_ERR_INIT;
	struct xb_skb *s;
	struct xb_skb_out out;
	long fd = backend_try_prog(b, &prog, text, sizeof(text));

	if (!b->emu)
		return fd >= 0;
	s = xb_skb_new(b->emu, &(struct xb_skb_opts){ 0 }, &err);
	assert_non_null(s);
	xb_skb_load(s, &in);
	xb_skb_run(s, backend_emu_prog(b, (int)fd), &out);
	if (out.fault) {
		assert_int_equal(out.fault->kind, XB_FAULT_BAD_RETURN);
		assert_int_equal(out.retval, 0);
	}
	xb_skb_free(s);
	return !out.fault;
}

static void
test_retvals(void **state)
{
	struct backend kernel, emu;
	bool permitted = backend_open_kernel(&kernel);

	(void)state;
	backend_open_emu(&emu, xb_skb_register);
	for (size_t i = 0; i < XB_ARRAY_SIZE(retvals); i++) {
		u32 attach = retvals[i].attach_type;
		s32 value = retvals[i].value;

		if (permitted && may_return(&kernel, attach, value) != retvals[i].allowed)
			fail_msg("kernel: %d of attach type %u", value, attach);
		if (may_return(&emu, attach, value) != retvals[i].allowed)
			fail_msg("emulator: %d of attach type %u", value, attach);
	}
	backend_close(&emu);
}

/* Which attach types programs load with that have no test run. */
static void
test_reuseport(void **state)
{
	static const struct {
		u32 attach_type;
		long load;
	} loads[] = {
		{ 0, 0 },
		{ BPF_SK_REUSEPORT_SELECT, 0 },
		{ BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, 0 },
		{ BPF_CGROUP_SOCK_OPS, -EINVAL },
	};
	const struct bpf_insn insns[] = { XB_MOV64_IMM(0, 1), XB_EXIT() };
	struct backend sides[2];
	char text[4096];

	(void)state;
	backend_open_emu(&sides[1], xb_skb_register);
	for (u32 side = backend_open_kernel(&sides[0]) ? 0 : 1; side < 2; side++)
		for (u32 i = 0; i < XB_ARRAY_SIZE(loads); i++) {
			const struct backend_prog prog = { .insns = insns,
				                           .insn_cnt = XB_ARRAY_SIZE(insns),
				                           .type = BPF_PROG_TYPE_SK_REUSEPORT,
				                           .attach_type = loads[i].attach_type };
			long fd = backend_try_prog(&sides[side], &prog, text, sizeof(text));

			if (fd >= 0)
				close((int)fd);
			if ((fd >= 0 ? 0 : fd) != loads[i].load)
				fail_msg("%s: attach type %u: %ld", sides[side].name,
				         loads[i].attach_type, fd);
		}
	backend_close(&sides[1]);
}

struct type {
	const char *name;
	u32 type, attach_type;
};

static const struct type types[] = {
	{ "sched_cls", BPF_PROG_TYPE_SCHED_CLS, 0 },
	{ "sched_act", BPF_PROG_TYPE_SCHED_ACT, 0 },
	{ "socket_filter", BPF_PROG_TYPE_SOCKET_FILTER, 0 },
	{ "cgroup/ingress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS },
	{ "cgroup/egress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS },
	{ "lwt_in", BPF_PROG_TYPE_LWT_IN, 0 },
	{ "lwt_out", BPF_PROG_TYPE_LWT_OUT, 0 },
	{ "lwt_xmit", BPF_PROG_TYPE_LWT_XMIT, 0 },
	{ "lwt_seg6local", BPF_PROG_TYPE_LWT_SEG6LOCAL, 0 },
	{ "flow_dissector", BPF_PROG_TYPE_FLOW_DISSECTOR, 0 },
	{ "sk_skb", BPF_PROG_TYPE_SK_SKB, 0 },
	{ "sk_lookup", BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP },
	{ "sk_reuseport", BPF_PROG_TYPE_SK_REUSEPORT, 0 },
};

#define WITH_RUN 8 /* of these, from the first: those with a test run on an sk_buff */

/* Every packet by every type: all that can be seen of it, with and without a checksum. */
static void
test_packets(void **state)
{
	struct skb_case *rows = calloc(WITH_RUN * PACKET_CNT * 2, sizeof(*rows)), *row = rows;
	char(*names)[64] = calloc(WITH_RUN * PACKET_CNT * 2, sizeof(*names));

	(void)state;
	assert_true(rows && names);
	for (u32 i = 0; i < WITH_RUN * PACKET_CNT * 2; i++, row++) {
		const struct type *type = &types[i / 2 / PACKET_CNT];

		row->packet = (enum packet)(i / 2 % PACKET_CNT);
		row->flags = i % 2 ? CSUM : 0;
		row->script.type = type->type;
		row->script.attach_type = type->attach_type;
		snprintf(names[i], sizeof(names[i]), "%s: %s%s", type->name,
		         packet_name(row->packet), i % 2 ? ", checked" : "");
		row->name = names[i];
	}
	skb_cases(rows, (u32)(row - rows));
	free(names);
	free(rows);
}

/* Whether the verifier takes the helper for one of the type's. */
static bool
kernel_has(const struct backend *b, const struct type *type, u32 id)
{
	const struct bpf_insn insns[] = { XB_CALL((s32)id), XB_MOV64_IMM(0, 0), XB_EXIT() };
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = type->type,
		                           .attach_type = type->attach_type };
	char text[4096];
	long fd = backend_try_prog(b, &prog, text, sizeof(text));

	if (fd >= 0)
		close((int)fd);
	return fd >= 0 || (!strstr(text, "cannot use helper") && !strstr(text, "unknown func") &&
	                   !strstr(text, "invalid func") && !strstr(text, "might sleep"));
}

/* Of the helpers that are emulated for any of these types, each type has those that Linux gives it.
 */
static void
test_helpers(void **state)
{
	struct backend kernel, emu;
	u32 wrong = 0;

	(void)state;
	if (!backend_open_kernel(&kernel))
		skip();
	backend_open_emu(&emu, xb_skb_register);
	for (u32 id = 1; xb_helper_name(id); id++) {
		if (!xb_helper_find(emu.emu, id, ~0u))
			continue;
		for (u32 i = 0; i < XB_ARRAY_SIZE(types); i++) {
			const struct xb_helper *row = xb_helper_find(emu.emu, id, types[i].type);
			bool mine = row && !row->might_sleep; /* these programs do not */

			if (mine == kernel_has(&kernel, &types[i], id))
				continue;
			print_error("bpf_%s: %s has it %s\n", xb_helper_name(id), types[i].name,
			            mine ? "in the emulator alone" : "in the kernel alone");
			wrong++;
		}
	}
	backend_close(&emu);
	backend_close(&kernel);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),      cmocka_unit_test(test_retvals),
		cmocka_unit_test(test_reuseport), cmocka_unit_test(test_packets),
		cmocka_unit_test(test_helpers),
	};

	return cmocka_run_group_tests_name("skb types", tests, NULL, NULL);
}
