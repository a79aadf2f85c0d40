/* SPDX-License-Identifier: BSD-2-Clause */
/* encap6.bpf.c - tunnels over IPv6: IPv4 and IPv6 as they are, in GRE, and VXLAN; what
 * bpf_skb_adjust_room refuses is counted by error. */
#include "tc.h"

#define ENCAP6 BPF_F_ADJ_ROOM_ENCAP_L3_IPV6

const volatile struct in6_addr tunnel_src = { .in6_u.u6_addr8 = { 0xfd, [15] = 1 } };
const volatile struct in6_addr tunnel_dst = { .in6_u.u6_addr8 = { 0xfd, [15] = 2 } };

struct outer_gre6 {
	struct ipv6hdr ip6;
	struct gre_hdr gre;
} __attribute__((packed));

struct outer_vxlan6 {
	struct ipv6hdr ip6;
	struct udphdr udp;
	struct vxlan vxlan;
	struct ethhdr eth;
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, int);
	__type(value, __u64);
} errors SEC(".maps");

static __always_inline int
grow(struct __sk_buff *skb, int bytes, __u32 mode, __u64 flags)
{
	int err = bpf_skb_adjust_room(skb, bytes, mode, flags);
	__u64 *n = bpf_map_lookup_elem(&errors, &err), one = 1;

	if (n)
		++*n;
	else
		bpf_map_update_elem(&errors, &err, &one, BPF_ANY);
	skb->cb[0] = skb->protocol;
	skb->cb[1] = err;
	return err;
}

static __always_inline struct ipv6hdr
outer_ip6(struct __sk_buff *skb, __u8 next)
{
	return (struct ipv6hdr){
		.version = 6,
		.nexthdr = next,
		.hop_limit = 64,
		.payload_len = bpf_htons(skb->len - sizeof(struct ethhdr) - sizeof(struct ipv6hdr)),
		.saddr = tunnel_src,
		.daddr = tunnel_dst,
	};
}

static __always_inline int
write_outer(struct __sk_buff *skb, const void *outer, __u32 bytes)
{
	const __be16 ethertype = bpf_htons(ETH_P_IPV6);

	if (bpf_skb_store_bytes(skb, offset_of(struct ethhdr, h_proto), &ethertype, 2, 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, sizeof(struct ethhdr), outer, bytes, BPF_F_RECOMPUTE_CSUM))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_encap6_ip(struct __sk_buff *skb)
{
	__u8 inner = skb->protocol == bpf_htons(ETH_P_IP) ? IPPROTO_IPIP : IPPROTO_IPV6;
	struct ipv6hdr ip6;

	if (grow(skb, sizeof(ip6), BPF_ADJ_ROOM_MAC, ENCAP6))
		return TC_ACT_SHOT;
	ip6 = outer_ip6(skb, inner);
	return write_outer(skb, &ip6, sizeof(ip6));
}

SEC("tc")
int
tc_encap6_gre(struct __sk_buff *skb)
{
	struct outer_gre6 outer = { .gre.proto = skb->protocol };

	if (grow(skb, sizeof(outer), BPF_ADJ_ROOM_MAC,
	         ENCAP6 | BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		return TC_ACT_SHOT;
	outer.ip6 = outer_ip6(skb, IPPROTO_GRE);
	return write_outer(skb, &outer, sizeof(outer));
}

SEC("tc")
int
tc_encap6_vxlan(struct __sk_buff *skb)
{
	const __u32 l2_bytes = sizeof(struct vxlan) + sizeof(struct ethhdr);
	struct outer_vxlan6 outer = {
		.udp.source = bpf_htons(50002),
		.udp.dest = bpf_htons(VXLAN_PORT),
		.vxlan = { bpf_htonl(0x08000000), bpf_htonl(66 << 8) },
	};

	if (bpf_skb_load_bytes(skb, 0, &outer.eth, sizeof(outer.eth)))
		return TC_ACT_SHOT;
	if (grow(skb, sizeof(outer), BPF_ADJ_ROOM_MAC,
	         ENCAP6 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2(l2_bytes) |
	                 BPF_F_ADJ_ROOM_ENCAP_L2_ETH))
		return TC_ACT_SHOT;
	outer.ip6 = outer_ip6(skb, IPPROTO_UDP);
	outer.udp.len = outer.ip6.payload_len;
	return write_outer(skb, &outer, sizeof(outer));
}

/* What no tunnel would ask for, each in turn; most of it is refused. */
SEC("tc")
int
tc_encap6_refused(struct __sk_buff *skb)
{
	const __u64 both = ENCAP6 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4;

	grow(skb, 40, BPF_ADJ_ROOM_MAC, both);
	grow(skb, 40, BPF_ADJ_ROOM_NET, ENCAP6);
	grow(skb, 8, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_ENCAP_L4_UDP);
	grow(skb, 48, BPF_ADJ_ROOM_MAC,
	     ENCAP6 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L4_GRE);
	grow(skb, 53, BPF_ADJ_ROOM_MAC,
	     ENCAP6 | BPF_F_ADJ_ROOM_ENCAP_L2(13) | BPF_F_ADJ_ROOM_ENCAP_L2_ETH);
	grow(skb, 40, BPF_ADJ_ROOM_MAC, 1ull << 40);
	grow(skb, 40, 7, 0);
	grow(skb, 0x1000, BPF_ADJ_ROOM_MAC, 0);
	grow(skb, -(int)skb->len, BPF_ADJ_ROOM_MAC, 0);
	return TC_ACT_PIPE;
}
