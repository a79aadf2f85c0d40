/* SPDX-License-Identifier: BSD-2-Clause */
/* vlan_pop.bpf.c - takes the outer VLAN tag off and counts packets a VLAN. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} vlans SEC(".maps");

SEC("xdp")
int
xdp_vlan_pop(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c), old;
	struct vlan_tag *tag;
	__u32 *count, vid;

	if (!eth)
		return XDP_PASS;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q) && eth->h_proto != bpf_htons(ETH_P_8021AD))
		return XDP_PASS;
	tag = take_vlan(&c);
	if (!tag)
		return XDP_DROP;
	vid = bpf_ntohs(tag->tci) & 0xfff;
	count = bpf_map_lookup_elem(&vlans, &vid);
	if (count)
		(*count)++;
	old = *eth;
	old.h_proto = tag->proto;
	if (bpf_xdp_adjust_head(ctx, sizeof(*tag)))
		return XDP_DROP;
	c = cursor_of(ctx);
	eth = take_eth(&c);
	if (!eth)
		return XDP_DROP;
	*eth = old;
	return XDP_PASS;
}
