/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_proto.c - bpf_skb_change_proto, bpf_skb_change_type, bpf_skb_ecn_set_ce and
 * bpf_skb_set_tstamp.
 */
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define ENOTSUPP 524

/* In wire order, as a program would give and find them. */
#define Q   0x0081
#define AD  0xa888
#define IP  0x0008
#define IP6 0xdd86

#define PROTO(to)       CALL(skb_change_proto, CTX, IMM(to), IMM(0))
#define TYPE(to)        CALL(skb_change_type, CTX, IMM(to))
#define TSTAMP(t, type) CALL(skb_set_tstamp, CTX, IMM(t), IMM(type))
#define SET_CE          CALL(skb_ecn_set_ce, CTX)
#define TAIL(to)        CALL(skb_change_tail, CTX, IMM(to), IMM(0))
#define NET             LD_ABS(4, SKF_NET_OFF)
#define TSTAMP_TYPE     CTX_LD_AT(180, 1)
#define SUM             .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE

/* clang-format off */
static const struct skb_case cases[] = {
	{ "proto: 4 to 6", TCP4, .script = STEPS({ PROTO(IP6) }, { CTX_LD(len), .want = 94 }, { CTX_LD(protocol), .want = IP6 }, { PKT_LD(12, 2), .want = IP }, { PKT_LD(14, 8), .want = 0 }, { PKT_LD(26, 8), .want = 0 }, { PKT_LD(34, 4), .want = 0x3c000045 }, { NET, .want = 0 }) },
	{ "proto: 6 to 4", TCP6, .script = STEPS({ PROTO(IP) }, { CTX_LD(len), .want = 74 }, { CTX_LD(protocol), .want = IP }, { PKT_LD(12, 2), .want = IP6 }, { PKT_LD(14, 4), .want = 0x01000000 }, { PKT_LD(30, 4), .want = 0x02000000 }, { NET, .want = 1 }) },
	{ "proto: there and back", TCP4, .script = STEPS({ PROTO(IP6) }, { PROTO(IP) }, { CTX_LD(len), .want = 74 }, { PKT_LD(14, 4), .want = 0x3c000045 }) },
	{ "proto: 4 to 4", TCP4, .script = STEPS({ PROTO(IP), .want = -ENOTSUPP }, { CTX_LD(len), .want = 74 }) },
	{ "proto: 6 to 6", TCP6, .script = STEPS({ PROTO(IP6), .want = -ENOTSUPP }) },
	{ "proto: 4 to ARP", TCP4, .script = STEPS({ PROTO(0x0608), .want = -ENOTSUPP }) },
	{ "proto: 4 to 0", TCP4, .script = STEPS({ PROTO(0), .want = -ENOTSUPP }) },
	{ "proto: 4 to 6 in the machine's order", TCP4, .script = STEPS({ PROTO(0x86dd), .want = -ENOTSUPP }) },
	{ "proto: beyond 16 bits", TCP4, .script = STEPS({ PROTO(0x1dd86) }, { CTX_LD(protocol), .want = IP6 }) },
	{ "proto: ARP to 6", ARP, .script = STEPS({ PROTO(IP6), .want = -ENOTSUPP }) },
	{ "proto: a tag is no IPv4", VLAN, .script = STEPS({ PROTO(IP6), .want = -ENOTSUPP }) },
	{ "proto: behind a tag", VLAN, .script = STEPS({ CALL(skb_vlan_pop, CTX) }, { PROTO(IP6) }, { CTX_LD(len), .want = 94 }) },
	{ "proto: with a tag beside", TCP4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(Q), IMM(5)) }, { PROTO(IP6) }, { CTX_LD(vlan_tci), .want = 5 }, { CTX_LD(protocol), .want = IP6 }) },
	{ "proto: what the packet says is not looked at", TCP4, .script = STEPS({ PKT_ST(12, 2, IP6) }, { PKT_ST(14, 1, 0x60) }, { PROTO(IP), .want = -ENOTSUPP }, { PROTO(IP6) }) },
	{ "proto: flag 1", TCP4, .script = STEPS({ CALL(skb_change_proto, CTX, IMM(IP6), IMM(1)), .want = -EINVAL }) },
	{ "proto: flag of 63 bits", TCP4, .script = STEPS({ CALL(skb_change_proto, CTX, IMM(IP6), IMM(1ull << 63)), .want = -EINVAL }) },
	{ "proto: flag, and no way there", ARP, .script = STEPS({ CALL(skb_change_proto, CTX, IMM(IP6), IMM(1)), .want = -EINVAL }) },
	{ "proto: shortest IPv4", TCP4, .bytes = 34, .script = STEPS({ PROTO(IP6) }, { CTX_LD(len), .want = 54 }) },
	{ "proto: shortest IPv6", TCP6, .bytes = 54, .script = STEPS({ PROTO(IP) }, { CTX_LD(len), .want = 34 }) },
	{ "proto: IPv6 cut to what has to go", TCP6, .script = STEPS({ TAIL(34) }, { PROTO(IP) }, { CTX_LD(len), .want = 14 }) },
	{ "proto: IPv6 cut to less", TCP6, .script = STEPS({ TAIL(33) }, { PROTO(IP), .want = -ENOMEM }, { CTX_LD(len), .want = 33 }, { CTX_LD(protocol), .want = IP6 }) },
	{ "proto: longest packets", LARGE, .script = STEPS({ PROTO(IP6) }, { CTX_LD(len), .want = 3732 }) },
	{ "proto: no limit of length", TCP4, .script = STEPS({ TAIL(16064) }, { PROTO(IP6) }, { CTX_LD(len), .want = 16084 }) },
	{ "proto: with a longer MAC header", TCP4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(4), IMM(0)) }, { PROTO(IP6) }, { CTX_LD(len), .want = 98 }, { PKT_LD(16, 4), .want = 0x00000008 }, { PKT_LD(38, 4), .want = 0x3c000045 }) },
	{ "proto: hash goes", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { PROTO(IP6) }, { CTX_LD(hash), .want = 0 }) },
	{ "proto: hash goes, 6 to 4", TCP6, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { PROTO(IP) }, { CTX_LD(hash), .want = 0 }) },
	{ "proto: hash stays on error", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { PROTO(IP), .want = -ENOTSUPP }, { CTX_LD(hash), .want = 77 }) },
	{ "proto: segments stay", TCP4, .ctx = CTX_IN(.gso_size = 100, .gso_segs = 3), .script = STEPS({ PROTO(IP6) }, { CTX_LD(gso_size), .want = 100 }, { CTX_LD(gso_segs), .want = 3 }, { CALL(skb_adjust_room, CTX, IMM(4), IMM(1), IMM(0)), .want = -ENOTSUPP }) },
	{ "proto: repeatedly", TCP4, .repeat = 3, .script = STEPS({ PROTO(IP6), ANY }, { CTX_LD(len), .want = 94 }) },
	{ "proto: sum, 4 to 6", TCP4, SUM, .script = STEPS({ PROTO(IP6) }) },
	{ "proto: sum, 6 to 4", TCP6, SUM, .script = STEPS({ PROTO(IP) }) },
	{ "proto: sum, there and back", TCP6, SUM, .script = STEPS({ PROTO(IP) }, { PROTO(IP6) }) },
	{ "proto: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { PROTO(IP6) }, { CTX_LD(len), .want = 94 } } } },

	{ "type: host", OTHERHOST, .script = STEPS({ CTX_LD(pkt_type), .want = 3 }, { TYPE(0) }, { CTX_LD(pkt_type), .want = 0 }) },
	{ "type: broadcast", TCP4, .script = STEPS({ CTX_LD(pkt_type), .want = 0 }, { TYPE(1) }, { CTX_LD(pkt_type), .want = 1 }) },
	{ "type: multicast", TCP4, .script = STEPS({ TYPE(2) }, { CTX_LD(pkt_type), .want = 2 }) },
	{ "type: other host", TCP4, .script = STEPS({ TYPE(3) }, { CTX_LD(pkt_type), .want = 3 }) },
	{ "type: outgoing", TCP4, .script = STEPS({ TYPE(4), .want = -EINVAL }, { CTX_LD(pkt_type), .want = 0 }) },
	{ "type: loopback", TCP4, .script = STEPS({ TYPE(5), .want = -EINVAL }) },
	{ "type: -1", TCP4, .script = STEPS({ TYPE(-1), .want = -EINVAL }) },
	{ "type: 256", TCP4, .script = STEPS({ TYPE(256), .want = -EINVAL }) },
	{ "type: beyond 32 bits", TCP4, .script = STEPS({ TYPE(0x100000003ll) }, { CTX_LD(pkt_type), .want = 3 }) },

	{ "ecn: not capable", TCP4, .script = STEPS({ SET_CE, .want = 0 }, { PKT_LD(15, 1), .want = 0 }) },
	{ "ecn: ECT(0)", ECT4, .script = STEPS({ SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 3 }, { SET_CE, .want = 1 }) },
	{ "ecn: ECT(1)", ECT4, .script = STEPS({ PKT_ST(15, 1, 1) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 3 }) },
	{ "ecn: CE", ECT4, .script = STEPS({ PKT_ST(15, 1, 3) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 3 }) },
	{ "ecn: all DSCP", ECT4, .script = STEPS({ PKT_ST(15, 1, 0xfe) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 0xff }) },
	{ "ecn: checksum without a carry", ECT4, .script = STEPS({ PKT_ST(24, 2, 0) }, { SET_CE, .want = 1 }, { PKT_LD(24, 2), .want = 0xfeff }) },
	{ "ecn: checksum of 1", ECT4, .script = STEPS({ PKT_ST(24, 2, 0x0100) }, { SET_CE, .want = 1 }, { PKT_LD(24, 2), .want = 0xffff }) },
	{ "ecn: checksum with a carry", ECT4, .script = STEPS({ PKT_ST(24, 2, 0x0200) }, { SET_CE, .want = 1 }, { PKT_LD(24, 2), .want = 0x0100 }) },
	{ "ecn: checksum of ECT(1) with a carry", ECT4, .script = STEPS({ PKT_ST(15, 1, 1) }, { PKT_ST(24, 2, 0xffff) }, { SET_CE, .want = 1 }, { PKT_LD(24, 2), .want = 0xfdff }) },
	{ "ecn: IPv6, not capable", TCP6, .script = STEPS({ SET_CE, .want = 0 }, { PKT_LD(14, 4), .want = 0x60 }) },
	{ "ecn: IPv6, ECT(0)", ECT6, .script = STEPS({ SET_CE, .want = 1 }, { PKT_LD(14, 4), .want = 0x3060 }, { SET_CE, .want = 1 }) },
	{ "ecn: IPv6, ECT(1)", ECT6, .script = STEPS({ PKT_ST(15, 1, 0x1f) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 0x3f }) },
	{ "ecn: IPv6, all DSCP", ECT6, .script = STEPS({ PKT_ST(14, 2, 0xef6f) }, { SET_CE, .want = 1 }, { PKT_LD(14, 2), .want = 0xff6f }) },
	{ "ecn: IPv6, a flow label is no ECN", TCP6, .script = STEPS({ PKT_ST(15, 1, 0x0f) }, { SET_CE, .want = 0 }) },
	{ "ecn: ARP", ARP, .script = STEPS({ SET_CE, .want = 0 }) },
	{ "ecn: a header alone", ETHER, .script = STEPS({ SET_CE, .want = 0 }) },
	{ "ecn: a tag is in the way", VLAN, .script = STEPS({ PKT_ST(15, 1, 2) }, { SET_CE, .want = 1 }, { PKT_LD(14, 4), .want = 0x00080360 }) },
	{ "ecn: a tag is in the way, not capable", VLAN, .script = STEPS({ SET_CE, .want = 0 }) },
	{ "ecn: tagged IPv6", VLAN6, .script = STEPS({ PKT_ST(15, 1, 0x20) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 0x30 }) },
	{ "ecn: two tags", QINQ, .script = STEPS({ PKT_ST(15, 1, 2) }, { SET_CE, .want = 1 }) },
	{ "ecn: tag beside the packet", ECT4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(Q), IMM(1)) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 3 }) },
	{ "ecn: tag pushed into the packet", ECT4, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(Q), IMM(2)) }, { CALL(skb_vlan_push, CTX, IMM(Q), IMM(1)) }, { SET_CE, .want = 1 }, { PKT_LD(14, 2), .want = 0x0300 }) },
	{ "ecn: type behind a tag, before its push", VLAN, .script = STEPS({ PKT_ST(15, 1, 2) }, { PKT_ST(12, 2, IP6) }, { SET_CE, .want = 1 }, { PKT_LD(14, 2), .want = 0x0360 }) },
	{ "ecn: type in front of a tag, after a push", VLAN, .script = STEPS({ CALL(skb_vlan_push, CTX, IMM(Q), IMM(1)) }, { PKT_ST(15, 1, 0x20) }, { PKT_ST(12, 2, IP6) }, { SET_CE, .want = 1 }, { PKT_LD(14, 2), .want = 0x3060 }) },
	{ "ecn: type in front of a tag, after a pop", QINQ, .script = STEPS({ PKT_ST(20, 2, Q) }, { CALL(skb_vlan_pop, CTX) }, { PKT_ST(15, 1, 0x20) }, { PKT_ST(12, 2, IP6) }, { SET_CE, .want = 1 }, { PKT_LD(15, 1), .want = 0x30 }) },
	{ "ecn: type behind a longer MAC header", VLAN, .script = STEPS({ CALL(skb_change_head, CTX, IMM(8), IMM(0)) }, { PKT_ST(23, 1, 2) }, { SET_CE, .want = 1 }, { PKT_LD(22, 2), .want = 0x0360 }) },
	{ "ecn: type behind a tag is ARP", VLAN, .script = STEPS({ PKT_ST(15, 1, 2) }, { PKT_ST(16, 2, 0x0608) }, { SET_CE, .want = 0 }) },
	{ "ecn: 17 bytes with a tag", VLAN, .bytes = 17, .script = STEPS({ SET_CE, .want = 0 }) },
	{ "ecn: IPv4 cut", ECT4, .script = STEPS({ TAIL(34) }, { SET_CE, .want = 1 }) },
	{ "ecn: IPv4 cut short", ECT4, .script = STEPS({ TAIL(33) }, { SET_CE, .want = 0 }) },
	{ "ecn: IPv6 cut", ECT6, .script = STEPS({ TAIL(54) }, { SET_CE, .want = 1 }) },
	{ "ecn: IPv6 cut short", ECT6, .script = STEPS({ TAIL(53) }, { SET_CE, .want = 0 }) },
	{ "ecn: cut behind a tag", VLAN, .bytes = 34, .script = STEPS({ PKT_ST(15, 1, 2) }, { SET_CE, .want = 1 }) },
	{ "ecn: cut short behind a tag", VLAN, .bytes = 33, .script = STEPS({ PKT_ST(15, 1, 2) }, { SET_CE, .want = 0 }) },
	{ "ecn: with a longer MAC header", ECT4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(4), IMM(0)) }, { SET_CE, .want = 1 }, { PKT_LD(19, 1), .want = 3 }) },
	{ "ecn: after 4 to 6", ECT4, .script = STEPS({ PROTO(IP6) }, { SET_CE, .want = 0 }, { PKT_ST(14, 2, 0x2060) }, { SET_CE, .want = 1 }, { PKT_LD(14, 2), .want = 0x3060 }) },
	{ "ecn: outer header", IPIP, .script = STEPS({ PKT_ST(15, 1, 1) }, { SET_CE, .want = 1 }, { PKT_LD(35, 1), .want = 0 }) },
	{ "ecn: sum, IPv4", ECT4, SUM, .script = STEPS({ SET_CE, .want = 1 }) },
	{ "ecn: sum, IPv6", ECT6, SUM, .script = STEPS({ SET_CE, .want = 1 }) },
	{ "ecn: sum, IPv6, again", ECT6, SUM, .script = STEPS({ SET_CE, .want = 1 }, { SET_CE, .want = 1 }, { SET_CE, .want = 1 }) },

	{ "tstamp: wall clock", TCP4, .script = STEPS({ TSTAMP(77, 0) }, { CTX_LD(tstamp), .want = 77 }, { TSTAMP_TYPE, .want = 0 }) },
	{ "tstamp: wall clock, 0", TCP4, .ctx = CTX_IN(.tstamp = 5), .script = STEPS({ TSTAMP(0, 0) }, { CTX_LD(tstamp), .want = 0 }) },
	{ "tstamp: monotonic", TCP4, .script = STEPS({ TSTAMP(-1, 1) }, { CTX_LD(tstamp), .want = -1 }, { TSTAMP_TYPE, .want = 1 }) },
	{ "tstamp: monotonic, 0", TCP4, .ctx = CTX_IN(.tstamp = 5), .script = STEPS({ TSTAMP(0, 1), .want = -EINVAL }, { CTX_LD(tstamp), .want = 5 }) },
	{ "tstamp: TAI", TCP4, .script = STEPS({ TSTAMP(1, 2) }, { CTX_LD(tstamp), .want = 1 }, { TSTAMP_TYPE, .want = 2 }) },
	{ "tstamp: TAI, 0", TCP4, .script = STEPS({ TSTAMP(0, 2), .want = -EINVAL }, { TSTAMP_TYPE, .want = 0 }) },
	{ "tstamp: clock 3", TCP4, .script = STEPS({ TSTAMP(9, 1) }, { TSTAMP(8, 3), .want = -EINVAL }, { CTX_LD(tstamp), .want = 9 }, { TSTAMP_TYPE, .want = 1 }) },
	{ "tstamp: clock -1", TCP4, .script = STEPS({ TSTAMP(9, -1), .want = -EINVAL }) },
	{ "tstamp: clock beyond 32 bits", TCP4, .script = STEPS({ TSTAMP(9, 0x100000001ll) }, { TSTAMP_TYPE, .want = 1 }) },
	{ "tstamp: back to the wall clock", TCP4, .script = STEPS({ TSTAMP(9, 2) }, { TSTAMP(8, 0) }, { TSTAMP_TYPE, .want = 0 }, { CTX_LD(tstamp), .want = 8 }) },
	{ "tstamp: IPv6", TCP6, .script = STEPS({ TSTAMP(9, 2) }, { TSTAMP_TYPE, .want = 2 }) },
	{ "tstamp: ARP", ARP, .ctx = CTX_IN(.tstamp = 5), .script = STEPS({ TSTAMP(9, 0), .want = -EOPNOTSUPP }, { TSTAMP(9, 3), .want = -EOPNOTSUPP }, { TSTAMP(0, 1), .want = -EOPNOTSUPP }, { CTX_LD(tstamp), .want = 5 }) },
	{ "tstamp: tagged", VLAN, .script = STEPS({ TSTAMP(9, 1), .want = -EOPNOTSUPP }) },
	{ "tstamp: behind a tag that was popped", VLAN, .script = STEPS({ CALL(skb_vlan_pop, CTX) }, { TSTAMP(9, 1) }) },
	{ "tstamp: stored over", TCP4, .script = STEPS({ TSTAMP(9, 1) }, { CTX_ST(tstamp, 7) }, { CTX_LD(tstamp), .want = 7 }, { TSTAMP_TYPE, .want = 1 }) },
	{ "tstamp: stored over by who does not know of types", TCP4, .script = { .plain_tstamp = true, .steps = { { TSTAMP(9, 1) }, { CTX_LD(tstamp), .want = 9 }, { CTX_ST(tstamp, 7) }, { CTX_LD(tstamp), .want = 7 } } } },
	{ "tstamp: type stays from run to run", TCP4, .repeat = 2, .script = STEPS({ TSTAMP_TYPE, .want = 2 }, { TSTAMP(9, 2) }) },
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
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases) };

	return cmocka_run_group_tests_name("skb proto", tests, NULL, NULL);
}
