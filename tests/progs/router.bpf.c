/* SPDX-License-Identifier: BSD-2-Clause */
/* router.bpf.c - longest-prefix routes for IPv4 and IPv6 to next hops behind a devmap. */
#include "packet.h"

struct route_key {
	__u32 prefix_len; /* of the address; IPv4 lies at ::ffff:0:0/96 */
	__u8 addr[16];
};

struct next_hop {
	__u32 port; /* key of tx_ports */
	__u8 dmac[ETH_ALEN];
	__u8 smac[ETH_ALEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct route_key);
	__type(value, struct next_hop);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} tx_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} sent SEC(".maps");

static __always_inline int
key_of(struct cursor *c, __be16 proto, struct route_key *key)
{
	key->prefix_len = 128;
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = take_ip4(c);

		if (!ip || ip->ttl <= 1)
			return -1;
		__builtin_memset(key->addr, 0, 10);
		__builtin_memset(key->addr + 10, 0xff, 2);
		__builtin_memcpy(key->addr + 12, &ip->daddr, 4);
		return 0;
	}
	if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip6 = take_ip6(c);

		if (!ip6 || ip6->hop_limit <= 1)
			return -1;
		__builtin_memcpy(key->addr, &ip6->daddr, 16);
		return 0;
	}
	return -1;
}

SEC("xdp")
int
xdp_router(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = c.pos;
	struct route_key key = {};
	struct next_hop *hop;
	__u64 *n;

	if (key_of(&c, take_l2(&c), &key))
		return XDP_PASS;
	hop = bpf_map_lookup_elem(&routes, &key);
	if (!hop)
		return XDP_DROP;
	if ((void *)(eth + 1) > c.end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_dest, hop->dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, hop->smac, ETH_ALEN);
	n = bpf_map_lookup_elem(&sent, &hop->port);
	if (n)
		++*n;
	return bpf_redirect_map(&tx_ports, hop->port, XDP_PASS);
}
