/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rig.c - whether the rig itself finds what it looks for: outcomes that differ in one place
 * are told apart; packets are as long as their header says; every kind of step works.
 */
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void
test_lengths(void **state)
{
	static const u32 lengths[PACKET_CNT] = {
		[TCP4] = 74,      [UDP4] = 62,  [ICMP4] = 62,   [TCP6] = 94,      [UDP6] = 82,
		[ICMP6] = 82,     [ARP] = 42,   [VLAN] = 78,    [QINQ] = 82,      [VLAN6] = 98,
		[IPIP] = 94,      [SIT] = 114,  [OPT4] = 82,    [HBH6] = 102,     [FRAG4] = 54,
		[UDP0] = 62,      [ECT4] = 74,  [ECT6] = 94,    [OTHERHOST] = 74, [MULTICAST] = 62,
		[BROADCAST] = 62, [ETHER] = 14, [UNKNOWN] = 64, [LARGE] = 3712,   [LARGE6] = 3712,
	};
	u8 data[PACKET_MAX_BYTES];

	(void)state;
	for (u32 i = 0; i < PACKET_CNT; i++)
		if (packet_build((enum packet)i, data) != lengths[i])
			fail_msg("%s: not %u bytes", packet_name((enum packet)i), lengths[i]);
}

#define AT(field) offsetof(struct skb_out, field)

/* clang-format off */
static const struct {
	const char *name;
	size_t off;
	bool told; /* from an outcome that has another byte there */
} places[] = {
	{ "test run",			AT(ret), true },
	{ "verdict",			AT(retval), true },
	{ "result",			AT(kept.results[0]), true },
	{ "result that is unlike",	AT(kept.results[1]), false },
	{ "result without a step",	AT(kept.results[3]), false },
	{ "field",			AT(kept.fields[FIELD_len]), true },
	{ "field that is unlike",	AT(kept.fields[FIELD_hash]), false },
	{ "last field",			AT(kept.fields[FIELD_CNT - 1]), true },
	{ "end",			AT(kept.done), true },
	{ "data_size_out",		AT(data_bytes), true },
	{ "data_out",			AT(data), true },
	{ "data_out that is unlike",	AT(data) + 21, false },
	{ "data_out behind the packet",	AT(data) + RUN_BYTES - 1, true },
	{ "buffer",			AT(buf), true },
	{ "buffer before what is unlike", AT(buf) + 7, true },
	{ "buffer that is unlike",	AT(buf) + 8, false },
	{ "end of what is unlike",	AT(buf) + 11, false },
	{ "buffer after what is unlike", AT(buf) + 12, true },
	{ "ctx_size_out",		AT(ctx_bytes), true },
	{ "ctx_out",			AT(ctx.mark), true },
	{ "ctx_out that is unlike",	AT(ctx.hash), false },
	{ "number of samples",		AT(sample_cnt), true },
	{ "sample",			AT(sample), true },
	{ "end of a sample",		AT(sample) + 12, true },
	{ "padding of a sample",	AT(sample) + 13, false },
};
/* clang-format on */

static void
test_compare(void **state)
{
	static const struct skb_case c = {
		"row",
		.script = STEPS({ CTX_LD(mark) }, { CTX_LD(hash), UNLIKE },
		                { CALL(perf_event_output, CTX, MAP(PERF), IMM(5ll << 32), BUF(0),
		                       IMM(8)) }),
		.unlike = 1ull << FIELD_hash,
		.unlike_buf = { 8, 4 },
		.unlike_data = { 20, 2 },
	};
	struct skb_out *a = calloc(2, sizeof(*a)), *b = a + 1;
	char text[256];

	(void)state;
	assert_non_null(a);
	a->backend = "kernel";
	a->sample_bytes = 20;
	for (u32 i = 0; i < XB_ARRAY_SIZE(places); i++) {
		*b = *a;
		assert_true(case_same(&c, a, b, text, sizeof(text)));
		((u8 *)b)[places[i].off] ^= 1;
		if (case_same(&c, a, b, text, sizeof(text)) == places[i].told)
			fail_msg("%s", places[i].name);
	}
	free(a);
}

