/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_device.c - what becomes of a packet that a device handed over, as no test run does: at
 * ingress, with a tag beside it, in segments, in fragments, with metadata, with a sum of any kind.
 * On the emulator alone; what is expected is read off net/core/filter.c.
 */
#include "tests/skb/direct.h"

#include <errno.h>
#include <linux/filter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define ENOTSUPP 524
#define MAX_LEN  16064

/* In wire order. */
#define Q   0x0081
#define AD  0xa888
#define IP  0x0008
#define IP6 0xdd86

/* cf. include/linux/skbuff.h: SKB_GSO_* */
#define TCPV4  (1u << 0)
#define DODGY  (1u << 1)
#define TCPV6  (1u << 4)
#define GRE    (1u << 6)
#define IPXIP4 (1u << 8)
#define IPXIP6 (1u << 9)
#define UDP_T  (1u << 10)
#define UDP_L4 (1u << 17)

#define MAC_MODE BPF_ADJ_ROOM_MAC
#define FIXED    BPF_F_ADJ_ROOM_FIXED_GSO
#define ENCAP4   BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
#define ENCAP6   BPF_F_ADJ_ROOM_ENCAP_L3_IPV6
#define L4_GRE   BPF_F_ADJ_ROOM_ENCAP_L4_GRE
#define L4_UDP   BPF_F_ADJ_ROOM_ENCAP_L4_UDP
#define NO_RESET BPF_F_ADJ_ROOM_NO_CSUM_RESET
#define DECAP4   (1 << 7) /* BPF_F_ADJ_ROOM_DECAP_L3_IPV4: some headers lack it */
#define DECAP6   (1 << 8)

#define ROOM(bytes, flags) CALL(skb_adjust_room, CTX, IMM(bytes), IMM(MAC_MODE), IMM(flags))
#define HEAD(bytes)        CALL(skb_change_head, CTX, IMM(bytes), IMM(0))
#define TAIL(to)           CALL(skb_change_tail, CTX, IMM(to), IMM(0))
#define PROTO(to)          CALL(skb_change_proto, CTX, IMM(to), IMM(0))
#define PUSH(tci)          CALL(skb_vlan_push, CTX, IMM(Q), IMM(tci))
#define POP                CALL(skb_vlan_pop, CTX)
#define SET_CE             CALL(skb_ecn_set_ce, CTX)
#define TSTAMP(t, type)    CALL(skb_set_tstamp, CTX, IMM(t), IMM(type))
#define LEVEL              CALL(csum_level, CTX, IMM(BPF_CSUM_LEVEL_QUERY))
#define LEN                CTX_LD(len)
#define TSTAMP_TYPE        CTX_LD_AT(180, 1)

#define INGRESS     .at_ingress = true, .trans_set = true
#define SUM         .ip_summed = XB_CHECKSUM_COMPLETE, .csum_sum = true
#define VERIFIED    .ip_summed = XB_CHECKSUM_UNNECESSARY, .csum_level = 2
#define PARTIAL(at) .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = (at), .csum_offset = 16
#define TAGGED      .vlan_present = true, .vlan_tci = 0x123, .vlan_proto = AD
#define GSO(type)   .gso_size = 1400, .gso_segs = 3, .gso_type = (type)

struct row {
	const char *name;
	enum packet packet;
	struct xb_skb_ctx ctx; /* ifindex is 1 */
	struct script script;

	/* What is left: */
	enum xb_checksum ip_summed;
	bool sum_wrong; /* with COMPLETE: it is not that of what is behind the MAC header */
	u16 csum_start; /* with PARTIAL */
	u32 gso_type;
	u32 linear; /* 0: all of it */

	u32 bytes;        /* of the packet; 0: all of it */
	u32 linear_bytes; /* of these; 0: all */
	u32 meta_bytes;   /* 1, 2, 3, ... */
};

