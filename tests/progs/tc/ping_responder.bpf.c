/* SPDX-License-Identifier: BSD-2-Clause */
/* ping_responder.bpf.c - answers pings of both IP versions and sends the reply back by
 * bpf_redirect; all bytes are moved by helpers. */
#include "tc.h"

#define IP_OFF sizeof(struct ethhdr)

/* Exchanges two neighbouring fields of the packet. */
static __always_inline int
swap(struct __sk_buff *skb, __u32 off, __u32 bytes)
{
	__u8 first[16], second[16];

	if (bpf_skb_load_bytes(skb, off, first, bytes) ||
	    bpf_skb_load_bytes(skb, off + bytes, second, bytes))
		return -1;
	return bpf_skb_store_bytes(skb, off, second, bytes, 0) ||
	       bpf_skb_store_bytes(skb, off + bytes, first, bytes, 0);
}

static __always_inline int
reply(struct __sk_buff *skb, __u32 addr_off, __u32 addr_bytes, __u32 icmp_off, __u8 type)
{
	struct icmphdr icmp;

	if (bpf_skb_load_bytes(skb, icmp_off, &icmp, sizeof(icmp)))
		return TC_ACT_SHOT;
	if (swap(skb, 0, ETH_ALEN) || swap(skb, addr_off, addr_bytes))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, icmp_off, &type, sizeof(type), 0))
		return TC_ACT_SHOT;
	/* The type is the first byte of a word in wire order. */
	if (bpf_l4_csum_replace(skb, icmp_off + offset_of(struct icmphdr, checksum),
	                        bpf_htons(icmp.type << 8), bpf_htons(type << 8), 2))
		return TC_ACT_SHOT;
	return bpf_redirect(skb->ifindex, 0);
}

static __always_inline int
answer4(struct __sk_buff *skb)
{
	struct iphdr ip;
	__u32 icmp_off;
	__u8 type;

	if (bpf_skb_load_bytes(skb, IP_OFF, &ip, sizeof(ip)) || ip.ihl < 5)
		return TC_ACT_SHOT;
	icmp_off = IP_OFF + ip.ihl * 4;
	if (ip.protocol != IPPROTO_ICMP || ip.frag_off & bpf_htons(IP_FRAGMENT) ||
	    bpf_skb_load_bytes(skb, icmp_off, &type, 1) || type != ICMP_ECHO)
		return TC_ACT_OK;
	return reply(skb, IP_OFF + offset_of(struct iphdr, saddr), 4, icmp_off, ICMP_ECHOREPLY);
}

static __always_inline int
answer6(struct __sk_buff *skb)
{
	__u32 icmp_off = IP_OFF + sizeof(struct ipv6hdr);
	__u8 next, type;

	if (bpf_skb_load_bytes(skb, IP_OFF + offset_of(struct ipv6hdr, nexthdr), &next, 1) ||
	    next != IPPROTO_ICMPV6 || bpf_skb_load_bytes(skb, icmp_off, &type, 1) ||
	    type != ICMPV6_ECHO_REQUEST)
		return TC_ACT_OK;
	return reply(skb, IP_OFF + offset_of(struct ipv6hdr, saddr), 16, icmp_off,
	             ICMPV6_ECHO_REPLY);
}

SEC("tc")
int
tc_ping_responder(struct __sk_buff *skb)
{
	switch (skb->protocol) {
	case bpf_htons(ETH_P_IP):
		return answer4(skb);
	case bpf_htons(ETH_P_IPV6):
		return answer6(skb);
	default:
		return TC_ACT_UNSPEC;
	}
}
