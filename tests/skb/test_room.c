/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_room.c - bpf_skb_adjust_room, bpf_skb_change_head and bpf_skb_change_tail.
 */
#include "tests/skb/run.h"

#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define ENOTSUPP 524
#define MAX_LEN  16064

/* In wire order. */
#define Q   0x0081
#define IP  0x0008
#define IP6 0xdd86

#define NET_MODE BPF_ADJ_ROOM_NET
#define MAC_MODE BPF_ADJ_ROOM_MAC
#define FIXED    BPF_F_ADJ_ROOM_FIXED_GSO
#define ENCAP4   BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
#define ENCAP6   BPF_F_ADJ_ROOM_ENCAP_L3_IPV6
#define GRE      BPF_F_ADJ_ROOM_ENCAP_L4_GRE
#define UDP      BPF_F_ADJ_ROOM_ENCAP_L4_UDP
#define NO_RESET BPF_F_ADJ_ROOM_NO_CSUM_RESET
#define ETH      BPF_F_ADJ_ROOM_ENCAP_L2_ETH
#define L2(n)    BPF_F_ADJ_ROOM_ENCAP_L2((u64)(n))
#define DECAP4   (1 << 7) /* BPF_F_ADJ_ROOM_DECAP_L3_IPV4: some headers lack it */
#define DECAP6   (1 << 8)

#define ROOM(bytes, mode, flags) CALL(skb_adjust_room, CTX, IMM(bytes), IMM(mode), IMM(flags))
#define HEAD(bytes)              CALL(skb_change_head, CTX, IMM(bytes), IMM(0))
#define TAIL(to)                 CALL(skb_change_tail, CTX, IMM(to), IMM(0))
#define PUSH                     CALL(skb_vlan_push, CTX, IMM(Q), IMM(0x123))
#define LEN                      CTX_LD(len)
#define NET                      LD_ABS(4, SKF_NET_OFF)
#define MAC                      LD_ABS(4, SKF_LL_OFF + 12)
#define SUM                      .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE
#define GSO                      .ctx = CTX_IN(.gso_size = 100, .gso_segs = 3)

