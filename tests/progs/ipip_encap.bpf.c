/* SPDX-License-Identifier: BSD-2-Clause */
/* ipip_encap.bpf.c - wraps IPv4 into IPv4: 20 bytes of headroom taken, the Ethernet header moved.
 */
#include "packet.h"

const volatile __be32 tunnel_src = bpf_htonl(0xc0000201); /* 192.0.2.1 */
const volatile __be32 tunnel_dst = bpf_htonl(0xc6336402); /* 198.51.100.2 */

SEC("xdp")
int
xdp_ipip_encap(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c), old;
	struct iphdr *inner, *outer;
	__u16 total;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	inner = take_ip4(&c);
	if (!inner)
		return XDP_DROP;
	total = bpf_ntohs(inner->tot_len) + sizeof(*outer);
	old = *eth;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*outer)))
		return XDP_ABORTED;

	c = cursor_of(ctx);
	eth = take_eth(&c);
	if (!eth)
		return XDP_ABORTED;
	outer = (void *)(eth + 1);
	if ((void *)(outer + 1) > c.end)
		return XDP_ABORTED;
	*eth = old;
	*outer = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_IPIP,
		.tot_len = bpf_htons(total),
		.saddr = tunnel_src,
		.daddr = tunnel_dst,
	};
	outer->check = ip4_csum(outer);
	return XDP_TX;
}
