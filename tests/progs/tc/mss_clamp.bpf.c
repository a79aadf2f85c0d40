/* SPDX-License-Identifier: BSD-2-Clause */
/* mss_clamp.bpf.c - reads the options of TCP's SYN in either IP version and lowers the maximum
 * segment size, checksum included. */
#include "tc.h"

#define OPTION_END   0
#define OPTION_NOP   1
#define OPTION_MSS   2
#define OPTION_BYTES 40 /* at most */

const volatile __u16 max_mss4 = 1360;
const volatile __u16 max_mss6 = 1340;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32); /* option */
	__type(value, __u64);
} options SEC(".maps");

__u64 clamped;

static __always_inline void
count(__u32 option)
{
	__u64 *n = bpf_map_lookup_elem(&options, &option);

	if (n)
		++*n;
}

/* Where the MSS' value is, from the header on, or 0. */
static __always_inline __u32
find_mss(struct __sk_buff *skb, __u32 tcp_off, __u32 header_bytes)
{
	__u32 off = sizeof(struct tcphdr);

	for (int i = 0; i < OPTION_BYTES; i++) {
		__u8 option[2];

		if (off >= header_bytes || bpf_skb_load_bytes(skb, tcp_off + off, option, 1))
			return 0;
		count(option[0]);
		if (option[0] == OPTION_END)
			return 0;
		if (option[0] == OPTION_NOP) {
			off++;
			continue;
		}
		if (bpf_skb_load_bytes(skb, tcp_off + off, option, 2) || option[1] < 2)
			return 0;
		if (option[0] == OPTION_MSS)
			return option[1] == 4 ? off + 2 : 0;
		off += option[1];
	}
	return 0;
}

static __always_inline int
clamp(struct __sk_buff *skb, __u32 tcp_off, __u16 max)
{
	__u8 head[14];
	__be16 mss, new = bpf_htons(max);
	__u32 off;

	if (bpf_skb_load_bytes(skb, tcp_off, head, sizeof(head)))
		return TC_ACT_SHOT;
	if (!(head[13] & 0x02)) /* SYN */
		return TC_ACT_OK;
	off = find_mss(skb, tcp_off, (head[12] >> 4) * 4);
	if (!off || bpf_skb_load_bytes(skb, tcp_off + off, &mss, sizeof(mss)))
		return TC_ACT_OK;
	if (bpf_ntohs(mss) <= max)
		return TC_ACT_OK;
	clamped++;
	/* An odd offset puts the two bytes into the wrong halves of the sum's words. */
	if (off & 1 ? bpf_l4_csum_replace(skb, tcp_off + offset_of(struct tcphdr, check),
	                                  __builtin_bswap16(mss), __builtin_bswap16(new), 2)
	            : bpf_l4_csum_replace(skb, tcp_off + offset_of(struct tcphdr, check), mss, new,
	                                  2))
		return TC_ACT_SHOT;
	return bpf_skb_store_bytes(skb, tcp_off + off, &new, sizeof(new), 0) ? TC_ACT_SHOT
	                                                                     : TC_ACT_OK;
}

SEC("tc")
int
tc_mss_clamp(struct __sk_buff *skb)
{
	__u32 off = sizeof(struct ethhdr);

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		struct iphdr ip;

		if (bpf_skb_load_bytes(skb, off, &ip, sizeof(ip)) || ip.ihl < 5)
			return TC_ACT_SHOT;
		if (ip.protocol != IPPROTO_TCP || ip.frag_off & bpf_htons(IP_FRAGMENT))
			return TC_ACT_OK;
		return clamp(skb, off + ip.ihl * 4, max_mss4);
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr ip6;

		if (bpf_skb_load_bytes(skb, off, &ip6, sizeof(ip6)))
			return TC_ACT_SHOT;
		return ip6.nexthdr == IPPROTO_TCP ? clamp(skb, off + sizeof(ip6), max_mss6)
		                                  : TC_ACT_OK;
	}
	return TC_ACT_OK;
}
