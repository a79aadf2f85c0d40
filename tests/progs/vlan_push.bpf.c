/* SPDX-License-Identifier: BSD-2-Clause */
/* vlan_push.bpf.c - tags untagged frames by the last bits of their source address. */
#include "packet.h"

SEC("xdp")
int
xdp_vlan_push(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c), old;
	struct vlan_tag *tag;

	if (!eth || eth->h_proto == bpf_htons(ETH_P_8021Q))
		return XDP_PASS;
	old = *eth;
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*tag)))
		return XDP_ABORTED;
	c = cursor_of(ctx);
	eth = take_eth(&c);
	if (!eth)
		return XDP_ABORTED;
	tag = take_vlan(&c);
	if (!tag)
		return XDP_ABORTED;
	tag->tci = bpf_htons((__u16)(100 + (old.h_source[5] & 7)));
	tag->proto = old.h_proto;
	old.h_proto = bpf_htons(ETH_P_8021Q);
	*eth = old;
	return XDP_TX;
}
