/* SPDX-License-Identifier: BSD-2-Clause */
/* frag_needed.bpf.c - answers what is too big for a link: "fragmentation needed" and "packet too
 * big"; bpf_skb_change_tail cuts the quote, bpf_skb_change_head makes room for the headers. */
#include "tc.h"

#define MTU          1400
#define QUOTE4_BYTES (sizeof(struct iphdr) + 8)
#define QUOTE6_BYTES (sizeof(struct ipv6hdr) + 8)

struct answer4 {
	struct ethhdr eth;
	struct iphdr ip;
	struct icmphdr icmp;
	__u8 quote[QUOTE4_BYTES];
} __attribute__((packed));

struct answer6 {
	struct ethhdr eth;
	struct ipv6hdr ip6;
	struct icmphdr icmp;
	__u8 quote[QUOTE6_BYTES];
} __attribute__((packed));

/* To the Ethernet header and the quote, with room for `headers` before them. */
static __always_inline int
cut(struct __sk_buff *skb, __u32 quote, __u32 headers)
{
	if (bpf_skb_change_tail(skb, sizeof(struct ethhdr) + quote, 0))
		return -1;
	return bpf_skb_change_head(skb, headers, 0);
}

static __always_inline int
answer_ip4(struct __sk_buff *skb, struct ethhdr eth, const struct iphdr *ip)
{
	struct iphdr outer = {
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_ICMP,
		.tot_len = bpf_htons(sizeof(struct answer4) - sizeof(eth)),
		.saddr = ip->daddr,
		.daddr = ip->saddr,
	};
	struct answer4 *a;

	outer.check = ip4_csum(&outer);
	if (cut(skb, QUOTE4_BYTES, sizeof(outer) + sizeof(a->icmp)))
		return TC_ACT_SHOT;
	a = (void *)(long)skb->data;
	if ((void *)(a + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	swap_macs(&eth);
	a->eth = eth;
	a->ip = outer;
	a->icmp = (struct icmphdr){ .type = ICMP_DEST_UNREACH, .code = ICMP_FRAG_NEEDED };
	a->icmp.un.frag.mtu = bpf_htons(MTU);
	a->icmp.checksum = csum_fold(
	        bpf_csum_diff(NULL, 0, (void *)&a->icmp, sizeof(a->icmp) + QUOTE4_BYTES, 0));
	return bpf_redirect(skb->ifindex, 0);
}

static __always_inline int
answer_ip6(struct __sk_buff *skb, struct ethhdr eth, const struct ipv6hdr *ip6)
{
	const __u32 bytes = sizeof(struct icmphdr) + QUOTE6_BYTES;
	struct ipv6hdr outer = {
		.version = 6,
		.payload_len = bpf_htons(bytes),
		.nexthdr = IPPROTO_ICMPV6,
		.hop_limit = 64,
		.saddr = ip6->daddr,
		.daddr = ip6->saddr,
	};
	__be32 rest[2] = { bpf_htonl(bytes), bpf_htonl(IPPROTO_ICMPV6) };
	struct answer6 *a;
	__s64 sum;

	sum = bpf_csum_diff(NULL, 0, (void *)&outer.saddr, 32, 0);
	sum = bpf_csum_diff(NULL, 0, rest, sizeof(rest), sum);
	if (cut(skb, QUOTE6_BYTES, sizeof(outer) + sizeof(a->icmp)))
		return TC_ACT_SHOT;
	a = (void *)(long)skb->data;
	if ((void *)(a + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	swap_macs(&eth);
	a->eth = eth;
	a->ip6 = outer;
	a->icmp = (struct icmphdr){ .type = ICMPV6_PACKET_TOO_BIG };
	a->icmp.un.frag.mtu = bpf_htons(MTU);
	a->icmp.checksum = csum_fold(bpf_csum_diff(NULL, 0, (void *)&a->icmp, bytes, sum));
	return bpf_redirect(skb->ifindex, 0);
}

SEC("tc")
int
tc_frag_needed(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 64);
	struct ethhdr *eth = take_eth(&c);

	if (!eth || skb->wire_len <= MTU + sizeof(*eth))
		return TC_ACT_OK;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = c.pos, copy;

		if ((void *)(ip + 1) > c.end)
			return TC_ACT_SHOT;
		copy = *ip;
		return copy.frag_off & bpf_htons(0x4000) ? answer_ip4(skb, *eth, &copy) : TC_ACT_OK;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = c.pos, copy;

		if ((void *)(ip6 + 1) > c.end)
			return TC_ACT_SHOT;
		copy = *ip6;
		return answer_ip6(skb, *eth, &copy);
	}
	return TC_ACT_OK;
}