/* clang-format off */
static const struct skb_case room_cases[] = {
	{ "room: grow behind IPv4", TCP4, .script = STEPS({ ROOM(8, NET_MODE, 0) }, { LEN, .want = 82 }, { PKT_LD(12, 4), .want = 0x00450008 }, { PKT_LD(30, 4), .want = 0x020200c0 }, { PKT_LD(34, 8), .want = 0 }, { PKT_LD(42, 4), .want = (s64)0xd007e803 }, { NET, .want = 0x4500003c }) },
	{ "room: grow behind IPv6", TCP6, .script = STEPS({ ROOM(8, NET_MODE, 0) }, { LEN, .want = 102 }, { PKT_LD(50, 4), .want = 0x02000000 }, { PKT_LD(54, 8), .want = 0 }, { PKT_LD(62, 4), .want = (s64)0xd007e803 }) },
	{ "room: grow behind the MAC header", TCP4, .script = STEPS({ ROOM(8, MAC_MODE, 0) }, { LEN, .want = 82 }, { PKT_LD(12, 2), .want = IP }, { PKT_LD(14, 8), .want = 0 }, { PKT_LD(22, 2), .want = 0x0045 }, { NET, .want = 0 }) },
	{ "room: grow by an odd number", TCP4, .script = STEPS({ ROOM(3, MAC_MODE, 0) }, { LEN, .want = 77 }, { PKT_LD(17, 2), .want = 0x0045 }) },
	{ "room: grow by 0", TCP4, .script = STEPS({ ROOM(0, NET_MODE, 0) }, { LEN, .want = 74 }, { PKT_LD(34, 4), .want = (s64)0xd007e803 }) },
	{ "room: options are in the way", OPT4, .script = STEPS({ ROOM(4, NET_MODE, 0) }, { PKT_LD(34, 4), .want = 0 }, { PKT_LD(38, 4), .want = 0x01010101 }) },
	{ "room: shrink behind IPv4", TCP4, .script = STEPS({ ROOM(-8, NET_MODE, 0) }, { LEN, .want = 66 }, { PKT_LD(30, 4), .want = 0x020200c0 }, { PKT_LD(34, 4), .want = 0x08070605 }, { NET, .want = 0x4500003c }) },
	{ "room: shrink behind the MAC header", TCP4, .script = STEPS({ ROOM(-8, MAC_MODE, 0) }, { LEN, .want = 66 }, { PKT_LD(12, 2), .want = IP }, { PKT_LD(14, 2), .want = 0x0640 }) },
	{ "room: shrink behind IPv6", TCP6, .script = STEPS({ ROOM(-20, NET_MODE, 0) }, { LEN, .want = 74 }, { PKT_LD(54, 4), .want = 0x160f0801 }) },
	{ "room: shrink IPv4 to its header", TCP4, .script = STEPS({ ROOM(-40, NET_MODE, 0) }, { LEN, .want = 34 }) },
	{ "room: shrink IPv4 to less", TCP4, .script = STEPS({ ROOM(-41, NET_MODE, 0), .want = -ENOTSUPP }, { LEN, .want = 74 }) },
	{ "room: shrink IPv4 to its header, MAC", TCP4, .script = STEPS({ ROOM(-40, MAC_MODE, 0) }, { LEN, .want = 34 }) },
	{ "room: shrink IPv4 to less, MAC", TCP4, .script = STEPS({ ROOM(-41, MAC_MODE, 0), .want = -ENOTSUPP }) },
	{ "room: shrink IPv6 to its header", TCP6, .script = STEPS({ ROOM(-40, NET_MODE, 0) }, { LEN, .want = 54 }) },
	{ "room: shrink IPv6 to less", TCP6, .script = STEPS({ ROOM(-41, NET_MODE, 0), .want = -ENOTSUPP }) },
	{ "room: shrink by all", TCP4, .script = STEPS({ ROOM(-60, MAC_MODE, 0), .want = -ENOTSUPP }, { ROOM(-61, MAC_MODE, 0), .want = -ENOTSUPP }) },
	{ "room: an ARP packet", ARP, .script = STEPS({ ROOM(4, MAC_MODE, 0), .want = -ENOTSUPP }, { ROOM(-4, MAC_MODE, 0), .want = -ENOTSUPP }) },
	{ "room: a tag is in the way", VLAN, .script = STEPS({ ROOM(4, MAC_MODE, 0), .want = -ENOTSUPP }) },
	{ "room: behind a tag that was popped", VLAN, .script = STEPS({ CALL(skb_vlan_pop, CTX) }, { ROOM(4, MAC_MODE, 0) }, { LEN, .want = 78 }) },
	{ "room: with a tag beside", TCP4, .script = STEPS({ PUSH }, { ROOM(4, MAC_MODE, 0) }, { CTX_LD(vlan_tci), .want = 0x123 }) },
	{ "room: mode 2", TCP4, .script = STEPS({ ROOM(4, 2, 0), .want = -ENOTSUPP }) },
	{ "room: mode -1", TCP4, .script = STEPS({ ROOM(4, -1, 0), .want = -ENOTSUPP }) },
	{ "room: mode beyond 32 bits", TCP4, .script = STEPS({ ROOM(4, 0x100000001ll, 0) }, { PKT_LD(14, 4), .want = 0 }) },
	{ "room: most at once", TCP4, .script = STEPS({ ROOM(0xfff, MAC_MODE, 0) }, { LEN, .want = 4169 }) },
	{ "room: too much at once", TCP4, .script = STEPS({ ROOM(0x1000, MAC_MODE, 0), .want = -EFAULT }) },
	{ "room: least at once", TCP4, .script = STEPS({ TAIL(5000) }, { ROOM(-0xfff, MAC_MODE, 0) }, { LEN, .want = 905 }) },
	{ "room: too little at once", TCP4, .script = STEPS({ TAIL(5000) }, { ROOM(-0x1000, MAC_MODE, 0), .want = -EFAULT }) },
	{ "room: INT_MIN", TCP4, .script = STEPS({ ROOM(INT32_MIN, MAC_MODE, 0), .want = -EFAULT }) },
	{ "room: INT_MAX", TCP4, .script = STEPS({ ROOM(INT32_MAX, MAC_MODE, 0), .want = -EFAULT }) },
	{ "room: beyond 32 bits", TCP4, .script = STEPS({ ROOM(0x100000004ll, MAC_MODE, 0) }, { LEN, .want = 78 }) },
	{ "room: to the limit", TCP4, .script = STEPS({ TAIL(MAX_LEN - 4) }, { ROOM(4, MAC_MODE, 0) }, { LEN, .want = MAX_LEN }) },
	{ "room: past the limit", TCP4, .script = STEPS({ TAIL(MAX_LEN - 4) }, { ROOM(5, MAC_MODE, 0), .want = -ENOTSUPP }, { LEN, .want = MAX_LEN - 4 }) },
	{ "room: again and again", TCP4, .script = STEPS({ ROOM(0xfff, MAC_MODE, 0) }, { ROOM(0xfff, NET_MODE, ENCAP4) }, { ROOM(0xfff, MAC_MODE, 0) }, { LEN, .want = 12359 }, { ROOM(0xfff, MAC_MODE, 0), .want = -ENOTSUPP }, { ROOM(MAX_LEN - 12359, NET_MODE, 0) }, { LEN, .want = MAX_LEN }) },
	{ "room: there and back", TCP4, .script = STEPS({ ROOM(20, NET_MODE, 0) }, { ROOM(-20, NET_MODE, 0) }, { LEN, .want = 74 }, { PKT_LD(34, 4), .want = (s64)0xd007e803 }) },
	{ "room: shrink what was cut to be too short", TCP4, .script = STEPS({ TAIL(20) }, { ROOM(-6, MAC_MODE, 0), .want = -ENOTSUPP }, { ROOM(-1, NET_MODE, 0), .want = -ENOTSUPP }) },
	{ "room: grow what was cut: what is behind it comes back", TCP4, .script = STEPS({ TAIL(14) }, { ROOM(20, NET_MODE, 0) }, { LEN, .want = 34 }, { PKT_LD(14, 4), .want = 0x3c000045 }, { PKT_LD(30, 4), .want = 0x020200c0 }) },
	{ "room: grow what is too short", QINQ, .bytes = 22, .script = STEPS({ CALL(skb_vlan_pop, CTX) }, { ROOM(8, MAC_MODE, 0) }, { LEN, .want = 22 }, { PKT_LD(14, 8), .want = 0 }) },
	{ "room: with a longer MAC header", TCP4, .script = STEPS({ HEAD(4) }, { ROOM(8, MAC_MODE, 0) }, { LEN, .want = 86 }, { PKT_LD(18, 8), .want = 0 }, { PKT_LD(26, 2), .want = 0x0045 }) },
	{ "room: repeatedly", TCP4, .repeat = 3, .script = STEPS({ ROOM(4, MAC_MODE, 0) }, { LEN, .want = 86 }) },
	{ "room: wire_len stays", TCP4, .script = STEPS({ ROOM(4, MAC_MODE, 0) }, { CTX_LD(wire_len), .want = 74 }) },
	{ "room: hash stays", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { ROOM(4, MAC_MODE, 0) }, { ROOM(-4, MAC_MODE, 0) }, { CTX_LD(hash), .want = 77 }) },
	{ "room: action", TCP4, .script = { .type = BPF_PROG_TYPE_SCHED_ACT, .steps = { { ROOM(4, MAC_MODE, 0) }, { LEN, .want = 78 } } } },
	{ "room: sum, grow", TCP4, SUM, .script = STEPS({ ROOM(7, MAC_MODE, 0) }, { ROOM(8, NET_MODE, ENCAP6) }), .ret = -EBADMSG },
	{ "room: sum, grow by even numbers", TCP4, SUM, .script = STEPS({ ROOM(8, MAC_MODE, 0) }, { ROOM(8, NET_MODE, ENCAP6) }) },
	{ "room: sum, shrink", TCP4, SUM, .script = STEPS({ ROOM(-8, MAC_MODE, 0) }, { ROOM(-2, NET_MODE, 0) }) },

	{ "encap: IPv4 in IPv4", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { LEN, .want = 94 }, { CTX_LD(protocol), .want = IP }, { PKT_LD(14, 8), .want = 0 }, { PKT_LD(34, 4), .want = 0x3c000045 }, { NET, .want = 0 }) },
	{ "encap: IPv4 in IPv6", TCP4, .script = STEPS({ ROOM(40, MAC_MODE, ENCAP6) }, { LEN, .want = 114 }, { CTX_LD(protocol), .want = IP6 }) },
	{ "encap: IPv6 in IPv4", TCP6, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { LEN, .want = 114 }, { CTX_LD(protocol), .want = IP }) },
	{ "encap: IPv6 in IPv6", TCP6, .script = STEPS({ ROOM(40, MAC_MODE, ENCAP6) }, { LEN, .want = 134 }, { CTX_LD(protocol), .want = IP6 }) },
	{ "encap: in both", TCP4, .script = STEPS({ ROOM(40, MAC_MODE, ENCAP4 | ENCAP6), .want = -EINVAL }) },
	{ "encap: behind the network header", TCP4, .script = STEPS({ ROOM(20, NET_MODE, ENCAP4) }, { LEN, .want = 94 }, { PKT_LD(34, 8), .want = 0 }, { NET, .want = 0x4500003c }) },
	{ "encap: twice", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { ROOM(20, MAC_MODE, ENCAP4), .want = -EALREADY }, { LEN, .want = 94 }) },
	{ "encap: twice, without saying so", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { ROOM(20, MAC_MODE, 0) }, { LEN, .want = 114 }) },
	{ "encap: twice, wrongly", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { ROOM(20, MAC_MODE, ENCAP4 | ENCAP6), .want = -EINVAL }, { ROOM(20, MAC_MODE, ENCAP4 | GRE | UDP), .want = -EINVAL }, { ROOM(20, MAC_MODE, ENCAP4 | ETH | L2(13)), .want = -EINVAL }, { ROOM(20, MAC_MODE, ENCAP4 | L2(21)), .want = -EALREADY }) },
	{ "encap: GRE", TCP4, .script = STEPS({ ROOM(24, MAC_MODE, ENCAP4 | GRE) }, { LEN, .want = 98 }) },
	{ "encap: UDP", TCP4, .script = STEPS({ ROOM(28, MAC_MODE, ENCAP4 | UDP) }, { LEN, .want = 102 }) },
	{ "encap: GRE and UDP", TCP4, .script = STEPS({ ROOM(28, MAC_MODE, ENCAP4 | UDP | GRE), .want = -EINVAL }) },
	{ "encap: GRE and UDP in nothing", TCP4, .script = STEPS({ ROOM(28, MAC_MODE, UDP | GRE) }, { ROOM(8, MAC_MODE, ENCAP4) }) },
	{ "encap: VXLAN", TCP4, .script = STEPS({ ROOM(50, MAC_MODE, ENCAP4 | UDP | ETH | L2(14)) }, { LEN, .want = 124 }) },
	{ "encap: Ethernet", TCP4, .script = STEPS({ ROOM(50, MAC_MODE, ENCAP4 | ETH | L2(14)) }, { LEN, .want = 124 }) },
	{ "encap: Ethernet of 18 bytes", TCP4, .script = STEPS({ ROOM(58, MAC_MODE, ENCAP6 | ETH | L2(18)) }, { CTX_LD(protocol), .want = IP6 }) },
	{ "encap: Ethernet of 13 bytes", TCP4, .script = STEPS({ ROOM(50, MAC_MODE, ENCAP4 | ETH | L2(13)), .want = -EINVAL }) },
	{ "encap: Ethernet of 0 bytes", TCP4, .script = STEPS({ ROOM(50, MAC_MODE, ENCAP4 | ETH), .want = -EINVAL }) },
	{ "encap: Ethernet in nothing", TCP4, .script = STEPS({ ROOM(50, MAC_MODE, ETH) }) },
	{ "encap: MPLS", TCP4, .script = STEPS({ ROOM(28, MAC_MODE, ENCAP4 | GRE | L2(4)) }, { LEN, .want = 102 }) },
	{ "encap: all of it is layer 2", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4 | L2(20)) }) },
	{ "encap: more layer 2 than grows", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4 | L2(21)), .want = -EINVAL }, { LEN, .want = 74 }) },
	{ "encap: most layer 2", TCP4, .script = STEPS({ ROOM(255, MAC_MODE, ENCAP4 | L2(255)) }) },
	{ "encap: layer 2 in nothing", TCP4, .script = STEPS({ ROOM(4, MAC_MODE, L2(255)) }) },
	{ "encap: shrinking", TCP4, .script = STEPS({ ROOM(-4, MAC_MODE, ENCAP4), .want = -EINVAL }, { ROOM(-4, MAC_MODE, GRE), .want = -EINVAL }, { ROOM(-4, MAC_MODE, UDP), .want = -EINVAL }, { ROOM(-4, MAC_MODE, ETH), .want = -EINVAL }, { ROOM(-4, MAC_MODE, L2(1)), .want = -EINVAL }) },
	{ "encap: shrinking by too much", TCP4, .script = STEPS({ ROOM(-50, MAC_MODE, ENCAP4), .want = -ENOTSUPP }) },
	{ "encap: shrinking datagrams", TCP4, GSO, .script = STEPS({ ROOM(-4, MAC_MODE, ENCAP4), .want = -EINVAL }) },
	{ "encap: no change of length later", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { TAIL(80), .want = -ENOTSUPP }, { LEN, .want = 94 }, { TAIL(13), .want = -EINVAL }, { TAIL(14), .want = -ENOTSUPP }, { TAIL(MAX_LEN), .want = -ENOTSUPP }, { TAIL(MAX_LEN + 1), .want = -EINVAL }) },
	{ "encap: a transport header to keep, IPv4", TCP4, .script = STEPS({ ROOM(28, MAC_MODE, ENCAP4 | UDP) }, { TAIL(33), .want = -EINVAL }, { TAIL(34), .want = -ENOTSUPP }) },
	{ "encap: a transport header to keep, IPv6", TCP4, .script = STEPS({ ROOM(44, MAC_MODE, ENCAP6 | GRE) }, { TAIL(53), .want = -EINVAL }, { TAIL(54), .want = -ENOTSUPP }) },
	{ "encap: head still grows", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { HEAD(4) }, { LEN, .want = 98 }) },
	{ "encap: not of ARP", ARP, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4), .want = -ENOTSUPP }) },
	{ "encap: longer MAC header", TCP4, .script = STEPS({ HEAD(4) }, { ROOM(20, MAC_MODE, ENCAP4) }, { PKT_LD(18, 8), .want = 0 }, { PKT_LD(38, 2), .want = 0x0045 }, { NET, .want = 0 }) },
	{ "encap: sum", TCP6, SUM, .script = STEPS({ ROOM(28, MAC_MODE, ENCAP4 | UDP) }) },
	{ "encap: flags in the wrong order of errors", ARP, .script = STEPS({ ROOM(0x1000, 2, 1 << 9), .want = -EINVAL }, { ROOM(0x1000, 2, 0), .want = -EFAULT }, { ROOM(4, 2, DECAP4), .want = -ENOTSUPP }) },

	{ "decap: IPv4 in IPv4", IPIP, .script = STEPS({ ROOM(-20, MAC_MODE, DECAP4) }, { LEN, .want = 74 }, { CTX_LD(protocol), .want = IP }, { NET, .want = 0x4500003c }) },
	{ "decap: IPv6 in IPv4", SIT, .script = STEPS({ ROOM(-20, MAC_MODE, DECAP6) }, { LEN, .want = 94 }, { CTX_LD(protocol), .want = IP6 }, { NET, .want = 0x60000000 }) },
	{ "decap: IPv4 in IPv6", TCP6, .script = STEPS({ ROOM(-40, MAC_MODE, DECAP4) }, { LEN, .want = 54 }, { CTX_LD(protocol), .want = IP }) },
	{ "decap: both", IPIP, .script = STEPS({ ROOM(-20, MAC_MODE, DECAP4 | DECAP6), .want = -EINVAL }) },
	{ "decap: growing", IPIP, .script = STEPS({ ROOM(20, MAC_MODE, DECAP4), .want = -EINVAL }, { ROOM(0, MAC_MODE, DECAP6), .want = -EINVAL }, { ROOM(20, MAC_MODE, DECAP6 | ENCAP4), .want = -EINVAL }) },
	{ "decap: growing an ARP packet", ARP, .script = STEPS({ ROOM(20, MAC_MODE, DECAP4), .want = -ENOTSUPP }) },
	{ "decap: growing past the limit", LARGE, .script = STEPS({ TAIL(MAX_LEN) }, { ROOM(20, MAC_MODE, DECAP4), .want = -EINVAL }) },
	{ "decap: with encap", IPIP, .script = STEPS({ ROOM(-20, MAC_MODE, DECAP4 | ENCAP4), .want = -EINVAL }) },
	{ "decap: IPv6 to IPv4's header", TCP6, .script = STEPS({ ROOM(-60, MAC_MODE, DECAP4) }, { LEN, .want = 34 }) },
	{ "decap: IPv6 to less than IPv4's header", TCP6, .script = STEPS({ ROOM(-61, MAC_MODE, DECAP4), .want = -ENOTSUPP }) },
	{ "decap: IPv6, behind its header, to less than that", TCP6, .script = STEPS({ ROOM(-41, NET_MODE, DECAP4), .want = -ENOMEM }, { LEN, .want = 94 }, { CTX_LD(protocol), .want = IP6 }, { ROOM(-40, NET_MODE, DECAP4) }, { CTX_LD(protocol), .want = IP }) },
	{ "decap: IPv4 to IPv6's header", TCP4, .script = STEPS({ ROOM(-20, MAC_MODE, DECAP6) }, { LEN, .want = 54 }, { CTX_LD(protocol), .want = IP6 }) },
	{ "decap: IPv4 to less than IPv6's header", TCP4, .script = STEPS({ ROOM(-21, MAC_MODE, DECAP6), .want = -ENOTSUPP }, { ROOM(-21, MAC_MODE, DECAP4) }) },
	{ "decap: what was encapsulated stays so", TCP4, .script = STEPS({ ROOM(20, MAC_MODE, ENCAP4) }, { ROOM(-20, MAC_MODE, DECAP4) }, { LEN, .want = 74 }, { ROOM(20, MAC_MODE, ENCAP4), .want = -EALREADY }, { TAIL(80), .want = -ENOTSUPP }) },
	{ "decap: with the other flags", TCP4, .script = STEPS({ ROOM(-4, MAC_MODE, DECAP4 | FIXED | NO_RESET) }) },
	{ "decap: sum", SIT, SUM, .script = STEPS({ ROOM(-20, MAC_MODE, DECAP6) }) },

	{ "gso: grow", TCP4, GSO, .script = STEPS({ ROOM(4, MAC_MODE, 0), .want = -ENOTSUPP }, { ROOM(4, MAC_MODE, FIXED), .want = -ENOTSUPP }, { CTX_LD(gso_segs), .want = 3 }) },
	{ "gso: shrink", TCP4, GSO, .script = STEPS({ ROOM(-4, MAC_MODE, 0), .want = -ENOTSUPP }, { ROOM(-4, MAC_MODE, FIXED), .want = -ENOTSUPP }) },
	{ "gso: segments without a size are none", TCP4, .ctx = CTX_IN(.gso_segs = 3), .script = STEPS({ ROOM(4, MAC_MODE, 0) }, { CTX_LD(gso_segs), .want = 3 }) },
	{ "gso: no limit", LARGE, GSO, .script = STEPS({ HEAD(13000) }, { LEN, .want = 16712 }, { ROOM(0xfff, MAC_MODE, 0), .want = -ENOTSUPP }) },
};