/* clang-format off */
static const struct row vlan_rows[] = {
	{ "push: at ingress", TCP4, { INGRESS, SUM }, .script = STEPS({ PUSH(1) }, { PUSH(2) }, { LEN, .want = 78 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "push: at ingress, three tags", TCP6, { INGRESS, SUM }, .script = STEPS({ PUSH(1) }, { PUSH(2) }, { PUSH(3) }, { LEN, .want = 102 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "push: at egress", TCP4, { SUM }, .script = STEPS({ PUSH(1) }, { PUSH(2) }), .ip_summed = XB_CHECKSUM_COMPLETE, .sum_wrong = true },
	{ "push: a tag beside it", TCP4, { TAGGED }, .script = STEPS({ CTX_LD(vlan_tci), .want = 0x123 }, { CTX_LD(vlan_proto), .want = AD }, { PUSH(2) }, { LEN, .want = 78 }, { PKT_LD(12, 4), .want = 0x2301a888 }, { CTX_LD(protocol), .want = AD }, { CTX_LD(vlan_proto), .want = Q }, { CTX_LD(vlan_tci), .want = 2 }) },
	{ "push: a tag beside it, at ingress", TCP4, { INGRESS, TAGGED, SUM }, .script = STEPS({ PUSH(2) }, { LEN, .want = 78 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "push: 13 bytes", TCP4, { INGRESS }, .script = STEPS({ PUSH(1) }, { PUSH(2), .want = -EINVAL }, { CTX_LD(vlan_tci), .want = 1 }, { LEN, .want = 13 }), .bytes = 13 },
	{ "push: fragments", TCP4, { INGRESS, SUM }, .script = STEPS({ PUSH(1) }, { PUSH(2) }), .ip_summed = XB_CHECKSUM_COMPLETE, .linear = 18, .linear_bytes = 10 },
	{ "push: partial sum", TCP4, { INGRESS, PARTIAL(34) }, .script = STEPS({ PUSH(1) }, { PUSH(2) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 38 },
	{ "push: verified", TCP4, { INGRESS, VERIFIED }, .script = STEPS({ PUSH(1) }, { PUSH(2) }, { LEVEL, .want = 2 }), .ip_summed = XB_CHECKSUM_UNNECESSARY },
	{ "pop: at ingress", VLAN, { INGRESS, SUM }, .script = STEPS({ POP }, { LEN, .want = 74 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "pop: two tags at ingress", QINQ, { INGRESS, SUM }, .script = STEPS({ POP }, { LEN, .want = 74 }, { CTX_LD(vlan_tci), .want = 0x6064 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "pop: at egress", VLAN, { SUM }, .script = STEPS({ POP }), .ip_summed = XB_CHECKSUM_COMPLETE, .sum_wrong = true },
	{ "pop: a tag beside it", TCP4, { INGRESS, TAGGED, SUM }, .script = STEPS({ POP }, { CTX_LD(vlan_present), .want = 0 }, { CTX_LD(vlan_tci), .want = 0 }, { CTX_LD(vlan_proto), .want = 0 }, { LEN, .want = 74 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "pop: a tag beside it, and in it", VLAN, { INGRESS, TAGGED, SUM }, .script = STEPS({ POP }, { CTX_LD(vlan_tci), .want = 0x6064 }, { CTX_LD(vlan_proto), .want = Q }, { LEN, .want = 74 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "pop: fragments", VLAN, { INGRESS, SUM }, .script = STEPS({ POP }, { LEN, .want = 74 }), .ip_summed = XB_CHECKSUM_COMPLETE, .linear = 14, .linear_bytes = 12 },
	{ "pop: partial sum", VLAN, { INGRESS, PARTIAL(38) }, .script = STEPS({ POP }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 34 },
	{ "pop: too short", VLAN, { INGRESS, SUM }, .script = STEPS({ POP, .want = -ENOMEM }), .ip_summed = XB_CHECKSUM_COMPLETE, .bytes = 17, .linear = 14, .linear_bytes = 14 },
	{ "pop: nothing", TCP4, { INGRESS, SUM }, .script = STEPS({ POP }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "pop: transport header stays behind", QINQ, { INGRESS }, .script = STEPS({ POP }, { TAIL(5), .want = -EINVAL }, { TAIL(6) }, { LEN, .want = 6 }) },
	{ "push: transport header stays behind", TCP4, { INGRESS }, .script = STEPS({ PUSH(1) }, { PUSH(2) }, { TAIL(17), .want = -EINVAL }, { TAIL(18) }) },
};

static const struct row proto_rows[] = {
	{ "proto: 4 to 6 in segments", TCP4, { GSO(TCPV4) }, .script = STEPS({ PROTO(IP6) }, { CTX_LD(gso_size), .want = 1400 }, { CTX_LD(gso_segs), .want = 3 }), .gso_type = TCPV6 | DODGY },
	{ "proto: 6 to 4 in segments", TCP6, { GSO(TCPV6) }, .script = STEPS({ PROTO(IP) }), .gso_type = TCPV4 | DODGY },
	{ "proto: datagrams", UDP4, { GSO(UDP_L4) }, .script = STEPS({ PROTO(IP6) }), .gso_type = UDP_L4 | DODGY },
	{ "proto: type without a size", TCP4, { .gso_type = TCPV4 }, .script = STEPS({ PROTO(IP6) }), .gso_type = TCPV4 },
	{ "proto: not the other way's", TCP4, { GSO(TCPV6) }, .script = STEPS({ PROTO(IP6) }), .gso_type = TCPV6 | DODGY },
	{ "proto: 4 to 6 at ingress", TCP4, { INGRESS, SUM }, .script = STEPS({ PROTO(IP6) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "proto: 6 to 4 at ingress", TCP6, { INGRESS, SUM }, .script = STEPS({ PROTO(IP) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "proto: 4 to 6, fragments", TCP4, { 0 }, .script = STEPS({ PROTO(IP6) }), .linear = 36, .linear_bytes = 16 },
	{ "proto: 6 to 4, fragments", TCP6, { SUM }, .script = STEPS({ PROTO(IP) }), .ip_summed = XB_CHECKSUM_COMPLETE, .linear = 14, .linear_bytes = 16 },
	{ "proto: partial sum goes with its header", TCP6, { PARTIAL(16) }, .script = STEPS({ PROTO(IP) }), .ip_summed = XB_CHECKSUM_NONE },
	{ "proto: partial sum", TCP6, { PARTIAL(54) }, .script = STEPS({ PROTO(IP) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 34 },
	{ "proto: transport header stays with the network's", TCP4, { INGRESS }, .script = STEPS({ PROTO(IP6) }, { TAIL(13), .want = -EINVAL }, { TAIL(14) }) },
	{ "type: outgoing", TCP4, { .has = XB_SKB_HAS_PKT_TYPE, .pkt_type = 4 }, .script = STEPS({ CTX_LD(pkt_type), .want = 4 }, { CALL(skb_change_type, CTX, IMM(0)), .want = -EINVAL }, { CTX_LD(pkt_type), .want = 4 }) },
	{ "ecn: IPv6 at ingress", ECT6, { INGRESS, SUM }, .script = STEPS({ SET_CE, .want = 1 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "ecn: IPv4 at ingress", ECT4, { INGRESS, SUM }, .script = STEPS({ SET_CE, .want = 1 }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "ecn: IPv4 is linear", ECT4, { INGRESS }, .script = STEPS({ SET_CE, .want = 1 }), .linear = 34, .linear_bytes = 34 },
	{ "ecn: IPv4 is not", ECT4, { INGRESS }, .script = STEPS({ SET_CE, .want = 0 }), .linear = 33, .linear_bytes = 33 },
	{ "ecn: IPv6 is linear", ECT6, { INGRESS }, .script = STEPS({ SET_CE, .want = 1 }), .linear = 54, .linear_bytes = 54 },
	{ "ecn: IPv6 is not", ECT6, { INGRESS }, .script = STEPS({ SET_CE, .want = 0 }), .linear = 53, .linear_bytes = 53 },
	{ "ecn: types of tags in fragments", VLAN, { 0 }, .script = STEPS({ PKT_ST(15, 1, 2) }, { SET_CE, .want = 0 }), .linear = 17, .linear_bytes = 17 },
	{ "ecn: with a tag beside it", ECT4, { INGRESS, TAGGED }, .script = STEPS({ SET_CE, .want = 1 }) },
	{ "ecn: 13 bytes", ECT4, { 0 }, .script = STEPS({ SET_CE, .want = 0 }), .bytes = 13 },
};

static const struct row tstamp_rows[] = {
	{ "tstamp: at ingress", TCP4, { INGRESS, .tstamp = 5, .tstamp_type = 1 }, .script = STEPS({ CTX_LD(tstamp), .want = 5 }, { TSTAMP_TYPE, .want = 1 }) },
	{ "tstamp: hidden at ingress", TCP4, { INGRESS, .tstamp = 5, .tstamp_type = 1 }, .script = { .plain_tstamp = true, .steps = { { CTX_LD(tstamp), .want = 0 } } } },
	{ "tstamp: at egress", TCP4, { .tstamp = 5, .tstamp_type = 1 }, .script = { .plain_tstamp = true, .steps = { { CTX_LD(tstamp), .want = 5 } } } },
	{ "tstamp: wall clock at ingress", TCP4, { INGRESS, .tstamp = 5 }, .script = { .plain_tstamp = true, .steps = { { CTX_LD(tstamp), .want = 5 } } } },
	{ "tstamp: hidden once set", TCP4, { INGRESS, .tstamp = 5 }, .script = { .plain_tstamp = true, .steps = { { TSTAMP(9, 2) }, { CTX_LD(tstamp), .want = 0 }, { TSTAMP(9, 0) }, { CTX_LD(tstamp), .want = 9 } } } },
	{ "tstamp: a store ends what is hidden", TCP4, { INGRESS, .tstamp = 5, .tstamp_type = 2 }, .script = { .plain_tstamp = true, .steps = { { CTX_ST(tstamp, 7) }, { CTX_LD(tstamp), .want = 7 } } } },
	{ "tstamp: a store of who knows of types", TCP4, { INGRESS, .tstamp = 5, .tstamp_type = 2 }, .script = STEPS({ CTX_ST(tstamp, 7) }, { CTX_LD(tstamp), .want = 7 }, { TSTAMP_TYPE, .want = 2 }) },
};

static const struct row room_rows[] = {
	{ "room: grow at ingress", TCP4, { INGRESS, SUM }, .script = STEPS({ ROOM(8, 0) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "room: shrink at ingress", TCP4, { INGRESS, SUM }, .script = STEPS({ ROOM(-8, 0) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "room: encap at ingress", TCP4, { INGRESS, SUM }, .script = STEPS({ ROOM(28, ENCAP4 | L4_UDP) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "room: decap at ingress", SIT, { INGRESS, SUM }, .script = STEPS({ ROOM(-20, DECAP6) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "room: verified", TCP4, { INGRESS, VERIFIED }, .script = STEPS({ LEVEL, .want = 2 }, { ROOM(8, 0) }, { LEVEL, .want = -EACCES }) },
	{ "room: verified, and stays so", TCP4, { INGRESS, VERIFIED }, .script = STEPS({ ROOM(8, NO_RESET) }, { ROOM(-8, NO_RESET) }, { LEVEL, .want = 2 }), .ip_summed = XB_CHECKSUM_UNNECESSARY },
	{ "room: verified, shrink", TCP4, { INGRESS, VERIFIED }, .script = STEPS({ ROOM(-8, 0) }, { LEVEL, .want = -EACCES }) },
	{ "room: verified, error", TCP4, { INGRESS, VERIFIED }, .script = STEPS({ ROOM(0x1000, 0), .want = -EFAULT }, { ROOM(8, ENCAP4 | ENCAP6), .want = -EINVAL }, { LEVEL, .want = 2 }), .ip_summed = XB_CHECKSUM_UNNECESSARY },
	{ "room: partial sum", TCP4, { PARTIAL(34) }, .script = STEPS({ ROOM(8, 0) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 42 },
	{ "room: partial sum, shrink", TCP4, { PARTIAL(34) }, .script = STEPS({ ROOM(-20, 0) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 14 },
	{ "room: partial sum at the new front", TCP4, { PARTIAL(34) }, .script = STEPS({ ROOM(-34, 0) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 0 },
	{ "room: partial sum goes with its header", TCP4, { PARTIAL(34) }, .script = STEPS({ ROOM(-35, 0) }), .ip_summed = XB_CHECKSUM_NONE },
	{ "room: fragments, grow", TCP4, { 0 }, .script = STEPS({ ROOM(8, 0) }), .linear = 28, .linear_bytes = 20 },
	{ "room: fragments, shrink", TCP4, { SUM }, .script = STEPS({ ROOM(-8, 0) }), .ip_summed = XB_CHECKSUM_COMPLETE, .linear = 14, .linear_bytes = 20 },
	{ "room: fragments, shrink what is linear", TCP4, { 0 }, .script = STEPS({ ROOM(-8, 0) }), .linear = 32, .linear_bytes = 40 },
	{ "room: transport header stays with the network's", TCP4, { INGRESS }, .script = STEPS({ ROOM(8, 0) }, { TAIL(13), .want = -EINVAL }, { TAIL(14) }) },
	{ "room: transport header of what is inside", TCP4, { INGRESS }, .script = STEPS({ ROOM(20, ENCAP4) }, { TAIL(13), .want = -EINVAL }, { TAIL(14), .want = -ENOTSUPP }) },
	{ "room: encapsulated already", TCP4, { .encapsulation = true }, .script = STEPS({ ROOM(20, ENCAP4), .want = -EALREADY }, { ROOM(20, 0) }, { TAIL(80), .want = -ENOTSUPP }, { LEN, .want = 94 }) },
	{ "room: with a tag beside it", TCP4, { TAGGED }, .script = STEPS({ ROOM(20, ENCAP6) }, { CTX_LD(vlan_tci), .want = 0x123 }, { CTX_LD(protocol), .want = IP6 }) },

	{ "gso: grow", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(8, 0) }, { CTX_LD(gso_size), .want = 1392 }, { CTX_LD(gso_segs), .want = 0 }), .gso_type = TCPV4 | DODGY },
	{ "gso: grow, fixed", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(8, FIXED) }, { CTX_LD(gso_size), .want = 1400 }, { CTX_LD(gso_segs), .want = 0 }), .gso_type = TCPV4 | DODGY },
	{ "gso: shrink", TCP6, { GSO(TCPV6) }, .script = STEPS({ ROOM(-8, 0) }, { CTX_LD(gso_size), .want = 1408 }, { CTX_LD(gso_segs), .want = 0 }), .gso_type = TCPV6 | DODGY },
	{ "gso: shrink, fixed", TCP6, { GSO(TCPV6) }, .script = STEPS({ ROOM(-8, FIXED) }, { CTX_LD(gso_size), .want = 1400 }), .gso_type = TCPV6 | DODGY },
	{ "gso: error", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(8, ENCAP4 | ENCAP6), .want = -EINVAL }, { CTX_LD(gso_size), .want = 1400 }, { CTX_LD(gso_segs), .want = 3 }), .gso_type = TCPV4 },
	{ "gso: encap in IPv4", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(20, ENCAP4) }, { CTX_LD(gso_size), .want = 1380 }), .gso_type = TCPV4 | DODGY | IPXIP4 },
	{ "gso: encap in IPv6", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(40, ENCAP6) }), .gso_type = TCPV4 | DODGY | IPXIP6 },
	{ "gso: encap in GRE", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(24, ENCAP4 | L4_GRE) }), .gso_type = TCPV4 | DODGY | GRE },
	{ "gso: encap in UDP", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(48, ENCAP6 | L4_UDP) }), .gso_type = TCPV4 | DODGY | UDP_T },
	{ "gso: GRE in nothing", TCP4, { GSO(TCPV4) }, .script = STEPS({ ROOM(24, L4_GRE) }), .gso_type = TCPV4 | DODGY },
	{ "gso: encap without segments", TCP4, { .gso_segs = 1 }, .script = STEPS({ ROOM(20, ENCAP4) }, { CTX_LD(gso_segs), .want = 1 }) },
	{ "gso: decap", IPIP, { GSO(TCPV4 | IPXIP4) }, .script = STEPS({ ROOM(-20, DECAP4) }, { CTX_LD(gso_size), .want = 1420 }), .gso_type = TCPV4 | IPXIP4 | DODGY },
	{ "gso: datagrams", UDP4, { GSO(UDP_L4) }, .script = STEPS({ ROOM(8, 0), .want = -ENOTSUPP }, { ROOM(-8, 0), .want = -ENOTSUPP }, { CTX_LD(gso_segs), .want = 3 }), .gso_type = UDP_L4 },
	{ "gso: datagrams, fixed", UDP4, { GSO(UDP_L4) }, .script = STEPS({ ROOM(8, FIXED) }, { ROOM(-8, FIXED) }, { CTX_LD(gso_size), .want = 1400 }, { CTX_LD(gso_segs), .want = 0 }), .gso_type = UDP_L4 | DODGY },
	{ "gso: neither", UDP4, { GSO(GRE) }, .script = STEPS({ ROOM(8, FIXED), .want = -ENOTSUPP }), .gso_type = GRE },
	{ "gso: size by fragments", TCP4, { .gso_size = 0xffff, .gso_type = TCPV4 }, .script = STEPS({ ROOM(8, 0) }, { CTX_LD(gso_size), .want = 0xffff }, { ROOM(-4, 0) }, { CTX_LD(gso_size), .want = 0xffff }), .gso_type = TCPV4 | DODGY },
	{ "gso: size below 0", TCP4, { .gso_size = 5, .gso_type = TCPV4 }, .script = STEPS({ ROOM(8, 0) }, { CTX_LD(gso_size), .want = 0xfffd }), .gso_type = TCPV4 | DODGY },
	{ "gso: size comes to 0", TCP4, { .gso_size = 8, .gso_type = TCPV4 }, .script = STEPS({ ROOM(8, 0) }, { CTX_LD(gso_size), .want = 0 }, { ROOM(8, ENCAP4) }), .gso_type = TCPV4 | DODGY },
	{ "gso: no limit of length", LARGE, { GSO(TCPV4) }, .script = STEPS({ ROOM(0xfff, FIXED) }, { ROOM(0xfff, FIXED) }, { ROOM(0xfff, FIXED) }, { ROOM(0xfff, FIXED) }, { LEN, .want = 20092 }), .gso_type = TCPV4 | DODGY },
	{ "gso: tail ends it", TCP4, { GSO(TCPV4) }, .script = STEPS({ TAIL(74) }, { CTX_LD(gso_size), .want = 0 }, { CTX_LD(gso_segs), .want = 0 }), .gso_type = 0 },
	{ "gso: head does not", TCP4, { GSO(TCPV4) }, .script = STEPS({ HEAD(8) }, { CTX_LD(gso_size), .want = 1400 }, { CTX_LD(gso_segs), .want = 3 }), .gso_type = TCPV4 },
};

static const struct row ends_rows[] = {
	{ "head: at ingress", TCP4, { INGRESS, SUM }, .script = STEPS({ HEAD(8) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "head: tags go by its MAC header", TCP4, { INGRESS, SUM }, .script = STEPS({ HEAD(8) }, { PUSH(1) }, { PUSH(2) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "head: fragments", TCP4, { INGRESS }, .script = STEPS({ HEAD(8) }), .linear = 28, .linear_bytes = 20 },
	{ "head: partial sum", TCP4, { PARTIAL(34) }, .script = STEPS({ HEAD(100) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 134 },
	{ "head: verified", TCP4, { VERIFIED }, .script = STEPS({ HEAD(100) }, { LEVEL, .want = 2 }), .ip_summed = XB_CHECKSUM_UNNECESSARY },
	{ "head: negative, in segments", TCP4, { GSO(TCPV4) }, .script = STEPS({ HEAD(INT32_MIN), .want = -EINVAL }, { HEAD(-1), .want = -EINVAL }), .gso_type = TCPV4 },
	{ "head: more than there is", TCP4, { GSO(TCPV4) }, .script = STEPS({ HEAD(INT32_MAX), .want = -ENOMEM }, { LEN, .want = 74 }), .gso_type = TCPV4 },
	{ "head: until there is no more", TCP4, { GSO(TCPV4) }, .script = STEPS({ HEAD(60000) }, { HEAD(60000) }, { HEAD(60000) }, { HEAD(60000) }, { HEAD(60000), .want = -ENOMEM }, { LEN, .want = 240074 }, { LD_ABS(4, SKF_NET_OFF), .want = 0x4500003c }, { LD_ABS(4, 240070), .want = 0x71787f86 }, { LD_ABS(4, 0), .want = 0 }), .gso_type = TCPV4 },
	{ "head: transport header stays", TCP4, { INGRESS }, .script = STEPS({ HEAD(200) }, { TAIL(213), .want = -EINVAL }, { TAIL(214) }) },
	{ "tail: least without a MAC header", TCP4, { 0 }, .script = STEPS({ TAIL(4), .want = -EINVAL }, { TAIL(5) }, { TAIL(60) }, { LEN, .want = 60 }), .bytes = 5 },
	{ "tail: sum is given up, grow", TCP4, { INGRESS, SUM }, .script = STEPS({ TAIL(80) }), .ip_summed = XB_CHECKSUM_NONE },
	{ "tail: sum is given up, shrink", TCP4, { INGRESS, SUM }, .script = STEPS({ TAIL(70) }), .ip_summed = XB_CHECKSUM_NONE },
	{ "tail: sum stays for the same", TCP4, { INGRESS, SUM }, .script = STEPS({ TAIL(74) }), .ip_summed = XB_CHECKSUM_COMPLETE },
	{ "tail: verified", TCP4, { VERIFIED }, .script = STEPS({ TAIL(70) }, { TAIL(80) }, { LEVEL, .want = 2 }), .ip_summed = XB_CHECKSUM_UNNECESSARY },
	{ "tail: partial sum", TCP4, { PARTIAL(34) }, .script = STEPS({ TAIL(80) }, { TAIL(52) }), .ip_summed = XB_CHECKSUM_PARTIAL, .csum_start = 34 },
	{ "tail: partial sum's field is cut", TCP4, { PARTIAL(34) }, .script = STEPS({ TAIL(51) }), .ip_summed = XB_CHECKSUM_NONE },
	{ "tail: partial sum, grown again", TCP4, { PARTIAL(34) }, .script = STEPS({ TAIL(20) }, { TAIL(80) }), .ip_summed = XB_CHECKSUM_NONE },
	{ "tail: fragments, grow", TCP4, { 0 }, .script = STEPS({ TAIL(80) }), .linear_bytes = 20 },
	{ "tail: fragments, shrink", TCP4, { 0 }, .script = STEPS({ TAIL(70) }), .linear_bytes = 20 },
	{ "tail: fragments, the same", TCP4, { 0 }, .script = STEPS({ TAIL(74) }), .linear_bytes = 20 },
	{ "tail: fragments, error", TCP4, { 0 }, .script = STEPS({ TAIL(13), .want = -EINVAL }), .linear = 20, .linear_bytes = 20 },
};

static const struct row meta_rows[] = {
	{ "meta: head takes its place", TCP4, { INGRESS }, .script = STEPS({ HEAD(4) }, { META_LD(0, 8), .want = 0x0403020100000000 }, { META_LD(8, 1), .want = SCRIPT_SKIPPED }), .meta_bytes = 8 },
	{ "meta: longer head takes all of it", TCP4, { INGRESS }, .script = STEPS({ HEAD(20) }, { META_LD(0, 8), .want = 0 }), .meta_bytes = 8 },
	{ "meta: head in all of the room", TCP4, { INGRESS }, .script = STEPS({ HEAD(256) }, { META_LD(0, 8), .want = 0 }), .meta_bytes = 8 },
	{ "meta: lost in a new head", TCP4, { INGRESS }, .script = STEPS({ HEAD(257) }, { META_LD(0, 1), .want = SCRIPT_SKIPPED }, { LEN, .want = 331 }), .meta_bytes = 8 },
	{ "meta: lost, though nothing came of it", TCP4, { INGRESS }, .script = STEPS({ ROOM(300, ENCAP4 | ENCAP6), .want = -EINVAL }, { META_LD(0, 1), .want = SCRIPT_SKIPPED }, { LEN, .want = 74 }), .meta_bytes = 8 },
	{ "meta: room", TCP4, { INGRESS }, .script = STEPS({ ROOM(4, 0) }, { META_LD(0, 8), .want = 0x0403020100000000 }), .meta_bytes = 8 },
	{ "meta: shrink", TCP4, { INGRESS }, .script = STEPS({ ROOM(-4, 0) }, { META_LD(0, 8), .want = 0x0000000008070605 }), .meta_bytes = 8 },
	{ "meta: tag goes in", TCP4, { INGRESS }, .script = STEPS({ PUSH(1) }, { META_LD(0, 8), .want = 0x0807060504030201 }, { PUSH(2) }, { META_LD(0, 8), .want = 0x0403020100000000 }), .meta_bytes = 8 },
	{ "meta: tail", TCP4, { INGRESS }, .script = STEPS({ TAIL(80) }, { META_LD(0, 8), .want = 0x0807060504030201 }), .meta_bytes = 8 },
};
/* clang-format on */

static void
run_row(struct direct *d, const struct row *row)
{
	static const u8 meta[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	u8 data[PACKET_MAX_BYTES];
	u32 bytes = packet_build(row->packet, data);
	struct xb_skb_ctx ctx = row->ctx;
	const struct direct_run run = {
		.in = { .data = data,
		        .bytes = row->bytes ? row->bytes : bytes,
		        .meta = meta,
		        .meta_bytes = row->meta_bytes,
		        .linear_bytes = row->linear_bytes,
		        .ctx = &ctx },
		.script = &row->script,
	};

	ctx.ifindex = 1;
	assert_true(row->meta_bytes <= sizeof(meta));
	direct_run(d, &run);
	direct_check(d, row->name, &row->script);
}

/* COMPLETE's sum, by the definition. */
static bool
sum_is_right(const struct direct *d, __wsum csum, u32 mac_bytes)
{
	const struct xb_skb_out *out = &d->out;
	__wsum sum = xb_csum_partial(out->data + mac_bytes, out->bytes - mac_bytes, 0);

	return xb_csum_fold(sum) == xb_csum_fold(csum);
}

/* A longer MAC header is what bpf_skb_change_head made; its rows say how much by their name. */
static void
check_left(const struct direct *d, const struct row *row, u32 head_bytes)
{
	u32 linear = row->linear ? row->linear : d->out.bytes;
	struct xb_skb_ctx left;

	xb_skb_save_ctx(d->s, &left);
	if (left.ip_summed != row->ip_summed)
		fail_msg("%s: ip_summed %u, expected %u", row->name, left.ip_summed,
		         row->ip_summed);
	if (left.ip_summed == XB_CHECKSUM_COMPLETE &&
	    sum_is_right(d, left.csum, 14 + head_bytes) == row->sum_wrong)
		fail_msg("%s: sum 0x%x", row->name, left.csum);
	if (left.ip_summed == XB_CHECKSUM_PARTIAL && left.csum_start != row->csum_start)
		fail_msg("%s: csum_start %u, expected %u", row->name, left.csum_start,
		         row->csum_start);
	if (left.gso_type != row->gso_type)
		fail_msg("%s: gso_type 0x%x, expected 0x%x", row->name, left.gso_type,
		         row->gso_type);
	if (d->out.linear_bytes != linear)
		fail_msg("%s: %u bytes are linear, expected %u", row->name, d->out.linear_bytes,
		         linear);
}

/* By how much the script's bpf_skb_change_head makes the MAC header longer. */
static u32
head_bytes(const struct script *script)
{
	u32 bytes = 0;

	for (u32 i = 0; i < script_cnt(script); i++)
		if (script->steps[i].func == BPF_FUNC_skb_change_head && !script->steps[i].want)
			bytes += (u32)script->steps[i].args[1].value;
	return bytes;
}

static void
run_rows(const struct row *rows, u32 cnt)
{
	struct direct *d = direct_new();

	for (u32 i = 0; i < cnt; i++) {
		run_row(d, &rows[i]);
		check_left(d, &rows[i], head_bytes(&rows[i].script));
	}
	direct_free(d);
}

#define TEST(name)                                                                                 \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		run_rows(name##_rows, XB_ARRAY_SIZE(name##_rows));                                 \
	}

TEST(vlan)
TEST(proto)
TEST(tstamp)
TEST(room)
TEST(ends)
TEST(meta)

#define TEN(step) step, step, step, step, step, step, step, step, step, step

/* The buffer's room moves to and fro: the packet stays whole, and none is lost. */
static void
test_to_and_fro(void **state)
{
	static const struct script grow = { .steps = { TEN({ ROOM(4000, FIXED) }) } };
	static const struct script shrink = { .steps = { TEN({ ROOM(-4000, FIXED) }) } };
	static const struct script end =
	        STEPS({ LEN, .want = 74 }, { TAIL(13), .want = -EINVAL }, { TAIL(MAX_LEN) },
	              { LD_ABS(4, 14), .want = 0x4500003c }, { LD_ABS(4, 70), .want = 0x71787f86 },
	              { LD_ABS(4, 16060), .want = 0 }, { TAIL(14) });
	static const struct row row = { "start",
		                        TCP4,
		                        { INGRESS, GSO(TCPV4) },
		                        .script = { .steps = { TEN({ ROOM(4000, FIXED) }) } } };
	struct direct *d = direct_new();
	u32 i;

	(void)state;
	run_row(d, &row);
	for (i = 0; i < 5; i++) {
		direct_again(d, &grow);
		direct_check(d, "grow", &grow);
	}
	for (i = 0; i < 6; i++) {
		direct_again(d, &shrink);
		direct_check(d, "shrink", &shrink);
	}
	direct_again(d, &end);
	direct_check(d, "end", &end);
	direct_free(d);
}

/* What another packet left in the buffer is never seen. */
static void
test_behind(void **state)
{
	static const struct row row = {
		"longer one", LARGE, { 0 }, .script = STEPS({ ROOM(100, 0) })
	};
	static const struct script grow = STEPS(
	        { POP }, { CALL(skb_adjust_room, CTX, IMM(20), IMM(BPF_ADJ_ROOM_NET), IMM(0)) },
	        { LEN, .want = 34 }, { PKT_LD(14, 8) }, { PKT_LD(26, 8) });
	static const struct xb_skb_ctx ctx = { .ifindex = 1 };
	u8 data[PACKET_MAX_BYTES];
	const struct xb_skb_in in = { .data = data, .bytes = 22, .ctx = &ctx };
	static const struct script head = STEPS({ HEAD(88) }, { META_LD(0, 8) });
	const struct xb_skb_in with_meta = {
		.data = data, .bytes = 74, .meta = (const u8[8]){ 1 }, .meta_bytes = 8, .ctx = &ctx
	};
	struct direct *d = direct_new();

	(void)state;
	run_row(d, &row);
	packet_build(QINQ, data);
	xb_skb_load(d->s, &in);
	direct_again(d, &grow);
	direct_check(d, "behind", &grow);
	run_row(d, &row);
	xb_skb_load(d->s, &with_meta);
	direct_again(d, &head);
	direct_check(d, "in front", &head);
	direct_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlan),       cmocka_unit_test(test_proto),
		cmocka_unit_test(test_tstamp),     cmocka_unit_test(test_room),
		cmocka_unit_test(test_ends),       cmocka_unit_test(test_meta),
		cmocka_unit_test(test_to_and_fro), cmocka_unit_test(test_behind),
	};

	return cmocka_run_group_tests_name("skb device", tests, NULL, NULL);
}
