/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tc.h - what the TC programs share beyond packet.h: uapi names that older headers lack, headers of
 * tunnels, and who talks to whom in a frame.
 */
#ifndef XB_TESTS_PROGS_TC_TC_H
#define XB_TESTS_PROGS_TC_TC_H

#include "packet.h"

#include <linux/pkt_cls.h>
#include <stdbool.h>

/* Macros, so that they do no harm where <linux/bpf.h> has them as enumerators. */
#define TCX_NEXT                     (-1)
#define TCX_PASS                     0
#define TCX_DROP                     2
#define TCX_REDIRECT                 7
#define BPF_F_IPV6                   (1ULL << 7) /* for bpf_l4_csum_replace */
#define BPF_F_ADJ_ROOM_DECAP_L3_IPV4 (1ULL << 7)
#define BPF_F_ADJ_ROOM_DECAP_L3_IPV6 (1ULL << 8)

#define ENOTSUPP 524

#define LOOPBACK 1 /* the interface that every network namespace has */

/* From <linux/if_packet.h>. */
#define PACKET_HOST      0
#define PACKET_BROADCAST 1
#define PACKET_MULTICAST 2
#define PACKET_OTHERHOST 3

#define ICMPV6_PACKET_TOO_BIG 2
#define ICMPV6_ECHO_REQUEST   128
#define ICMPV6_ECHO_REPLY     129

#define VXLAN_PORT 4789

struct gre_hdr {
	__be16 flags;
	__be16 proto;
};

#define offset_of(type, field) __builtin_offsetof(type, field)

/* How far into the frame a pointer of a cursor points. */
#define offset_in(skb, pos) ((__u32)((void *)(pos) - (void *)(long)(skb)->data))

/* A cursor over the whole packet or its first `bytes`, whatever lay in fragments before. */
static __always_inline struct cursor
pull(struct __sk_buff *skb, __u32 bytes)
{
	bpf_skb_pull_data(skb, bytes < skb->len ? bytes : skb->len);
	return cursor_of(skb);
}

struct tuple4 {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u8 proto; /* TCP or UDP */
	__u8 pad[3];
};

/* A frame that is no fragment, and where its parts are. */
struct frame4 {
	struct tuple4 tuple;
	__u32 ip_off, l4_off;
	__u32 check_off; /* of layer 4 */
};

/* Reads TCP or UDP over IPv4, behind tags too. 0, or -1 for all other packets. */
static __always_inline int
read_frame4(struct __sk_buff *skb, struct frame4 *f)
{
	struct cursor c = pull(skb, 128);
	struct iphdr *ip;
	__be16 *ports;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return -1;
	ip = take_ip4(&c);
	ports = c.pos;
	if (!ip || ip->frag_off & bpf_htons(IP_FRAGMENT) || (void *)(ports + 2) > c.end)
		return -1;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return -1;
	*f = (struct frame4){
		.tuple = { ip->saddr, ip->daddr, ports[0], ports[1], ip->protocol, {} },
		.ip_off = offset_in(skb, ip),
		.l4_off = offset_in(skb, ports),
	};
	f->check_off = f->l4_off + (ip->protocol == IPPROTO_TCP ? offset_of(struct tcphdr, check)
	                                                        : offset_of(struct udphdr, check));
	return 0;
}

#endif
