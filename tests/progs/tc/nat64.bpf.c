/* SPDX-License-Identifier: BSD-2-Clause */
/* nat64.bpf.c - IPv6 to 64:ff9b::/96 becomes IPv4: bpf_skb_change_proto takes 20 bytes away, the
 * checksum of layer 4 follows the new pseudo header. */
#include "tc.h"

const volatile __be32 pool = bpf_htonl(0xc6120000); /* 198.18.0.0: the last byte is the source's */

struct pseudo6 {
	struct in6_addr saddr, daddr;
	__be32 bytes;
	__be32 next;
};

struct pseudo4 {
	__be32 saddr, daddr;
};

static __always_inline bool
is_nat64(const struct in6_addr *addr)
{
	return addr->in6_u.u6_addr32[0] == bpf_htonl(0x0064ff9b) && !addr->in6_u.u6_addr32[1] &&
	       !addr->in6_u.u6_addr32[2];
}

/* ICMPv6 sums its pseudo header, ICMP does not have one. Only pings are translated. */
static __always_inline int
fix_icmp(struct __sk_buff *skb, __u32 off, struct pseudo6 *old)
{
	__u8 type, new_type;
	__s64 diff;

	if (bpf_skb_load_bytes(skb, off, &type, 1))
		return -1;
	if (type != ICMPV6_ECHO_REQUEST && type != ICMPV6_ECHO_REPLY)
		return -1;
	new_type = type == ICMPV6_ECHO_REQUEST ? ICMP_ECHO : ICMP_ECHOREPLY;
	diff = bpf_csum_diff((void *)old, sizeof(*old), NULL, 0, 0);
	off += offset_of(struct icmphdr, checksum);
	if (bpf_l4_csum_replace(skb, off, 0, diff, 0) ||
	    bpf_l4_csum_replace(skb, off, type, new_type, 2))
		return -1;
	return bpf_skb_store_bytes(skb, off - offset_of(struct icmphdr, checksum), &new_type, 1, 0);
}

static __always_inline int
fix_l4(struct __sk_buff *skb, __u32 off, struct pseudo6 *old, struct pseudo4 *new, __u8 proto)
{
	__s64 diff;

	if (proto == IPPROTO_ICMP)
		return fix_icmp(skb, off, old);
	diff = bpf_csum_diff((void *)old, 32, (void *)new, sizeof(*new), 0);
	off += proto == IPPROTO_TCP ? offset_of(struct tcphdr, check)
	                            : offset_of(struct udphdr, check);
	return bpf_l4_csum_replace(skb, off, 0, diff, BPF_F_PSEUDO_HDR);
}

SEC("tc")
int
tc_nat64(struct __sk_buff *skb)
{
	const __be16 ethertype = bpf_htons(ETH_P_IP);
	struct pseudo6 old = {};
	struct pseudo4 new;
	struct ipv6hdr ip6;
	struct iphdr ip;

	if (skb->protocol != bpf_htons(ETH_P_IPV6) ||
	    bpf_skb_load_bytes(skb, sizeof(struct ethhdr), &ip6, sizeof(ip6)))
		return TC_ACT_OK;
	if (!is_nat64(&ip6.daddr))
		return TC_ACT_OK;
	old.saddr = ip6.saddr;
	old.daddr = ip6.daddr;
	old.bytes = bpf_htonl(bpf_ntohs(ip6.payload_len));
	old.next = bpf_htonl(ip6.nexthdr);
	new.saddr = pool | (ip6.saddr.in6_u.u6_addr32[3] & bpf_htonl(0xff));
	new.daddr = ip6.daddr.in6_u.u6_addr32[3];
	ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = ip6.priority << 4 | ip6.flow_lbl[0] >> 4,
		.tot_len = bpf_htons(bpf_ntohs(ip6.payload_len) + sizeof(ip)),
		.frag_off = bpf_htons(0x4000),
		.ttl = ip6.hop_limit,
		.protocol = ip6.nexthdr == IPPROTO_ICMPV6 ? IPPROTO_ICMP : ip6.nexthdr,
		.saddr = new.saddr,
		.daddr = new.daddr,
	};
	if (ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_UDP && ip.protocol != IPPROTO_ICMP)
		return TC_ACT_SHOT;
	ip.check = ip4_csum(&ip);

	if (bpf_skb_change_proto(skb, bpf_htons(ETH_P_IP), 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, offset_of(struct ethhdr, h_proto), &ethertype, 2, 0) ||
	    bpf_skb_store_bytes(skb, sizeof(struct ethhdr), &ip, sizeof(ip), 0))
		return TC_ACT_SHOT;
	if (fix_l4(skb, sizeof(struct ethhdr) + sizeof(ip), &old, &new, ip.protocol))
		return TC_ACT_SHOT;
	skb->cb[0] = skb->protocol;
	return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}
