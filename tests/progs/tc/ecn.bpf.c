/* SPDX-License-Identifier: BSD-2-Clause */
/* ecn.bpf.c - marks DSCP by port, checksum and all, and congestion where a queue would be long:
 * bpf_skb_ecn_set_ce. */
#include "tc.h"

#define IP_OFF      sizeof(struct ethhdr)
#define DSCP_EF     46
#define DSCP_CS1    8
#define QUEUE_BYTES 2000

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32); /* ECN's two bits as the packet had them */
	__type(value, __u64);
} seen SEC(".maps");

__u64 marked, refused;
__u64 queued_bytes; /* a queue that loses a fixed amount with each packet */

static __always_inline int
set_dscp4(struct __sk_buff *skb, __u8 dscp)
{
	__u8 old, new;

	if (bpf_skb_load_bytes(skb, IP_OFF + offset_of(struct iphdr, tos), &old, 1))
		return -1;
	new = dscp << 2 | (old & 3);
	bpf_l3_csum_replace(skb, IP_OFF + offset_of(struct iphdr, check), bpf_htons(old),
	                    bpf_htons(new), 2);
	return bpf_skb_store_bytes(skb, IP_OFF + offset_of(struct iphdr, tos), &new, 1, 0);
}

SEC("tc")
int
tc_dscp(struct __sk_buff *skb)
{
	struct frame4 f;

	if (read_frame4(skb, &f) || f.ip_off != IP_OFF)
		return TC_ACT_OK;
	if (f.tuple.dport == bpf_htons(53))
		return set_dscp4(skb, DSCP_EF) ? TC_ACT_SHOT : TC_ACT_OK;
	if (skb->len > 1000)
		return set_dscp4(skb, DSCP_CS1) ? TC_ACT_SHOT : TC_ACT_OK;
	return TC_ACT_OK;
}

/* The traffic class straddles the first two bytes of IPv6. */
static __always_inline __u32
ecn_bits(struct __sk_buff *skb)
{
	__u8 head[2] = {};

	bpf_skb_load_bytes(skb, IP_OFF, head, sizeof(head));
	return skb->protocol == bpf_htons(ETH_P_IPV6) ? head[1] >> 4 & 3 : head[1] & 3;
}

SEC("tc")
int
tc_ecn(struct __sk_buff *skb)
{
	__u32 ecn = ecn_bits(skb);
	__u64 *n;

	if (skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_IPV6)) {
		n = bpf_map_lookup_elem(&seen, &ecn);
		if (n)
			++*n;
	}
	queued_bytes += skb->len;
	queued_bytes -= queued_bytes < 200 ? queued_bytes : 200;
	if (queued_bytes < QUEUE_BYTES)
		return TC_ACT_OK;
	if (bpf_skb_ecn_set_ce(skb)) {
		marked++;
		return TC_ACT_OK;
	}
	refused++;
	queued_bytes = 0;
	return TC_ACT_SHOT;
}
