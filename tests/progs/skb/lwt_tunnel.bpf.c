/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwt_tunnel.bpf.c - routes that put GRE, or IP in IP, in front of packets: on the way in, and on
 * the way out, where the packet may be changed besides; one that only looks.
 */
#include "packet.h"

#define LOCAL  bpf_htonl(0x0a000001)
#define REMOTE bpf_htonl(0x0a0000fe)

struct gre_outer {
	struct iphdr ip;
	__be16 flags, proto;
};

__u64 reroutes, lost;

static __always_inline void
outer_ip4(struct iphdr *ip, __u32 len, __u8 proto)
{
	*ip = (struct iphdr){ .version = 4,
		              .ihl = 5,
		              .ttl = 64,
		              .tot_len = bpf_htons(len),
		              .protocol = proto,
		              .saddr = LOCAL,
		              .daddr = REMOTE };
}

/* By GRE, what IPv4 or IPv6 it is. */
SEC("lwt_in")
int
lwt_in_gre(struct __sk_buff *skb)
{
	struct gre_outer outer = { .proto = skb->protocol };

	outer_ip4(&outer.ip, skb->len + sizeof(outer), IPPROTO_GRE);
	if (skb->protocol != bpf_htons(ETH_P_IP) && skb->protocol != bpf_htons(ETH_P_IPV6))
		return BPF_OK;
	if (bpf_lwt_push_encap(skb, BPF_LWT_ENCAP_IP, &outer, sizeof(outer))) {
		lost++;
		return BPF_DROP;
	}
	reroutes++;
	return BPF_LWT_REROUTE;
}

/* IP in IP, a hop less. */
SEC("lwt_xmit")
int
lwt_xmit_ipip(struct __sk_buff *skb)
{
	struct cursor c = cursor_of(skb);
	struct iphdr *ip = take_ip4(&c), outer;
	__u32 old, new;

	if (skb->protocol != bpf_htons(ETH_P_IP) || !ip || ip->ttl <= 1)
		return BPF_DROP;
	old = *(__u16 *)&ip->ttl;
	ip->ttl--;
	new = *(__u16 *)&ip->ttl;
	bpf_l3_csum_replace(skb, __builtin_offsetof(struct iphdr, check), old, new, 2);
	outer_ip4(&outer, skb->len + sizeof(outer), IPPROTO_IPIP);
	if (bpf_lwt_push_encap(skb, BPF_LWT_ENCAP_IP, &outer, sizeof(outer)))
		return BPF_DROP;
	return BPF_OK;
}

SEC("lwt_out")
int
lwt_out_look(struct __sk_buff *skb)
{
	__u8 first = 0;

	if (bpf_skb_load_bytes(skb, 0, &first, 1))
		return BPF_DROP;
	skb->mark = first;
	skb->priority = skb->len;
	return first >> 4 == 4 || first >> 4 == 6 ? BPF_OK : BPF_DROP;
}
