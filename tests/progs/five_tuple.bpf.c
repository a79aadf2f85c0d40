/* SPDX-License-Identifier: BSD-2-Clause */
/* five_tuple.bpf.c - counts packets and bytes a flow: IPv4, IPv6 with extension headers, VLANs. */
#include "packet.h"

#define MAX_EXT_HEADERS 6

struct flow {
	__u8 saddr[16]; /* IPv4 in the first four bytes */
	__u8 daddr[16];
	__be16 sport;
	__be16 dport;
	__u8 family; /* 4 or 6 */
	__u8 proto;
	__u16 pad;
};

struct flow_stats {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow);
	__type(value, struct flow_stats);
} flows SEC(".maps");

struct ext_header {
	__u8 next;
	__u8 len; /* in 8 bytes, without the first 8 */
};

/* Walks extension headers. The protocol behind them, or -1 where there is no port to be found. */
static __always_inline int
skip_ext_headers(struct cursor *c, __u8 next)
{
	for (int i = 0; i < MAX_EXT_HEADERS; i++) {
		struct ext_header *ext = c->pos;
		__u32 bytes = 8;

		switch (next) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_FRAGMENT:
		case IPPROTO_AH:
			break;
		default:
			return next;
		}
		if ((void *)(ext + 1) > c->end)
			return -1;
		if (next == IPPROTO_FRAGMENT && i + 1 == MAX_EXT_HEADERS)
			return -1;
		if (next == IPPROTO_AH)
			bytes = (ext->len + 2) * 4;
		else if (next != IPPROTO_FRAGMENT)
			bytes = (ext->len + 1) * 8;
		next = ext->next;
		c->pos += bytes;
	}
	return -1;
}

static __always_inline int
parse_ip(struct cursor *c, __be16 l3, struct flow *flow)
{
	if (l3 == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take_ip4(c);

		if (!ip)
			return -1;
		flow->family = 4;
		flow->proto = ip->protocol;
		__builtin_memcpy(flow->saddr, &ip->saddr, 4);
		__builtin_memcpy(flow->daddr, &ip->daddr, 4);
		return ip->frag_off & bpf_htons(IP_FRAGMENT) ? -1 : ip->protocol;
	}
	if (l3 == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take_ip6(c);
		int proto;

		if (!ip6)
			return -1;
		flow->family = 6;
		__builtin_memcpy(flow->saddr, &ip6->saddr, 16);
		__builtin_memcpy(flow->daddr, &ip6->daddr, 16);
		proto = skip_ext_headers(c, ip6->nexthdr);
		flow->proto = (__u8)proto;
		return proto;
	}
	return -1;
}

SEC("xdp")
int
xdp_five_tuple(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__u64 bytes = c.end - c.pos;
	struct flow flow = {};
	struct flow_stats *stats, fresh = { 1, bytes };
	int proto = parse_ip(&c, take_l2(&c), &flow);

	if (!flow.family)
		return XDP_PASS;
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP) {
		__be16 *ports = c.pos;

		if ((void *)(ports + 2) <= c.end) {
			flow.sport = ports[0];
			flow.dport = ports[1];
		}
	}
	stats = bpf_map_lookup_elem(&flows, &flow);
	if (!stats) {
		bpf_map_update_elem(&flows, &flow, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	stats->packets++;
	stats->bytes += bytes;
	return XDP_PASS;
}
