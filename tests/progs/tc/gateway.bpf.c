/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gateway.bpf.c - sends what its rules of ports say out by another interface, to a neighbour that
 * the program names or that the machine finds; marks congestion on what was not worth it.
 */
#include "tc.h"

#define AF_INET  2
#define AF_INET6 10
#define WAY_OUT  10 /* an interface */
#define BULK     1000

__u64 sent4, sent6, marked, refused;

static __always_inline int
send4(struct iphdr *ip)
{
	struct bpf_redir_neigh hop = { .nh_family = AF_INET };

	sent4++;
	if (ip->protocol != IPPROTO_UDP)
		return bpf_redirect_neigh(WAY_OUT, NULL, 0, 0);
	hop.ipv4_nh = ip->daddr;
	return bpf_redirect_neigh(WAY_OUT, &hop, sizeof(hop), 0);
}

static __always_inline int
send6(struct ipv6hdr *ip)
{
	struct bpf_redir_neigh hop = { .nh_family = AF_INET6 };

	sent6++;
	__builtin_memcpy(hop.ipv6_nh, &ip->daddr, sizeof(hop.ipv6_nh));
	return bpf_redirect_neigh(WAY_OUT, &hop, sizeof(hop), 0);
}

SEC("tc")
int
tc_gateway(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 64);
	__be16 proto = take_l2(&c);
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	if (skb->len > BULK) {
		marked += bpf_skb_ecn_set_ce(skb);
		return TC_ACT_OK;
	}
	if (bpf_redirect_neigh(WAY_OUT, NULL, 0, 1) != TC_ACT_REDIRECT)
		refused++;
	if (proto == bpf_htons(ETH_P_IP)) {
		ip = take_ip4(&c);
		return ip ? send4(ip) : TC_ACT_SHOT;
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		ip6 = take_ip6(&c);
		return ip6 ? send6(ip6) : TC_ACT_SHOT;
	}
	return TC_ACT_OK;
}
