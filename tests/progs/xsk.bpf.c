/* SPDX-License-Identifier: BSD-2-Clause */
/* xsk.bpf.c - UDP to the AF_XDP socket of its queue, the rest up the stack. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} sockets SEC(".maps");

SEC("xdp")
int
xdp_xsk(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	return bpf_redirect_map(&sockets, ctx->rx_queue_index, XDP_DROP);
}