static const struct skb_case head_cases[] = {
	{ "head: 0", TCP4, .script = STEPS({ HEAD(0) }, { LEN, .want = 74 }) },
	{ "head: 1", TCP4, .script = STEPS({ HEAD(1) }, { LEN, .want = 75 }, { PKT_LD(0, 1), .want = 0 }, { PKT_LD(13, 2), .want = IP }, { NET, .want = 0x4500003c }) },
	{ "head: 14", TCP4, .script = STEPS({ HEAD(14) }, { LEN, .want = 88 }, { PKT_LD(0, 8), .want = 0 }, { PKT_LD(26, 4), .want = 0x00450008 }, { CTX_LD(protocol), .want = IP }, { MAC, .want = 0 }) },
	{ "head: all of the room", TCP4, .script = STEPS({ HEAD(64) }, { LEN, .want = 138 }, { NET, .want = 0x4500003c }) },
	{ "head: one more", TCP4, .script = STEPS({ HEAD(65) }, { LEN, .want = 139 }, { NET, .want = 0x4500003c }) },
	{ "head: to the limit", TCP4, .script = STEPS({ HEAD(MAX_LEN - 74) }, { LEN, .want = MAX_LEN }, { HEAD(0) }) },
	{ "head: past the limit", TCP4, .script = STEPS({ HEAD(MAX_LEN - 73), .want = -EINVAL }, { LEN, .want = 74 }) },
	{ "head: -1", TCP4, .script = STEPS({ HEAD(-1), .want = -EINVAL }) },
	{ "head: INT_MIN", TCP4, .script = STEPS({ HEAD(INT32_MIN), .want = -EINVAL }) },
	{ "head: beyond 32 bits", TCP4, .script = STEPS({ HEAD(0x100000004ll) }, { LEN, .want = 78 }) },
	{ "head: flag 1", TCP4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(4), IMM(1)), .want = -EINVAL }) },
	{ "head: flag of 63 bits", TCP4, .script = STEPS({ CALL(skb_change_head, CTX, IMM(4), IMM(1ull << 63)), .want = -EINVAL }) },
	{ "head: ARP", ARP, .script = STEPS({ HEAD(4) }, { LEN, .want = 46 }) },
	{ "head: a header alone", ETHER, .script = STEPS({ HEAD(4) }, { LEN, .want = 18 }) },
	{ "head: longest packet", LARGE, .script = STEPS({ HEAD(100) }, { LEN, .want = 3812 }) },
	{ "head: again and again", TCP4, .script = STEPS({ HEAD(5000) }, { HEAD(5000) }, { HEAD(5000) }, { HEAD(1000), .want = -EINVAL }, { HEAD(990) }, { LEN, .want = MAX_LEN }, { NET, .want = 0x4500003c }) },
	{ "head: repeatedly", TCP4, .repeat = 4, .script = STEPS({ HEAD(100) }, { LEN, .want = 474 }) },
	{ "head: segments, past the limit", TCP4, GSO, .script = STEPS({ HEAD(MAX_LEN) }, { LEN, .want = MAX_LEN + 74 }, { CTX_LD(gso_segs), .want = 3 }) },
	{ "head: tag goes to the new front", TCP4, .script = STEPS({ PUSH }, { HEAD(4) }, { PUSH }, { LEN, .want = 82 }, { PKT_LD(12, 4), .want = 0x23010081 }) },
	{ "head: hash stays", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { HEAD(4) }, { CTX_LD(hash), .want = 77 }) },
	{ "head: sum stays", TCP4, SUM, .script = STEPS({ HEAD(5) }) },
};

