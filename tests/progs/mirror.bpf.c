/* SPDX-License-Identifier: BSD-2-Clause */
/* mirror.bpf.c - floods frames to all ports of a group but the one they came from (devmap_hash,
 * broadcast). */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} group SEC(".maps");

SEC("xdp")
int
xdp_mirror(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);

	if (!eth)
		return XDP_DROP;
	if (eth->h_dest[0] & 1)
		return bpf_redirect_map(&group, 0, BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS);
	return bpf_redirect_map(&group, eth->h_dest[5], XDP_DROP);
}

/* Runs on each copy, where an entry of the group names it. */
SEC("xdp/devmap")
int
xdp_mirror_egress(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);

	if (!eth)
		return XDP_DROP;
	eth->h_source[5] = (__u8)ctx->egress_ifindex;
	return XDP_PASS;
}
