/* SPDX-License-Identifier: BSD-2-Clause */
/* vlan_untag.bpf.c - takes off all tags, whether in the frame or beside it, and counts packets by
 * VLAN: bpf_skb_vlan_pop. */
#include "tc.h"

#define MAX_TAGS 3

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32); /* 0xffff for untagged */
	__type(value, __u64);
} vlans SEC(".maps");

/* The outer tag's VLAN, or 0xffff. */
static __always_inline __u32
outer_vlan(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 64);
	struct ethhdr *eth = take_eth(&c);
	struct vlan_tag *tag;

	if (skb->vlan_present)
		return skb->vlan_tci & 0xfff;
	if (!eth ||
	    (eth->h_proto != bpf_htons(ETH_P_8021Q) && eth->h_proto != bpf_htons(ETH_P_8021AD)))
		return 0xffff;
	tag = take_vlan(&c);
	return tag ? bpf_ntohs(tag->tci) & 0xfff : 0xffff;
}

SEC("tc")
int
tc_vlan_untag(struct __sk_buff *skb)
{
	__u32 vlan = outer_vlan(skb), tags = 0;
	__u64 *n = bpf_map_lookup_elem(&vlans, &vlan), one = 1;

	if (n)
		++*n;
	else
		bpf_map_update_elem(&vlans, &vlan, &one, BPF_NOEXIST);
#pragma unroll
	for (int i = 0; i < MAX_TAGS; i++) {
		__be16 proto = skb->protocol;

		if (proto != bpf_htons(ETH_P_8021Q) && proto != bpf_htons(ETH_P_8021AD))
			break;
		if (bpf_skb_vlan_pop(skb))
			return TC_ACT_SHOT;
		tags++;
	}
	skb->cb[0] = tags;
	skb->cb[1] = skb->protocol;
	skb->cb[2] = skb->vlan_present;
	skb->cb[3] = skb->vlan_tci;
	return TC_ACT_OK;
}
