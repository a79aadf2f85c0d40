/* SPDX-License-Identifier: BSD-2-Clause */
/* checksum.bpf.c - verifies the IPv4 header checksum with options, in a bounded loop. */
#include "packet.h"

__u64 good, wrong;

SEC("xdp")
int
xdp_checksum(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip;
	__u16 *word;
	__u64 sum = 0;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	word = c.pos;
	ip = take_ip4(&c);
	if (!ip)
		return XDP_DROP;
	for (int i = 0; i < 30; i++) {
		if (i >= ip->ihl * 2)
			break;
		if ((void *)(word + i + 1) > c.end)
			return XDP_DROP;
		sum += word[i];
	}
	if (csum_fold(sum)) {
		wrong++;
		return XDP_DROP;
	}
	good++;
	return XDP_PASS;
}
