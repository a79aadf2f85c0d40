/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cg_firewall.bpf.c - a firewall of a cgroup: which ports it may be talked to on, which networks it
 * may talk to, and a mark of congestion for what is large.
 */
#include "packet.h"

#define LARGE 1000

enum { DENY, ALLOW, DENY_CN, ALLOW_CN };

struct net {
	__u32 bits;
	__u8 addr[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* protocol << 16 | port */
	__type(value, __u64);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net);
	__type(value, __u64);
} nets SEC(".maps");

__u64 families[3]; /* of the socket: neither, IPv4, IPv6 */

static __always_inline void
count_family(struct __sk_buff *skb)
{
	families[skb->family == 2 ? 1 : skb->family == 10 ? 2 : 0]++;
}

/* Destination port and protocol, or 0. */
static __always_inline __u32
port_of(struct __sk_buff *skb)
{
	struct cursor c = cursor_of(skb);
	__u8 proto = 0;
	__be16 *ports;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take_ip4(&c);

		if (!ip || ip->frag_off & bpf_htons(0x1fff))
			return 0;
		proto = ip->protocol;
	} else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = take_ip6(&c);

		if (!ip)
			return 0;
		proto = ip->nexthdr;
	}
	ports = c.pos;
	if ((proto != IPPROTO_TCP && proto != IPPROTO_UDP) || (void *)(ports + 2) > c.end)
		return 0;
	return proto << 16 | bpf_ntohs(ports[1]);
}

SEC("cgroup_skb/ingress")
int
cg_ingress(struct __sk_buff *skb)
{
	__u32 port = port_of(skb);
	__u64 *seen;

	count_family(skb);
	if (port == 0)
		return skb->protocol == bpf_htons(ETH_P_ARP) ? DENY : ALLOW;
	seen = bpf_map_lookup_elem(&ports, &port);
	if (!seen)
		return DENY;
	__sync_fetch_and_add(seen, skb->len);
	skb->mark = port;
	return ALLOW;
}

SEC("cgroup_skb/egress")
int
cg_egress(struct __sk_buff *skb)
{
	struct net net = { 32, {} };
	__u32 daddr = skb->remote_ip4;
	__u64 *seen;

	skb->priority = skb->local_ip6[3] ^ skb->remote_ip6[3];
	if (skb->family != 2)
		return skb->len > LARGE ? DENY_CN : DENY;
	__builtin_memcpy(net.addr, &daddr, sizeof(daddr));
	seen = bpf_map_lookup_elem(&nets, &net);
	if (!seen)
		return DENY;
	__sync_fetch_and_add(seen, 1);
	return skb->len > LARGE ? ALLOW_CN : ALLOW;
}
