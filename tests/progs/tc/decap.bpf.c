/* SPDX-License-Identifier: BSD-2-Clause */
/* decap.bpf.c - takes tunnels apart: IPIP, SIT, GRE and VXLAN over IPv4, IPv4 and IPv6 over IPv6.
 */
#include "tc.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32); /* protocol */
	__type(value, __u64);
} taken SEC(".maps");

__u64 refused;

static __always_inline void
count(__u32 proto)
{
	__u64 *n = bpf_map_lookup_elem(&taken, &proto);

	if (n)
		++*n;
}

/* Removes what stands between the Ethernet header and the inner packet of this type. */
static __always_inline int
strip(struct __sk_buff *skb, __u32 bytes, __be16 inner)
{
	__u64 flags = inner == bpf_htons(ETH_P_IP) ? BPF_F_ADJ_ROOM_DECAP_L3_IPV4
	                                           : BPF_F_ADJ_ROOM_DECAP_L3_IPV6;

	if (bpf_skb_adjust_room(skb, -(int)bytes, BPF_ADJ_ROOM_MAC, flags)) {
		refused++;
		return TC_ACT_SHOT;
	}
	skb->cb[0] = skb->protocol;
	if (bpf_skb_store_bytes(skb, offset_of(struct ethhdr, h_proto), &inner, sizeof(inner),
	                        BPF_F_INVALIDATE_HASH))
		return TC_ACT_SHOT;
	return bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}

static __always_inline int
strip_gre(struct __sk_buff *skb, struct cursor *c, __u32 bytes)
{
	struct gre_hdr *gre = c->pos;

	if ((void *)(gre + 1) > c->end)
		return TC_ACT_SHOT;
	if (gre->proto != bpf_htons(ETH_P_IP) && gre->proto != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	bytes += sizeof(*gre);
	if (gre->flags & bpf_htons(0x8000)) /* checksum */
		bytes += 4;
	if (gre->flags & bpf_htons(0x2000)) /* key */
		bytes += 4;
	if (gre->flags & bpf_htons(0x1000)) /* sequence number */
		bytes += 4;
	return strip(skb, bytes, gre->proto);
}

static __always_inline int
strip_vxlan(struct __sk_buff *skb, struct cursor *c, __u32 bytes)
{
	struct udphdr *udp = take_udp(c);
	struct vxlan *vxlan = c->pos;
	struct ethhdr *eth = (void *)(vxlan + 1);

	if (!udp || (void *)(eth + 1) > c->end || udp->dest != bpf_htons(VXLAN_PORT))
		return TC_ACT_OK;
	if (eth->h_proto != bpf_htons(ETH_P_IP) && eth->h_proto != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	skb->cb[1] = bpf_ntohl(vxlan->vni) >> 8;
	bytes += sizeof(*udp) + sizeof(*vxlan) + sizeof(*eth);
	return strip(skb, bytes, eth->h_proto);
}

SEC("tc")
int
tc_decap4(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 256);
	struct ethhdr *eth = take_eth(&c);
	struct iphdr *ip;
	__u32 bytes;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	ip = take_ip4(&c);
	if (!ip || ip->frag_off & bpf_htons(IP_FRAGMENT))
		return TC_ACT_OK;
	bytes = ip->ihl * 4;
	count(ip->protocol);
	switch (ip->protocol) {
	case IPPROTO_IPIP:
		return strip(skb, bytes, bpf_htons(ETH_P_IP));
	case IPPROTO_IPV6:
		return strip(skb, bytes, bpf_htons(ETH_P_IPV6));
	case IPPROTO_GRE:
		return strip_gre(skb, &c, bytes);
	case IPPROTO_UDP:
		return strip_vxlan(skb, &c, bytes);
	default:
		return TC_ACT_OK;
	}
}

SEC("tc")
int
tc_decap6(struct __sk_buff *skb)
{
	struct cursor c = pull(skb, 256);
	struct ethhdr *eth = take_eth(&c);
	struct ipv6hdr *ip6;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IPV6))
		return TC_ACT_OK;
	ip6 = take_ip6(&c);
	if (!ip6)
		return TC_ACT_OK;
	count(ip6->nexthdr);
	if (ip6->nexthdr == IPPROTO_IPIP)
		return strip(skb, sizeof(*ip6), bpf_htons(ETH_P_IP));
	if (ip6->nexthdr == IPPROTO_IPV6)
		return strip(skb, sizeof(*ip6), bpf_htons(ETH_P_IPV6));
	return TC_ACT_OK;
}
