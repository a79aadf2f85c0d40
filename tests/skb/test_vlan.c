/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_vlan.c - bpf_skb_vlan_push and bpf_skb_vlan_pop: the tag beside the packet, those in it,
 * where the headers are then.
 */
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* In wire order, as a program would give and find them. */
#define Q     0x0081
#define AD    0xa888
#define IP    0x0008
#define IP6   0xdd86
#define TYPE2 0x0400 /* ETH_P_802_2 */
#define TYPE3 0x0100 /* ETH_P_802_3 */

#define PUSH(proto, tci) CALL(skb_vlan_push, CTX, IMM(proto), IMM(tci))
#define POP              CALL(skb_vlan_pop, CTX)
#define NET              LD_ABS(4, SKF_NET_OFF)
#define MAC              LD_ABS(4, SKF_LL_OFF + 12)
#define SUM              .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE

/* clang-format off */
static const struct skb_case cases[] = {
	{ "push", TCP4, .script = STEPS({ PUSH(Q, 0x2123) }, { CTX_LD(vlan_present), .want = 1 }, { CTX_LD(vlan_tci), .want = 0x2123 }, { CTX_LD(vlan_proto), .want = Q }, { CTX_LD(protocol), .want = IP }, { CTX_LD(len), .want = 74 }, { PKT_LD(12, 2), .want = IP }, { NET, .want = 0x4500003c }) },
	{ "push: 802.1ad", TCP4, .script = STEPS({ PUSH(AD, 7) }, { CTX_LD(vlan_proto), .want = AD }, { CTX_LD(vlan_tci), .want = 7 }) },
	{ "push: no VLAN's type", TCP4, .script = STEPS({ PUSH(IP, 7) }, { CTX_LD(vlan_proto), .want = Q }) },
	{ "push: type 0", TCP4, .script = STEPS({ PUSH(0, 7) }, { CTX_LD(vlan_proto), .want = Q }) },
	{ "push: type in the machine's order", TCP4, .script = STEPS({ PUSH(0x88a8, 7) }, { CTX_LD(vlan_proto), .want = Q }) },
	{ "push: QinQ's old type", TCP4, .script = STEPS({ PUSH(0x0091, 7) }, { CTX_LD(vlan_proto), .want = Q }) },
	{ "push: type beyond 16 bits", TCP4, .script = STEPS({ PUSH(0x7000a888, 7) }, { CTX_LD(vlan_proto), .want = AD }) },
	{ "push: TCI 0", TCP4, .script = STEPS({ PUSH(Q, 0) }, { CTX_LD(vlan_present), .want = 1 }, { CTX_LD(vlan_tci), .want = 0 }) },
	{ "push: TCI beyond 16 bits", TCP4, .script = STEPS({ PUSH(Q, 0x7fffe) }, { CTX_LD(vlan_tci), .want = 0xfffe }) },
	{ "push: TCI of -1", TCP4, .script = STEPS({ PUSH(Q, -1) }, { CTX_LD(vlan_tci), .want = 0xffff }) },
	{ "push: twice", TCP4, .script = STEPS({ PUSH(Q, 0x2123) }, { PUSH(AD, 0x456) }, { CTX_LD(vlan_tci), .want = 0x456 }, { CTX_LD(vlan_proto), .want = AD }, { CTX_LD(protocol), .want = Q }, { CTX_LD(len), .want = 78 }, { PKT_LD(12, 4), .want = 0x23210081 }, { PKT_LD(16, 4), .want = 0x00450008 }, { PKT_LD(0, 8), .want = 0x0002000000000000ll }, { NET, .want = 0x21230800 }, { MAC, .want = 0x81002123 }) },
	{ "push: three times", TCP4, .script = STEPS({ PUSH(Q, 1) }, { PUSH(AD, 2) }, { PUSH(Q, 3) }, { CTX_LD(vlan_tci), .want = 3 }, { CTX_LD(protocol), .want = AD }, { CTX_LD(len), .want = 82 }, { PKT_LD(12, 8), .want = 0x010000810200a888ll }, { NET, .want = 0x00028100 }) },
	{ "push: in front of a tag", VLAN, .script = STEPS({ PUSH(AD, 9) }, { CTX_LD(protocol), .want = Q }, { CTX_LD(len), .want = 78 }, { PUSH(AD, 10) }, { CTX_LD(protocol), .want = AD }, { CTX_LD(len), .want = 82 }, { PKT_LD(12, 8), .want = 0x646000810900a888ll }) },
	{ "push: a header alone", ETHER, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 2) }, { CTX_LD(len), .want = 18 }, { PKT_LD(12, 4), .want = 0x01000081 }, { PKT_LD(16, 2), .want = 0xb588 }) },
	{ "push: ARP", ARP, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 2) }, { CTX_LD(protocol), .want = Q }, { CTX_LD(len), .want = 46 }) },
	{ "push: longest packet", LARGE, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 2) }, { CTX_LD(len), .want = 3716 }) },
	{ "push: ten times", TCP4, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 2) }, { PUSH(Q, 3) }, { PUSH(Q, 4) }, { PUSH(Q, 5) }, { PUSH(Q, 6) }, { PUSH(Q, 7) }, { PUSH(Q, 8) }, { PUSH(Q, 9) }, { PUSH(Q, 10) }, { CTX_LD(len), .want = 110 }) },
	{ "push: twice for each of three runs", TCP4, .repeat = 3, .script = STEPS({ PUSH(Q, 1), ANY }, { PUSH(AD, 2), ANY }, { CTX_LD(len), .want = 94 }) },
	{ "push: hash stays", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { PUSH(Q, 1) }, { PUSH(Q, 1) }, { CTX_LD(hash), .want = 77 }) },
	{ "push: gso stays", TCP4, .ctx = CTX_IN(.gso_size = 100, .gso_segs = 3), .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 1) }, { CTX_LD(gso_size), .want = 100 }, { CTX_LD(gso_segs), .want = 3 }) },
	{ "push: wire_len stays", TCP4, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 1) }, { CTX_LD(wire_len), .want = 74 }) },
	{ "push: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { PUSH(Q, 1) }, { PUSH(Q, 1) }, { CTX_LD(len), .want = 78 } } } },
	{ "push: sum stays", TCP4, SUM, .script = STEPS({ PUSH(Q, 1) }) },
	{ "push: sum gains the tag, of which half is summed up", TCP4, SUM, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 1) }), .ret = -EBADMSG },
	{ "push: sum gains the tag, as before another", VLAN, SUM, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 1) }) },

	{ "pop: no tag", TCP4, .script = STEPS({ POP }, { CTX_LD(len), .want = 74 }, { CTX_LD(protocol), .want = IP }) },
	{ "pop: no tag, a header alone", ETHER, .script = STEPS({ POP }, { CTX_LD(len), .want = 14 }) },
	{ "pop: tag in the packet", VLAN, .script = STEPS({ POP }, { CTX_LD(len), .want = 74 }, { CTX_LD(protocol), .want = IP }, { CTX_LD(vlan_present), .want = 0 }, { PKT_LD(12, 4), .want = 0x00450008 }, { PKT_LD(4, 8), .want = 0x0100000000020000ll }, { NET, .want = 0x4500003c }, { MAC, .want = 0x08004500 }) },
	{ "pop: tag in front of IPv6", VLAN6, .script = STEPS({ POP }, { CTX_LD(protocol), .want = IP6 }, { CTX_LD(len), .want = 94 }) },
	{ "pop: two tags", QINQ, .script = STEPS({ POP }, { CTX_LD(len), .want = 74 }, { CTX_LD(protocol), .want = IP }, { CTX_LD(vlan_present), .want = 1 }, { CTX_LD(vlan_tci), .want = 0x6064 }, { CTX_LD(vlan_proto), .want = Q }, { NET, .want = 0x4500003c }) },
	{ "pop: two tags, twice", QINQ, .script = STEPS({ POP }, { POP }, { CTX_LD(len), .want = 74 }, { CTX_LD(vlan_present), .want = 0 }, { CTX_LD(vlan_tci), .want = 0 }, { CTX_LD(vlan_proto), .want = 0 }, { POP }) },
	{ "pop: tag beside the packet", TCP4, .script = STEPS({ PUSH(Q, 5) }, { POP }, { CTX_LD(vlan_present), .want = 0 }, { CTX_LD(vlan_tci), .want = 0 }, { CTX_LD(vlan_proto), .want = 0 }, { CTX_LD(protocol), .want = IP }) },
	{ "pop: both", TCP4, .script = STEPS({ PUSH(AD, 5) }, { PUSH(Q, 6) }, { POP }, { CTX_LD(vlan_tci), .want = 5 }, { CTX_LD(vlan_proto), .want = AD }, { CTX_LD(len), .want = 74 }, { NET, .want = 0x4500003c }) },
	{ "pop: one of three", TCP4, .script = STEPS({ PUSH(AD, 5) }, { PUSH(Q, 6) }, { PUSH(Q, 7) }, { POP }, { CTX_LD(vlan_tci), .want = 6 }, { CTX_LD(protocol), .want = AD }, { CTX_LD(len), .want = 78 }, { NET, .want = 0x00050800 }) },
	{ "pop: tag beside one in the packet", VLAN, .script = STEPS({ PUSH(AD, 9) }, { POP }, { CTX_LD(vlan_present), .want = 1 }, { CTX_LD(vlan_tci), .want = 0x6064 }, { CTX_LD(protocol), .want = IP }, { CTX_LD(len), .want = 74 }) },
	{ "pop: 18 bytes", VLAN, .bytes = 18, .script = STEPS({ POP }, { CTX_LD(len), .want = 14 }, { CTX_LD(protocol), .want = IP }) },
	{ "pop: 17 bytes", VLAN, .bytes = 17, .script = STEPS({ POP, .want = -ENOMEM }, { CTX_LD(len), .want = 17 }, { CTX_LD(protocol), .want = Q }) },
	{ "pop: 14 bytes", VLAN, .bytes = 14, .script = STEPS({ POP, .want = -ENOMEM }, { CTX_LD(len), .want = 14 }) },
	{ "pop: two tags in 22 bytes", QINQ, .bytes = 22, .script = STEPS({ POP }, { CTX_LD(len), .want = 14 }, { CTX_LD(vlan_tci), .want = 0x6064 }) },
	{ "pop: two tags in 21 bytes", QINQ, .bytes = 21, .script = STEPS({ POP, .want = -ENOMEM }, { CTX_LD(len), .want = 17 }, { CTX_LD(protocol), .want = Q }, { CTX_LD(vlan_present), .want = 0 }) },
	{ "pop: tag beside 17 bytes with one", VLAN, .bytes = 17, .script = STEPS({ PUSH(Q, 3) }, { POP, .want = -ENOMEM }, { CTX_LD(vlan_present), .want = 0 }, { CTX_LD(len), .want = 17 }) },
	{ "pop: a length behind the tag", VLAN, .script = STEPS({ PKT_ST(16, 2, 0x3a00) }, { POP }, { CTX_LD(protocol), .want = TYPE2 }) },
	{ "pop: largest length", VLAN, .script = STEPS({ PKT_ST(16, 2, 0xff05) }, { POP }, { CTX_LD(protocol), .want = TYPE2 }) },
	{ "pop: least type", VLAN, .script = STEPS({ PKT_ST(16, 2, 0x0006) }, { POP }, { CTX_LD(protocol), .want = 0x0006 }) },
	{ "pop: IPX behind the tag", VLAN, .script = STEPS({ PKT_ST(16, 2, 0) }, { PKT_ST(18, 2, 0xffff) }, { POP }, { CTX_LD(protocol), .want = TYPE3 }) },
	{ "pop: half of IPX", VLAN, .script = STEPS({ PKT_ST(16, 2, 0) }, { PKT_ST(18, 2, 0x00ff) }, { POP }, { CTX_LD(protocol), .want = TYPE2 }) },
	{ "pop: the packet's own type is not looked at", VLAN, .script = STEPS({ PKT_ST(12, 2, IP) }, { POP }, { CTX_LD(len), .want = 74 }, { CTX_LD(protocol), .want = IP }, { PKT_LD(12, 2), .want = IP }) },
	{ "pop: nor a tag that was written", TCP4, .script = STEPS({ PKT_ST(12, 2, Q) }, { POP }, { CTX_LD(len), .want = 74 }, { CTX_LD(protocol), .want = IP }) },
	{ "pop: a tag that was written behind one", VLAN, .script = STEPS({ PKT_ST(16, 2, Q) }, { PKT_ST(20, 2, IP) }, { POP }, { CTX_LD(len), .want = 70 }, { CTX_LD(protocol), .want = IP }, { CTX_LD(vlan_present), .want = 1 }, { CTX_LD(vlan_tci), .want = 0x4500 }) },
	{ "pop: with a longer MAC header", VLAN, .script = STEPS({ CALL(skb_change_head, CTX, IMM(10), IMM(0)) }, { POP }, { CTX_LD(len), .want = 84 }, { NET, .want = 0x60640800 }) },
	{ "pop: hash stays", VLAN, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { POP }, { CTX_LD(hash), .want = 77 }) },
	{ "pop: repeatedly", QINQ, .repeat = 3, .script = STEPS({ POP, ANY }, { CTX_LD(len), .want = 74 }, { CTX_LD(vlan_present), .want = 0 }) },
	{ "pop: sum loses the tag, of which half was summed up", VLAN, SUM, .script = STEPS({ POP }), .ret = -EBADMSG },
	{ "pop: sum stays", TCP4, SUM, .script = STEPS({ PUSH(Q, 1) }, { POP }) },
	{ "pop: sum with both", TCP4, SUM, .script = STEPS({ PUSH(Q, 1) }, { PUSH(Q, 2) }, { POP }) },
	{ "pop: sum of too short a packet", VLAN, .bytes = 17, SUM, .script = STEPS({ POP, .want = -ENOMEM }) },
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

	return cmocka_run_group_tests_name("skb vlan", tests, NULL, NULL);
}
