/* SPDX-License-Identifier: BSD-2-Clause */
/* hop_limit.bpf.c - forwards as a router does: one hop less in either IP version, then on to the
 * next neighbour by bpf_redirect_neigh. */
#include "tc.h"

#define IP_OFF sizeof(struct ethhdr)

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32); /* hops left, as they came */
	__type(value, __u64);
} hops SEC(".maps");

__u64 expired;

static __always_inline bool
count(__u8 left)
{
	__u32 key = left;
	__u64 *n = bpf_map_lookup_elem(&hops, &key);

	if (n)
		++*n;
	if (left <= 1)
		expired++;
	return left > 1;
}

/* The hops and the protocol are one word of the sum. */
static __always_inline int
forward4(struct __sk_buff *skb)
{
	__u32 off = IP_OFF + offset_of(struct iphdr, ttl);
	__u8 word[2], left;

	if (bpf_skb_load_bytes(skb, off, word, sizeof(word)))
		return TC_ACT_SHOT;
	if (!count(word[0]))
		return TC_ACT_SHOT;
	left = word[0] - 1;
	if (bpf_l3_csum_replace(skb, IP_OFF + offset_of(struct iphdr, check),
	                        bpf_htons(word[0] << 8), bpf_htons(left << 8), 2) ||
	    bpf_skb_store_bytes(skb, off, &left, sizeof(left), 0))
		return TC_ACT_SHOT;
	return bpf_redirect_neigh(LOOPBACK, NULL, 0, 0);
}

static __always_inline int
forward6(struct __sk_buff *skb)
{
	struct bpf_redir_neigh next = { .nh_family = 10 /* AF_INET6 */ };
	__u32 off = IP_OFF + offset_of(struct ipv6hdr, hop_limit);
	__u8 left;

	if (bpf_skb_load_bytes(skb, off, &left, sizeof(left)) || !count(left))
		return TC_ACT_SHOT;
	left--;
	/* No checksum of IPv6's makes up for it in the sum of the packet. */
	if (bpf_skb_store_bytes(skb, off, &left, sizeof(left), BPF_F_RECOMPUTE_CSUM))
		return TC_ACT_SHOT;
	next.ipv6_nh[0] = bpf_htonl(0xfe800000);
	next.ipv6_nh[3] = bpf_htonl(1);
	return bpf_redirect_neigh(LOOPBACK, &next, sizeof(next), 0);
}

SEC("tc")
int
tc_hop_limit(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return forward4(skb);
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		return forward6(skb);
	return TC_ACT_OK;
}
