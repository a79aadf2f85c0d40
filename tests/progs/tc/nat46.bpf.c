/* SPDX-License-Identifier: BSD-2-Clause */
/* nat46.bpf.c - IPv4 to addresses of a map becomes IPv6: bpf_skb_change_proto makes 20 bytes of
 * room. */
#include "tc.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be32);
	__type(value, struct in6_addr);
} hosts SEC(".maps");

__u64 translated, refused;

/* UDP without a checksum must get one in IPv6: that is left to others. */
static __always_inline bool
has_checksum(struct __sk_buff *skb, const struct frame4 *f)
{
	__u16 check = 0;

	bpf_skb_load_bytes(skb, f->check_off, &check, sizeof(check));
	return f->tuple.proto == IPPROTO_TCP || check;
}

static __always_inline int
write_headers(struct __sk_buff *skb, const struct iphdr *ip, const struct in6_addr *daddr)
{
	const __be16 ethertype = bpf_htons(ETH_P_IPV6);
	struct ipv6hdr ip6 = {
		.version = 6,
		.priority = ip->tos >> 4,
		.payload_len = bpf_htons(bpf_ntohs(ip->tot_len) - sizeof(*ip)),
		.nexthdr = ip->protocol,
		.hop_limit = ip->ttl,
		.daddr = *daddr,
	};
	__u32 check_off = sizeof(struct ethhdr) + sizeof(ip6);
	__be32 addrs[2] = { ip->saddr, ip->daddr };
	__s64 diff;

	ip6.flow_lbl[0] = ip->tos << 4;
	ip6.saddr.in6_u.u6_addr32[0] = bpf_htonl(0x0064ff9b);
	ip6.saddr.in6_u.u6_addr32[3] = ip->saddr;
	check_off += ip->protocol == IPPROTO_TCP ? offset_of(struct tcphdr, check)
	                                         : offset_of(struct udphdr, check);
	diff = bpf_csum_diff(addrs, sizeof(addrs), (void *)&ip6.saddr, 32, 0);
	if (bpf_skb_store_bytes(skb, offset_of(struct ethhdr, h_proto), &ethertype, 2, 0) ||
	    bpf_skb_store_bytes(skb, sizeof(struct ethhdr), &ip6, sizeof(ip6), 0))
		return -1;
	return bpf_l4_csum_replace(skb, check_off, 0, diff, BPF_F_PSEUDO_HDR);
}

SEC("tc")
int
tc_nat46(struct __sk_buff *skb)
{
	struct in6_addr *to, daddr;
	struct iphdr ip;
	struct frame4 f;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	to = bpf_map_lookup_elem(&hosts, &f.tuple.daddr);
	if (!to)
		return TC_ACT_OK;
	daddr = *to;
	if (bpf_skb_load_bytes(skb, f.ip_off, &ip, sizeof(ip)) || ip.ihl != 5 ||
	    !has_checksum(skb, &f))
		return TC_ACT_SHOT;
	/* Refused for tagged frames: the kernel goes by skb->protocol. */
	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IPV6), 0)) {
		refused++;
		return TC_ACT_SHOT;
	}
	translated++;
	if (write_headers(skb, &ip, &daddr))
		return TC_ACT_SHOT;
	skb->cb[0] = skb->protocol;
	return TC_ACT_OK;
}
