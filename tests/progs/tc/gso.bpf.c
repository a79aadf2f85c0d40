/* SPDX-License-Identifier: BSD-2-Clause */
/* gso.bpf.c - what a large packet will be on the wire: segments and lengths as the kernel counts
 * them against headers times segments. */
#include "tc.h"

struct totals {
	__u64 packets, segments;
	__u64 bytes, wire_bytes, estimated_bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32); /* 1: in segments */
	__type(value, struct totals);
} totals SEC(".maps");

static __always_inline __u32
header_bytes(struct __sk_buff *skb)
{
	struct frame4 f;

	if (read_frame4(skb, &f))
		return sizeof(struct ethhdr);
	return f.l4_off +
	       (f.tuple.proto == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr));
}

SEC("tc")
int
tc_gso(struct __sk_buff *skb)
{
	__u32 segs = skb->gso_segs, large = skb->gso_size != 0;
	struct totals *t = bpf_map_lookup_elem(&totals, &large);

	if (!t)
		return TC_ACT_SHOT;
	t->packets++;
	t->segments += segs ? segs : 1;
	t->bytes += skb->len;
	t->wire_bytes += skb->wire_len;
	t->estimated_bytes += skb->len + (segs > 1 ? (segs - 1) * header_bytes(skb) : 0);
	skb->cb[0] = skb->gso_size;
	skb->cb[1] = skb->gso_segs;
	skb->cb[2] = skb->wire_len;
	return skb->gso_size > 1460 ? TC_ACT_SHOT : TC_ACT_OK;
}

/* How a change of size changes the segments'. */
SEC("tc")
int
tc_gso_resize(struct __sk_buff *skb)
{
	skb->cb[0] = bpf_skb_adjust_room(skb, 8, BPF_ADJ_ROOM_MAC, 0);
	skb->cb[1] = bpf_skb_adjust_room(skb, 8, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO);
	skb->cb[2] = bpf_skb_change_head(skb, 14, 0);
	skb->cb[3] = bpf_skb_change_tail(skb, skb->len - 1, 0);
	skb->cb[4] = skb->gso_size << 16 | (skb->gso_segs & 0xffff);
	return skb->wire_len;
}
