/* SPDX-License-Identifier: BSD-2-Clause */
/* chooser.bpf.c - where a packet goes, by its destination: out, in, into the peer's namespace, to a
 * neighbour; with the return value where a redirect is refused. */
#include "tc.h"

enum way { WAY_STACK, WAY_OUT, WAY_IN, WAY_PEER, WAY_NEIGH, WAY_NEIGH_VIA, WAY_WRONG, WAY_CNT };

struct route {
	__u32 way;
	__u32 ifindex;
	__be32 via;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be32);
	__type(value, struct route);
} routes SEC(".maps");

__u64 ways[WAY_CNT];

static __always_inline int
go(struct __sk_buff *skb, const struct route *route)
{
	struct bpf_redir_neigh via = {}; /* of the address only 4 bytes are named below */

	via.nh_family = 2 /* AF_INET */;
	via.ipv4_nh = route->via;
	switch (route->way) {
	case WAY_OUT:
		return bpf_redirect(route->ifindex, 0);
	case WAY_IN:
		bpf_skb_change_type(skb, PACKET_HOST);
		skb->cb[0] = skb->pkt_type;
		return bpf_redirect(route->ifindex, BPF_F_INGRESS);
	case WAY_PEER:
		return bpf_redirect_peer(route->ifindex, 0);
	case WAY_NEIGH:
		return bpf_redirect_neigh(route->ifindex, NULL, 0, 0);
	case WAY_NEIGH_VIA:
		return bpf_redirect_neigh(route->ifindex, &via, sizeof(via), 0);
	default:
		return TC_ACT_OK;
	}
}

/* Each of these returns TC_ACT_SHOT; they are told apart by the bits. */
static __always_inline int
go_wrong(__u32 ifindex)
{
	struct bpf_redir_neigh via = {};
	int refused = 0;

	refused |= (bpf_redirect(ifindex, 2) == TC_ACT_SHOT) << 4;
	refused |= (bpf_redirect_peer(ifindex, 1) == TC_ACT_SHOT) << 5;
	refused |= (bpf_redirect_neigh(ifindex, NULL, 0, 1) == TC_ACT_SHOT) << 6;
	refused |= (bpf_redirect_neigh(ifindex, &via, 4, 0) == TC_ACT_SHOT) << 7;
	return refused;
}

SEC("tc")
int
tc_chooser(struct __sk_buff *skb)
{
	struct route *route;
	__be32 daddr;
	__u32 way;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, sizeof(struct ethhdr) + offset_of(struct iphdr, daddr), &daddr,
	                       sizeof(daddr)))
		return TC_ACT_UNSPEC;
	route = bpf_map_lookup_elem(&routes, &daddr);
	way = route ? route->way : WAY_STACK;
	if (way < WAY_CNT)
		ways[way]++;
	if (!route)
		return TC_ACT_OK;
	return way == WAY_WRONG ? go_wrong(route->ifindex) : go(skb, route);
}

/* The packet's type, by what it is changed to. */
SEC("tc")
int
tc_chooser_types(struct __sk_buff *skb)
{
	skb->cb[0] = skb->pkt_type;
	skb->cb[1] = bpf_skb_change_type(skb, PACKET_OTHERHOST);
	skb->cb[2] = skb->pkt_type;
	skb->cb[3] = bpf_skb_change_type(skb, PACKET_OTHERHOST + 1);
	skb->cb[4] = bpf_skb_change_type(skb, skb->mark & 3) << 8 | skb->pkt_type;
	return TC_ACT_OK;
}