/* clang-format off */
static const struct skb_case cases[] = {
	{ "nothing", TCP4, .script = { .verdict = TC_ACT_OK } },
	{ "verdict", TCP4, .script = { .verdict = TC_ACT_SHOT } },
	{ "verdict of -1", TCP4, .script = { .verdict = TC_ACT_UNSPEC } },
	{ "last result", TCP4, .script = { .verdict = SCRIPT_LAST, .steps = { { CTX_LD(len), .want = 74 } } } },
	{ "classifier's action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { CTX_LD(len), .want = 74 } } } },
	{ "context given", TCP4, .ctx = CTX_IN(.mark = 7, .priority = 9, .cb = { 1, 2, 3, 4, 5 }, .tstamp = 11, .wire_len = 100, .gso_segs = 2, .gso_size = 33, .hwtstamp = 44),
	  .script = STEPS({ CTX_LD(mark), .want = 7 }, { CTX_LD(priority), .want = 9 }, { CTX_LD(cb[4]), .want = 5 }, { CTX_LD(tstamp), .want = 11 }, { CTX_LD(wire_len), .want = 100 }, { CTX_LD(gso_segs), .want = 2 }, { CTX_LD(gso_size), .want = 33 }, { CTX_LD(hwtstamp), .want = 44 }) },
	{ "context stored", TCP4, .script = STEPS({ CTX_ST(mark, 0x11223344) }, { CTX_LD(mark), .want = 0x11223344 }, { CTX_LD_AT(offsetof(struct __sk_buff, mark) + 1, 1), .want = 0x33 }) },
	{ "context without a right to store", TCP4, .script = STEPS({ CTX_ST(len, 1) }), .load = -EACCES },
	{ "context that cannot be set", TCP4, .ctx = CTX_IN(.len = 1), .ret = -EINVAL },
	{ "context cut", TCP4, .ctx = CTX_IN(.mark = 3, .cb = { 9 }), .ctx_bytes = offsetof(struct __sk_buff, cb), .script = STEPS({ CTX_LD(mark), .want = 3 }, { CTX_LD(cb[0]), .want = 0 }) },
	{ "packet bytes", TCP4, .script = STEPS({ PKT_LD(12, 2), .want = 0x0008 }, { PKT_ST(12, 1, 0x77) }, { PKT_LD(12, 4), .want = 0x00450077 }) },
	{ "last byte of the packet", TCP4, .script = STEPS({ PKT_LD(73, 1), .want = 19 * 7 + 1 }) },
	{ "packet bytes past the end", TCP4, .script = STEPS({ PKT_LD(73, 2), .want = SCRIPT_SKIPPED }, { PKT_ST(74, 1, 1), .want = SCRIPT_SKIPPED }) },
	{ "no metadata", TCP4, .script = STEPS({ META_LD(0, 1), .want = SCRIPT_SKIPPED }, { META_ST(0, 1, 1), .want = SCRIPT_SKIPPED }) },
	{ "packet cut", TCP4, .bytes = 60, .script = STEPS({ CTX_LD(len), .want = 60 }) },
	{ "packet with zeros behind", TCP4, .bytes = 80, .script = STEPS({ CTX_LD(len), .want = 80 }, { PKT_LD(74, 4), .want = 0 }) },
	{ "13 bytes", TCP4, .bytes = 13, .ret = -EINVAL },
	{ "longest packet", LARGE, .script = STEPS({ CTX_LD(len), .want = 3712 }) },
	{ "one more", LARGE, .bytes = 3713, .ret = -EINVAL },
	{ "socket", TCP4, .script = STEPS({ SK_LD(family), .want = 2 }, { SK_LD(src_ip4), .want = 0x010200c0 }, { SK_LD(dst_ip4), .want = 0x020200c0 }, { SK_LD(state), .want = 7 }) },
	{ "full socket", TCP6, .script = STEPS({ FULL_LD(family), .want = 10 }, { FULL_LD(protocol), .want = 0 }, { FULL_LD(dst_ip6[3]), .want = 0x02000000 }) },
	{ "pointer of a step", TCP4, .script = STEPS({ CALL(sk_fullsock, SK), .want = 1 }, { PTR_LD(0, 4, 4), .want = 2 }) },
	{ "result as an argument", TCP4, .script = STEPS({ CTX_LD(len), .want = 74 }, { CALL(set_hash, CTX, RES(0)) }, { CTX_LD(hash), .want = 74 }) },
	{ "map", TCP4, PRESET(2, 0, 0, 0, 0, 0, 0, 0, 9, 8, 7, 6, 5, 4, 3, 2), .script = STEPS({ CALL(map_update_elem, MAP(ARRAY), BUF(0), BUF(8), IMM(0)) }, { CALL(map_lookup_elem, MAP(ARRAY), BUF(0)), .want = 1 }, { PTR_LD(1, 0, 8), .want = 0x0203040506070809 }) },
	{ "stack", TCP4, .script = STEPS({ CALL(skb_load_bytes, CTX, IMM(12), STACK(60), IMM(4)) }, { CALL(skb_store_bytes, CTX, IMM(0), STACK(60), IMM(2), IMM(0)) }, { PKT_LD(0, 2), .want = 0x0008 }) },
	{ "tail call to nowhere", TCP4, .script = STEPS({ CALL(tail_call, CTX, MAP(PROGS), IMM(0)) }) },
	{ "perf sample", TCP4, .script = STEPS({ CALL(perf_event_output, CTX, MAP(PERF), IMM(20ull << 32), BUF(0), IMM(8)) }) },
	{ "cgroup", TCP4, .script = STEPS({ CALL(skb_under_cgroup, CTX, MAP(CGROUPS), IMM(3)), .want = -EAGAIN }) },
	{ "a number of each boot", TCP4, .script = STEPS({ CALL(get_hash_recalc, CTX), UNLIKE }), .unlike = 1ull << FIELD_hash },
	{ "LD_ABS", TCP4, .script = STEPS({ LD_ABS(2, 12), .want = 0x0800 }, { LD_IND(1, 10, 4), .want = 0x45 }) },
	{ "LD_ABS past the end", TCP4, .script = STEPS({ CTX_LD(len), .want = 74 }, { LD_ABS(1, 74), .want = SCRIPT_UNREACHED }, { CTX_LD(len), .want = SCRIPT_UNREACHED }) },
	{ "tstamp without its type", TCP4, .ctx = CTX_IN(.tstamp = 5), .script = { .plain_tstamp = true, .steps = { { CTX_LD(tstamp), .want = 5 } } } },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests_name("skb rig", tests, NULL, NULL);
}