static const struct skb_case tail_cases[] = {
	{ "tail: grow", TCP4, .script = STEPS({ TAIL(78) }, { LEN, .want = 78 }, { PKT_LD(72, 2), .want = 0x867f }, { PKT_LD(74, 4), .want = 0 }) },
	{ "tail: shrink", TCP4, .script = STEPS({ TAIL(70) }, { LEN, .want = 70 }, { PKT_LD(69, 1), .want = 0x6a }, { PKT_LD(70, 1), .want = SCRIPT_SKIPPED }) },
	{ "tail: the same", TCP4, .script = STEPS({ TAIL(74) }, { LEN, .want = 74 }) },
	{ "tail: shrink and grow", TCP4, .script = STEPS({ TAIL(60) }, { TAIL(74) }, { PKT_LD(59, 1), .want = 0x24 }, { PKT_LD(60, 8), .want = 0 }, { PKT_LD(66, 8), .want = 0 }) },
	{ "tail: least", TCP4, .script = STEPS({ TAIL(14) }, { LEN, .want = 14 }) },
	{ "tail: less", TCP4, .script = STEPS({ TAIL(13), .want = -EINVAL }, { LEN, .want = 74 }) },
	{ "tail: 0", TCP4, .script = STEPS({ TAIL(0), .want = -EINVAL }) },
	{ "tail: most", TCP4, .script = STEPS({ TAIL(MAX_LEN) }, { LEN, .want = MAX_LEN }) },
	{ "tail: more", TCP4, .script = STEPS({ TAIL(MAX_LEN + 1), .want = -EINVAL }) },
	{ "tail: -1", TCP4, .script = STEPS({ TAIL(-1), .want = -EINVAL }) },
	{ "tail: beyond 32 bits", TCP4, .script = STEPS({ TAIL(0x10000003cll) }, { LEN, .want = 60 }) },
	{ "tail: flag 1", TCP4, .script = STEPS({ CALL(skb_change_tail, CTX, IMM(60), IMM(1)), .want = -EINVAL }) },
	{ "tail: flag of 63 bits", TCP4, .script = STEPS({ CALL(skb_change_tail, CTX, IMM(60), IMM(1ull << 63)), .want = -EINVAL }) },
	{ "tail: a header alone", ETHER, .script = STEPS({ TAIL(13), .want = -EINVAL }, { TAIL(14) }, { TAIL(60) }, { LEN, .want = 60 }) },
	{ "tail: longest packet", LARGE, .script = STEPS({ TAIL(3713) }, { LEN, .want = 3713 }, { PKT_LD(3712, 1), .want = 0 }) },
	{ "tail: again and again", TCP4, .script = STEPS({ TAIL(MAX_LEN) }, { TAIL(20) }, { TAIL(MAX_LEN) }, { TAIL(20) }, { TAIL(MAX_LEN) }, { LEN, .want = MAX_LEN }) },
	{ "tail: least with a longer MAC header", TCP4, .script = STEPS({ HEAD(10) }, { TAIL(23), .want = -EINVAL }, { TAIL(24) }, { LEN, .want = 24 }) },
	{ "tail: least in all of the room", TCP4, .script = STEPS({ HEAD(64) }, { TAIL(77), .want = -EINVAL }, { TAIL(78) }) },
	{ "tail: least with a new head, by 1", TCP4, .script = STEPS({ HEAD(65) }, { TAIL(78), .want = -EINVAL }, { TAIL(79) }) },
	{ "tail: least with a new head, by 2", TCP4, .script = STEPS({ HEAD(66) }, { TAIL(0), .want = -EINVAL }, { TAIL(1) }, { LEN, .want = 1 }) },
	{ "tail: least with a new head", TCP4, .script = STEPS({ HEAD(200) }, { TAIL(134), .want = -EINVAL }, { TAIL(135) }, { LEN, .want = 135 }) },
	{ "tail: least with two new heads", TCP4, .script = STEPS({ HEAD(200) }, { HEAD(200) }, { TAIL(334), .want = -EINVAL }, { TAIL(335) }, { LEN, .want = 335 }) },
	{ "tail: least with a new head for a tag", TCP4, .script = STEPS({ HEAD(63) }, { PUSH }, { PUSH }, { TAIL(1), .want = -EINVAL }, { TAIL(2) }, { LEN, .want = 2 }) },
	{ "tail: a new head for nothing", TCP4, .script = STEPS({ ROOM(200, MAC_MODE, ENCAP4 | ENCAP6), .want = -EINVAL }, { HEAD(210) }, { TAIL(144), .want = -EINVAL }, { TAIL(145) }, { LEN, .want = 145 }) },
	{ "tail: segments go", TCP4, GSO, .script = STEPS({ TAIL(70) }, { CTX_LD(gso_size), .want = 0 }, { CTX_LD(gso_segs), .want = 0 }) },
	{ "tail: segments go, also for the same length", TCP4, GSO, .script = STEPS({ TAIL(74) }, { CTX_LD(gso_size), .want = 0 }, { CTX_LD(gso_segs), .want = 0 }) },
	{ "tail: segments stay on error", TCP4, GSO, .script = STEPS({ TAIL(13), .want = -EINVAL }, { CTX_LD(gso_size), .want = 100 }, { CTX_LD(gso_segs), .want = 3 }) },
	{ "tail: segments have a limit", TCP4, GSO, .script = STEPS({ TAIL(MAX_LEN + 1), .want = -EINVAL }) },
	{ "tail: hash stays", TCP4, .script = STEPS({ CALL(set_hash, CTX, IMM(77)) }, { TAIL(60) }, { CTX_LD(hash), .want = 77 }) },
	{ "tail: repeatedly", TCP4, .repeat = 3, .script = STEPS({ TAIL(60) }, { TAIL(80) }, { LEN, .want = 80 }) },
	{ "tail: sum, grow", TCP4, SUM, .script = STEPS({ TAIL(81) }) },
	{ "tail: sum, shrink", TCP4, SUM, .script = STEPS({ TAIL(60) }), .ret = -EBADMSG },
	{ "tail: sum, the same", TCP4, SUM, .script = STEPS({ TAIL(74) }) },
	{ "tail: sum is no more", ECT6, SUM, .script = STEPS({ TAIL(95) }, { CALL(skb_ecn_set_ce, CTX), .want = 1 }), .ret = -EBADMSG },
	{ "tail: sum is no more, shrink by zeros", ECT6, .bytes = 110, SUM, .script = STEPS({ TAIL(96) }, { ROOM(-8, NET_MODE, 0) }), .ret = -EBADMSG },
	{ "tail: sum is, for the same", ECT6, SUM, .script = STEPS({ TAIL(94) }, { CALL(skb_ecn_set_ce, CTX), .want = 1 }) },
};
/* clang-format on */

