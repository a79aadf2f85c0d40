/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packets.h - the packets that rows name, with lengths and checksums that are right.
 *
 * All go from 02:00:00:00:00:01, 192.0.2.1, 2001:db8::1 port 1000 to 192.0.2.2, 2001:db8::2 port
 * 2000; payload byte i is i * 7 + 1. The destination's MAC is zero, the loopback's own, so that
 * pkt_type is PACKET_HOST; but for OTHERHOST, MULTICAST and BROADCAST.
 */
#ifndef XB_TESTS_SKB_PACKETS_H
#define XB_TESTS_SKB_PACKETS_H

#include "vm/types.h"

#define PACKET_MAX_BYTES 3712u /* that a test run takes */

enum packet {
	TCP4,      /* 74 bytes: IPv4 at 14, TCP at 34, 20 of payload at 54 */
	UDP4,      /* 62: UDP at 34, 20 of payload at 42 */
	ICMP4,     /* 62: an echo request at 34 */
	TCP6,      /* 94: IPv6 at 14, TCP at 54, payload at 74 */
	UDP6,      /* 82: UDP at 54, payload at 62 */
	ICMP6,     /* 82: an echo request at 54 */
	ARP,       /* 42: a request */
	VLAN,      /* 78: 802.1Q of VID 100, priority 3 at 12; IPv4 at 18, TCP at 38 */
	QINQ,      /* 82: 802.1ad of VID 200 at 12, 802.1Q at 16; IPv4 at 22, TCP at 42 */
	VLAN6,     /* 98: 802.1Q; IPv6 at 18, TCP at 58 */
	IPIP,      /* 94: IPv4 at 14, IPv4 at 34, TCP at 54 */
	SIT,       /* 114: IPv4 at 14, IPv6 at 34, TCP at 74 */
	OPT4,      /* 82: IPv4 with 8 bytes of options at 14, TCP at 42 */
	HBH6,      /* 102: IPv6 at 14, hop-by-hop options at 54, TCP at 62 */
	FRAG4,     /* 54: a later fragment, 20 of payload at 34 */
	UDP0,      /* 62: UDP4 without a checksum */
	ECT4,      /* 74: TCP4 with ECT(0) */
	ECT6,      /* 94: TCP6 with ECT(0) */
	OTHERHOST, /* 74: TCP4 to 02:00:00:00:00:02 */
	MULTICAST, /* 62: UDP4 to 01:00:5e:00:00:01 */
	BROADCAST, /* 62: UDP4 to ff:ff:ff:ff:ff:ff */
	ETHER,     /* 14: a header alone, of a type that nobody knows (0x88b5) */
	UNKNOWN,   /* 64: the same with 50 of payload */
	LARGE,     /* 3712: TCP4 */
	LARGE6,    /* 3712: TCP6 */
	PACKET_CNT
};

const char *packet_name(enum packet packet);

/* Writes the packet; returns its length. `to` has PACKET_MAX_BYTES. */
u32 packet_build(enum packet packet, u8 *to);

#endif
