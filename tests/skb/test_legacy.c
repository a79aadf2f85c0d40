/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_legacy.c - LD_ABS and LD_IND: numbers come in host order; what lies outside ends the
 * program, which returns 0. Offsets from SKF_NET_OFF and SKF_LL_OFF on work; ancillary ones
 * (SKF_AD_OFF) mean nothing here: they are read as bytes far behind the network header (cf.
 * net/core/filter.c: bpf_skb_load_helper_convert_offset).
 */
#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* clang-format off */
static const struct skb_case cases[] = {
	{ "LD_ABS: byte", TCP4, .script = STEPS({ LD_ABS(1, 6), .want = 2 }) },
	{ "LD_ABS: half", TCP4, .script = STEPS({ LD_ABS(2, 12), .want = 0x800 }) },
	{ "LD_ABS: word", TCP4, .script = STEPS({ LD_ABS(4, 26), .want = 0xc0000201 }) },
	{ "LD_ABS: high word", ICMP6, .script = STEPS({ LD_ABS(4, 70), .want = 0x3940474e }) },
	{ "LD_ABS: of 8", TCP4, .script = STEPS({ LD_ABS(8, 0) }), .load = -EINVAL },
	{ "LD_ABS: last word", TCP4, .script = STEPS({ LD_ABS(4, 70), .want = 0x71787f86 }) },
	{ "LD_ABS: word past the end", TCP4, .script = STEPS({ CTX_LD(len), .want = 74 }, { LD_ABS(4, 71), .want = SCRIPT_UNREACHED }, { CTX_LD(len), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: last half", TCP4, .script = STEPS({ LD_ABS(2, 72), .want = 0x7f86 }) },
	{ "LD_ABS: half past the end", TCP4, .script = STEPS({ LD_ABS(2, 73), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: last byte", TCP4, .script = STEPS({ LD_ABS(1, 73), .want = 0x86 }) },
	{ "LD_ABS: byte at the end", TCP4, .script = STEPS({ LD_ABS(1, 74), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: past the end, verdict", TCP4, .script = { .verdict = TC_ACT_SHOT, .steps = { { LD_ABS(1, 74), .want = SCRIPT_UNREACHED } } } },
	{ "LD_ABS: INT_MAX", TCP4, .script = STEPS({ LD_ABS(1, 2147483647), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: -1", TCP4, .script = STEPS({ LD_ABS(1, -1), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: INT_MIN", TCP4, .script = STEPS({ LD_ABS(1, INT32_MIN), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: longest packet", LARGE, .script = STEPS({ LD_ABS(4, 3708), .want = 0xebf2f900 }) },
	{ "LD_ABS: past the longest", LARGE, .script = STEPS({ LD_ABS(4, 3709), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: what was written", TCP4, .script = STEPS({ PKT_ST(20, 4, 0x11223344) }, { LD_ABS(4, 20), .want = 0x44332211 }) },
	{ "LD_ABS: net", TCP4, .script = STEPS({ LD_ABS(1, SKF_NET_OFF), .want = 69 }) },
	{ "LD_ABS: net half", TCP4, .script = STEPS({ LD_ABS(2, SKF_NET_OFF + 2), .want = 60 }) },
	{ "LD_ABS: net word", TCP4, .script = STEPS({ LD_ABS(4, SKF_NET_OFF + 12), .want = 0xc0000201 }) },
	{ "LD_ABS: net, tagged", VLAN, .script = STEPS({ LD_ABS(4, SKF_NET_OFF), .want = 0x60640800 }) },
	{ "LD_ABS: net, last", TCP4, .script = STEPS({ LD_ABS(4, SKF_NET_OFF + 56), .want = 0x71787f86 }) },
	{ "LD_ABS: net, past the end", TCP4, .script = STEPS({ LD_ABS(4, SKF_NET_OFF + 57), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: net of a 14-byte packet", ETHER, .script = STEPS({ LD_ABS(1, SKF_NET_OFF), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: link", TCP4, .script = STEPS({ LD_ABS(2, SKF_LL_OFF + 12), .want = 0x800 }) },
	{ "LD_ABS: link, last", TCP4, .script = STEPS({ LD_ABS(4, SKF_LL_OFF + 70), .want = 0x71787f86 }) },
	{ "LD_ABS: link, past the end", TCP4, .script = STEPS({ LD_ABS(4, SKF_LL_OFF + 71), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: link's end is not net", TCP4, .script = STEPS({ LD_ABS(1, SKF_NET_OFF - 1), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: before link", TCP4, .script = STEPS({ LD_ABS(1, SKF_LL_OFF - 1), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary protocol", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_PROTOCOL), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary pkttype", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_PKTTYPE), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary ifindex", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_IFINDEX), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary nlattr", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_NLATTR), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary mark", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_MARK), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary queue", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_QUEUE), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary hatype", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_HATYPE), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary rxhash", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_RXHASH), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary cpu", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_CPU), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary vlan_tag", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_VLAN_TAG), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary vlan_tag_present", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary pay_offset", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_PAY_OFFSET), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary random", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_RANDOM), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: ancillary vlan_tpid", TCP4, .script = STEPS({ LD_ABS(4, SKF_AD_OFF + SKF_AD_VLAN_TPID), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: after change_head", TCP4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(14), IMM(0)) }, { LD_ABS(4, 26), .want = 0x8004500 }, { LD_ABS(4, SKF_NET_OFF), .want = 0x4500003c }, { LD_ABS(4, SKF_LL_OFF + 12) }, { LD_ABS(4, SKF_NET_OFF + 56), .want = 0x71787f86 }, { LD_ABS(4, 84), .want = 0x71787f86 }, { LD_ABS(4, 85), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: after two tags pushed", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(0xa888), IMM(5)) }, { CALL(skb_vlan_push, CTX, IMM(0x0081), IMM(6)) }, { LD_ABS(4, 12), .want = 0x88a80005 }, { LD_ABS(4, SKF_NET_OFF), .want = 0x50800 }, { LD_ABS(4, SKF_LL_OFF + 12), .want = 0x88a80005 }, { LD_ABS(4, 74), .want = 0x71787f86 }, { LD_ABS(4, 75), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: after a tag popped", VLAN, .script = STEPS({ CALL(skb_vlan_pop, CTX) }, { LD_ABS(4, 12), .want = 0x8004500 }, { LD_ABS(4, SKF_NET_OFF), .want = 0x4500003c }, { LD_ABS(4, SKF_LL_OFF + 12), .want = 0x8004500 }, { LD_ABS(4, 71), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: after adjust_room", TCP4, .script = STEPS({ CALL(skb_adjust_room, CTX, IMM(20), IMM(BPF_ADJ_ROOM_MAC), IMM(0)) }, { LD_ABS(4, 34), .want = 0x4500003c }, { LD_ABS(4, SKF_NET_OFF + 20), .want = 0x4500003c }, { LD_ABS(4, SKF_LL_OFF + 12), .want = 0x8000000 }, { LD_ABS(4, 90), .want = 0x71787f86 }) },
	{ "LD_ABS: after a shorter tail", TCP4, .script = STEPS({ CALL(skb_change_tail, CTX, IMM(60), IMM(0)) }, { LD_ABS(4, 56), .want = 0xf161d24 }, { LD_ABS(4, SKF_NET_OFF + 42), .want = 0xf161d24 }, { LD_ABS(1, 60), .want = SCRIPT_UNREACHED }) },
	{ "LD_ABS: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { LD_ABS(2, 12), .want = 0x800 } } } },

	{ "LD_IND: byte", TCP4, .script = STEPS({ LD_IND(1, 10, 4), .want = 69 }) },
	{ "LD_IND: half", TCP4, .script = STEPS({ LD_IND(2, 10, 2), .want = 0x800 }) },
	{ "LD_IND: word", TCP4, .script = STEPS({ LD_IND(4, 20, 6), .want = 0xc0000201 }) },
	{ "LD_IND: of 8", TCP4, .script = STEPS({ LD_IND(8, 0, 0) }), .load = -EINVAL },
	{ "LD_IND: negative index", TCP4, .script = STEPS({ LD_IND(1, -4, 10), .want = 2 }) },
	{ "LD_IND: negative offset", TCP4, .script = STEPS({ LD_IND(2, 14, -2), .want = 0x800 }) },
	{ "LD_IND: sum of -1", TCP4, .script = STEPS({ LD_IND(1, -4, 3), .want = SCRIPT_UNREACHED }) },
	{ "LD_IND: index beyond 32 bits", TCP4, .script = STEPS({ LD_IND(1, 0x100000006ll, 0), .want = 2 }) },
	{ "LD_IND: last", TCP4, .script = STEPS({ LD_IND(4, 60, 10), .want = 0x71787f86 }) },
	{ "LD_IND: past the end", TCP4, .script = STEPS({ LD_IND(4, 70, 1), .want = SCRIPT_UNREACHED }) },
	{ "LD_IND: sum past INT_MAX", TCP4, .script = STEPS({ LD_IND(1, INT32_MAX, 1), .want = SCRIPT_UNREACHED }) },
	{ "LD_IND: sum of 2^32", TCP4, .script = STEPS({ LD_IND(1, -6, 12), .want = 2 }) },
	{ "LD_IND: net", TCP4, .script = STEPS({ LD_IND(1, 9, SKF_NET_OFF), .want = 6 }) },
	{ "LD_IND: net as the index", TCP4, .script = STEPS({ LD_IND(1, SKF_NET_OFF, 9), .want = 6 }) },
	{ "LD_IND: net, past the end", TCP4, .script = STEPS({ LD_IND(1, 60, SKF_NET_OFF), .want = SCRIPT_UNREACHED }) },
	{ "LD_IND: link", TCP4, .script = STEPS({ LD_IND(2, 12, SKF_LL_OFF), .want = 0x800 }) },
	{ "LD_IND: before link", TCP4, .script = STEPS({ LD_IND(1, -1, SKF_LL_OFF), .want = SCRIPT_UNREACHED }) },
	{ "LD_IND: ancillary", TCP4, .script = STEPS({ LD_IND(4, SKF_AD_PROTOCOL, SKF_AD_OFF), .want = SCRIPT_UNREACHED }) },
};
/* clang-format on */

static void
test_cases(void **state)
{
	(void)state;
	skb_cases(cases, XB_ARRAY_SIZE(cases));
}

/*
 * In a function of the program it is the function that ends, with 0. The kernel wants BTF for that
 * (cf. kernel/bpf/verifier.c: check_ld_abs), and gives the same.
 */
static void
test_function(void **state)
{
	const struct bpf_insn insns[] = {
		XB_CALL_FUNC(2),       XB_ALU64_IMM(BPF_ADD, 0, 7), XB_EXIT(), XB_MOV64_REG(6, 1),
		XB_LD_ABS(BPF_B, 200), XB_ALU64_IMM(BPF_ADD, 0, 3), XB_EXIT(),
	};
	const struct backend_prog prog = { .insns = insns,
		                           .insn_cnt = XB_ARRAY_SIZE(insns),
		                           .type = BPF_PROG_TYPE_SCHED_CLS };
	static const u8 data[64];
	union bpf_attr attr;
	struct backend b;

	(void)state;
	memset(&attr, 0, sizeof(attr));
	attr.test.data_size_in = sizeof(data);
	backend_open_emu(&b, xb_skb_register);
	attr.test.prog_fd = (u32)backend_prog(&b, &prog);
	attr.test.data_in = (uintptr_t)data;
	assert_int_equal(backend_bpf(&b, BPF_PROG_TEST_RUN, &attr), 0);
	assert_int_equal(attr.test.retval, 7);
	close((int)attr.test.prog_fd);
	backend_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_function),
	};

	return cmocka_run_group_tests_name("skb legacy loads", tests, NULL, NULL);
}
