/* SPDX-License-Identifier: BSD-2-Clause */
/* encap4.bpf.c - tunnels over IPv4: IPIP and SIT, GRE, MPLS in GRE, Ethernet in UDP, VXLAN;
 * bpf_skb_adjust_room with the flags of each. */
#include "tc.h"

#define ENCAP4     BPF_F_ADJ_ROOM_ENCAP_L3_IPV4
#define ENCAP4_GRE (ENCAP4 | BPF_F_ADJ_ROOM_ENCAP_L4_GRE)
#define ENCAP4_UDP (ENCAP4 | BPF_F_ADJ_ROOM_ENCAP_L4_UDP)

const volatile __be32 tunnel_src = bpf_htonl(0xc0000201); /* 192.0.2.1 */
const volatile __be32 tunnel_dst = bpf_htonl(0xc6336402); /* 198.51.100.2 */

struct outer_gre {
	struct iphdr ip;
	struct gre_hdr gre;
	__be32 label; /* where there is one */
};

struct outer_udp {
	struct iphdr ip;
	struct udphdr udp;
	struct vxlan vxlan; /* where there is one */
};

static __always_inline bool
is_ip(struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_IPV6);
}

static __always_inline void
fill_ip(struct __sk_buff *skb, struct iphdr *ip, __u8 proto)
{
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = proto,
		.tot_len = bpf_htons(skb->len - sizeof(struct ethhdr)),
		.saddr = tunnel_src,
		.daddr = tunnel_dst,
	};
	ip->check = ip4_csum(ip);
}

/* Writes the headers behind the Ethernet header. What the kernel makes of the packet is in cb. */
static __always_inline int
write_outer(struct __sk_buff *skb, const void *outer, __u32 bytes)
{
	const __be16 ethertype = bpf_htons(ETH_P_IP);

	skb->cb[0] = skb->protocol;
	skb->cb[1] = skb->gso_size;
	if (bpf_skb_store_bytes(skb, offset_of(struct ethhdr, h_proto), &ethertype, 2, 0))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, sizeof(struct ethhdr), outer, bytes,
	                        BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int
tc_encap4_ip(struct __sk_buff *skb)
{
	__u8 inner = skb->protocol == bpf_htons(ETH_P_IP) ? IPPROTO_IPIP : IPPROTO_IPV6;
	struct iphdr ip;

	if (!is_ip(skb))
		return TC_ACT_OK;
	if (bpf_skb_adjust_room(skb, sizeof(ip), BPF_ADJ_ROOM_MAC, ENCAP4))
		return TC_ACT_SHOT;
	fill_ip(skb, &ip, inner);
	return write_outer(skb, &ip, sizeof(ip));
}

SEC("tc")
int
tc_encap4_gre(struct __sk_buff *skb)
{
	const __u32 room = offset_of(struct outer_gre, label);
	struct outer_gre outer = { .gre.proto = skb->protocol };

	if (!is_ip(skb))
		return TC_ACT_OK;
	if (bpf_skb_adjust_room(skb, room, BPF_ADJ_ROOM_MAC, ENCAP4_GRE | BPF_F_ADJ_ROOM_FIXED_GSO))
		return TC_ACT_SHOT;
	fill_ip(skb, &outer.ip, IPPROTO_GRE);
	return write_outer(skb, &outer, room);
}

SEC("tc")
int
tc_encap4_gre_mpls(struct __sk_buff *skb)
{
	struct outer_gre outer = { .gre.proto = bpf_htons(ETH_P_MPLS_UC) };

	if (!is_ip(skb))
		return TC_ACT_OK;
	outer.label = bpf_htonl(1000 << 12 | 1 << 8 | 64); /* label, bottom of stack, hops */
	if (bpf_skb_adjust_room(skb, sizeof(outer), BPF_ADJ_ROOM_MAC,
	                        ENCAP4_GRE | BPF_F_ADJ_ROOM_ENCAP_L2(sizeof(outer.label))))
		return TC_ACT_SHOT;
	fill_ip(skb, &outer.ip, IPPROTO_GRE);
	return write_outer(skb, &outer, sizeof(outer));
}

/* A frame within UDP: `shim` bytes between UDP and the inner Ethernet header. */
static __always_inline int
encap_frame(struct __sk_buff *skb, struct outer_udp *outer, __u32 shim, __u64 flags)
{
	const __u32 bytes = offset_of(struct outer_udp, vxlan) + shim;
	const __u32 l2_bytes = shim + sizeof(struct ethhdr);
	struct ethhdr eth;

	if (!is_ip(skb))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)))
		return TC_ACT_SHOT;
	if (bpf_skb_adjust_room(skb, bytes + sizeof(eth), BPF_ADJ_ROOM_MAC,
	                        flags | BPF_F_ADJ_ROOM_ENCAP_L2(l2_bytes)))
		return TC_ACT_SHOT;
	fill_ip(skb, &outer->ip, IPPROTO_UDP);
	outer->udp.len = bpf_htons(skb->len - sizeof(eth) - sizeof(outer->ip));
	if (bpf_skb_store_bytes(skb, sizeof(eth) + bytes, &eth, sizeof(eth), BPF_F_RECOMPUTE_CSUM))
		return TC_ACT_SHOT;
	return write_outer(skb, outer, bytes);
}

SEC("tc")
int
tc_encap4_eth_udp(struct __sk_buff *skb)
{
	struct outer_udp outer = { .udp.source = bpf_htons(50000), .udp.dest = bpf_htons(7777) };

	return encap_frame(skb, &outer, 0, ENCAP4_UDP);
}

SEC("tc")
int
tc_encap4_vxlan(struct __sk_buff *skb)
{
	struct outer_udp outer = {
		.udp.source = bpf_htons(50001),
		.udp.dest = bpf_htons(VXLAN_PORT),
		.vxlan = { bpf_htonl(0x08000000), bpf_htonl(42 << 8) },
	};

	return encap_frame(skb, &outer, sizeof(outer.vxlan),
	                   ENCAP4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2_ETH);
}
