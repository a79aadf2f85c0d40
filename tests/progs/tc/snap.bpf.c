/* SPDX-License-Identifier: BSD-2-Clause */
/* snap.bpf.c - cuts packets to 96 bytes, pads them to 128, and asks for lengths that
 * bpf_skb_change_tail and bpf_skb_change_head refuse. */
#include "tc.h"

#define SNAP_BYTES 96
#define PAD_BYTES  128
#define HUGE_BYTES 17000 /* for one page and some; only segmented packets may be longer */

SEC("tc")
int
tc_snap(struct __sk_buff *skb)
{
	__u32 bytes = skb->len;

	if (bytes <= SNAP_BYTES)
		return TC_ACT_OK;
	if (bpf_skb_change_tail(skb, SNAP_BYTES, 0))
		return TC_ACT_SHOT;
	skb->cb[0] = bytes;
	skb->cb[1] = skb->len;
	skb->cb[2] = skb->data_end - skb->data;
	return TC_ACT_PIPE;
}

SEC("tc")
int
tc_pad(struct __sk_buff *skb)
{
	if (skb->len < PAD_BYTES && bpf_skb_change_tail(skb, PAD_BYTES, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_head(struct __sk_buff *skb)
{
	if (bpf_skb_change_head(skb, 2 + (skb->mark & 15), 0))
		return TC_ACT_SHOT;
	skb->cb[0] = skb->len;
	skb->cb[1] = skb->protocol;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_snap_refused(struct __sk_buff *skb)
{
	skb->cb[0] = bpf_skb_change_tail(skb, 13, 0);
	skb->cb[1] = bpf_skb_change_tail(skb, skb->len, 1);
	skb->cb[2] = bpf_skb_change_tail(skb, HUGE_BYTES, 0);
	skb->cb[3] = bpf_skb_change_head(skb, HUGE_BYTES, 0);
	skb->cb[4] = bpf_skb_change_head(skb, 8, 1);
	return TC_ACT_OK;
}
