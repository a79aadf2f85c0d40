/* SPDX-License-Identifier: BSD-2-Clause */
/* vlan_rewrite.bpf.c - gives frames another VLAN: a tag beside the frame by pop and push, one
 * within by its bytes. */
#include "tc.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u16); /* in host order */
	__type(value, __u16);
} translate SEC(".maps");

__u64 by_metadata, by_bytes;

static __always_inline __u16
translated(__u16 tci)
{
	__u16 vlan = tci & 0xfff, *to = bpf_map_lookup_elem(&translate, &vlan);

	return to ? (tci & 0xf000) | *to : tci;
}

static __always_inline int
rewrite_metadata(struct __sk_buff *skb)
{
	__be16 proto = skb->vlan_proto;
	__u16 tci = translated(skb->vlan_tci);

	by_metadata++;
	if (bpf_skb_vlan_pop(skb) || bpf_skb_vlan_push(skb, proto, tci))
		return TC_ACT_SHOT;
	skb->cb[0] = skb->vlan_proto;
	skb->cb[1] = skb->vlan_tci;
	return TC_ACT_OK;
}

static __always_inline int
rewrite_bytes(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, sizeof(struct ethhdr) + sizeof(struct vlan_tag));
	struct ethhdr *eth = take_eth(&c);
	struct vlan_tag *tag = take_vlan(&c);

	if (!eth || !tag)
		return TC_ACT_SHOT;
	by_bytes++;
	tag->tci = bpf_htons(translated(bpf_ntohs(tag->tci)));
	return TC_ACT_OK;
}

SEC("tc")
int
tc_vlan_rewrite(struct __sk_buff *skb)
{
	if (skb->vlan_present)
		return rewrite_metadata(skb);
	if (skb->protocol == bpf_htons(ETH_P_8021Q) || skb->protocol == bpf_htons(ETH_P_8021AD))
		return rewrite_bytes(skb);
	return TC_ACT_OK;
}

/* As a NIC does it: the tag beside the frame, then as above. */
SEC("tc")
int
tc_vlan_rewrite_offloaded(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_8021Q) || skb->protocol == bpf_htons(ETH_P_8021AD))
		return TC_ACT_OK;
	if (bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021AD), 0xa005))
		return TC_ACT_SHOT;
	return rewrite_metadata(skb);
}
