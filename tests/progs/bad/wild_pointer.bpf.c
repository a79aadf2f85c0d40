/* SPDX-License-Identifier: BSD-2-Clause */
/* wild_pointer.bpf.c - reads at an address that it made up from packet bytes. */
#include "packet.h"

SEC("xdp")
int
xdp_wild_pointer(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);

	if (!eth)
		return XDP_DROP;
	return **(volatile __u8 **)eth ? XDP_PASS : XDP_DROP;
}
