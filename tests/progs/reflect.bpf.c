/* SPDX-License-Identifier: BSD-2-Clause */
/* reflect.bpf.c - sends each unicast frame back to where it came from (TX). */
#include "packet.h"

SEC("xdp")
int
xdp_reflect(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);

	if (!eth || eth->h_dest[0] & 1)
		return XDP_DROP;
	swap_macs(eth);
	return XDP_TX;
}
