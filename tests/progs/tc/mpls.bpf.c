/* SPDX-License-Identifier: BSD-2-Clause */
/* mpls.bpf.c - pushes a label in front of IP, swaps the label of MPLS packets, and tries to pop
 * one: bpf_skb_adjust_room knows IP only. */
#include "tc.h"

#define BOTTOM 0x100

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* label */
	__type(value, __u32);
} swaps SEC(".maps");

long last_error;

SEC("tc")
int
tc_mpls_push(struct __sk_buff *skb)
{
	const __be16 ethertype = bpf_htons(ETH_P_MPLS_UC);
	__be32 entry = bpf_htonl((16 + (skb->mark & 0xff)) << 12 | BOTTOM | 64);

	if (bpf_skb_adjust_room(skb, sizeof(entry), BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return TC_ACT_OK;
	if (bpf_skb_store_bytes(skb, offset_of(struct ethhdr, h_proto), &ethertype, 2, 0) ||
	    bpf_skb_store_bytes(skb, sizeof(struct ethhdr), &entry, sizeof(entry), 0))
		return TC_ACT_SHOT;
	skb->cb[0] = skb->protocol; /* what it was, whatever the frame says */
	return TC_ACT_PIPE;
}

SEC("tc")
int
tc_mpls_swap(struct __sk_buff *skb)
{
	__u32 entry, label, *to;

	if (skb->protocol != bpf_htons(ETH_P_MPLS_UC))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, sizeof(struct ethhdr), &entry, sizeof(entry)))
		return TC_ACT_SHOT;
	entry = bpf_ntohl(entry);
	label = entry >> 12;
	to = bpf_map_lookup_elem(&swaps, &label);
	if (!to || (entry & 0xff) <= 1)
		return TC_ACT_SHOT;
	entry = bpf_htonl(*to << 12 | ((entry & 0xfff) - 1));
	return bpf_skb_store_bytes(skb, sizeof(struct ethhdr), &entry, sizeof(entry), 0)
	               ? TC_ACT_SHOT
	               : TC_ACT_OK;
}

SEC("tc")
int
tc_mpls_pop(struct __sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_MPLS_UC))
		return TC_ACT_OK;
	last_error = bpf_skb_adjust_room(skb, -4, BPF_ADJ_ROOM_MAC, 0);
	return last_error == -ENOTSUPP ? TC_ACT_PIPE : TC_ACT_SHOT;
}