static void
test_room_cases(void **state)
{
	(void)state;
	skb_cases(room_cases, XB_ARRAY_SIZE(room_cases));
}

static void
test_head_cases(void **state)
{
	(void)state;
	skb_cases(head_cases, XB_ARRAY_SIZE(head_cases));
}

static void
test_tail_cases(void **state)
{
	(void)state;
	skb_cases(tail_cases, XB_ARRAY_SIZE(tail_cases));
}

/* Each flag alone, and with each way to encapsulate; -1 where it is not known. */
static void
test_flags(void **state)
{
	static const u64 with[] = { 0, ENCAP4, ENCAP6, DECAP4 };
	u32 cnt = 64 * XB_ARRAY_SIZE(with), i;
	struct skb_case *cases = calloc(cnt, sizeof(*cases));
	char(*names)[48] = calloc(cnt, sizeof(*names));

	(void)state;
	assert_true(cases && names);
	for (i = 0; i < cnt; i++) {
		s64 flags = (s64)(1ull << i % 64 | with[i / 64]);

		snprintf(names[i], sizeof(names[i]), "flags 0x%llx", (unsigned long long)flags);
		cases[i] = (struct skb_case){ names[i], TCP4,
			                      .script = STEPS({ ROOM(40, MAC_MODE, flags), ANY },
			                                      { ROOM(-20, MAC_MODE, flags), ANY },
			                                      { ROOM(-20, NET_MODE, flags), ANY },
			                                      { ROOM(40, NET_MODE, flags), ANY },
			                                      { LEN, ANY }) };
	}
	skb_cases(cases, cnt);
	free(names);
	free(cases);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room_cases),
		cmocka_unit_test(test_head_cases),
		cmocka_unit_test(test_tail_cases),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests_name("skb room", tests, NULL, NULL);
}
