/* SPDX-License-Identifier: BSD-2-Clause */
/* tcx.bpf.c - programs of tcx, whose verdicts are fewer and of which one hands on to the next: one
 * for each direction. */
#include "tc.h"

__u64 in_bytes, out_bytes;

SEC("tcx/ingress")
int
tcx_in(struct __sk_buff *skb)
{
	__sync_fetch_and_add(&in_bytes, skb->len);
	if (skb->protocol == bpf_htons(ETH_P_ARP))
		return TCX_PASS;
	if (skb->pkt_type == PACKET_MULTICAST || skb->pkt_type == PACKET_BROADCAST)
		return TCX_DROP;
	skb->mark |= 0x100;
	return TCX_NEXT;
}

SEC("tcx/egress")
int
tcx_out(struct __sk_buff *skb)
{
	struct cursor c = cursor_of(skb);
	struct ethhdr *eth = take_eth(&c);

	__sync_fetch_and_add(&out_bytes, skb->len);
	if (!eth)
		return TCX_DROP;
	eth->h_source[0] |= 2; /* locally administered */
	if (skb->mark & 0x100)
		return TCX_NEXT;
	return skb->priority ? TCX_PASS : bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}
