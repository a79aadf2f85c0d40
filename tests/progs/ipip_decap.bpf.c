/* SPDX-License-Identifier: BSD-2-Clause */
/* ipip_decap.bpf.c - takes the outer header of IPv4 in IPv4 off again. */
#include "packet.h"

SEC("xdp")
int
xdp_ipip_decap(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c), old;
	struct iphdr *outer;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	outer = take_ip4(&c);
	if (!outer || outer->ihl != 5 || outer->protocol != IPPROTO_IPIP)
		return XDP_PASS;
	old = *eth;
	if (bpf_xdp_adjust_head(ctx, sizeof(*outer)))
		return XDP_DROP;
	c = cursor_of(ctx);
	eth = take_eth(&c);
	if (!eth)
		return XDP_DROP;
	*eth = old;
	return XDP_PASS;
}
