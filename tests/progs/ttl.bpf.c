/* SPDX-License-Identifier: BSD-2-Clause */
/* ttl.bpf.c - what a router does to the header: one hop less, the checksum patched (RFC 1624). */
#include "packet.h"

static __always_inline int
hop4(struct cursor *c)
{
	struct iphdr *ip = take_ip4(c);
	__u32 sum;

	if (!ip)
		return XDP_DROP;
	if (ip->ttl <= 1)
		return XDP_PASS; /* the stack answers "time exceeded" */
	sum = ip->check + bpf_htons(0x0100);
	ip->check = (__u16)(sum + (sum >= 0xffff));
	ip->ttl--;
	return XDP_TX;
}

static __always_inline int
hop6(struct cursor *c)
{
	struct ipv6hdr *ip6 = take_ip6(c);

	if (!ip6)
		return XDP_DROP;
	if (ip6->hop_limit <= 1)
		return XDP_PASS;
	ip6->hop_limit--;
	return XDP_TX;
}

SEC("xdp")
int
xdp_ttl(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__be16 proto = take_l2(&c);

	if (proto == bpf_htons(ETH_P_IP))
		return hop4(&c);
	if (proto == bpf_htons(ETH_P_IPV6))
		return hop6(&c);
	return XDP_PASS;
}
