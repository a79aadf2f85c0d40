/* SPDX-License-Identifier: BSD-2-Clause */
/* arp.bpf.c - answers ARP requests for addresses that it knows. */
#include "packet.h"

struct mac {
	__u8 addr[ETH_ALEN];
	__u8 pad[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __be32);
	__type(value, struct mac);
} neighbours SEC(".maps");

SEC("xdp")
int
xdp_arp(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	struct arp4 *arp;
	struct mac *mac;
	__be32 addr;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_ARP))
		return XDP_PASS;
	arp = take_arp4(&c);
	if (!arp || arp->oper != bpf_htons(ARPOP_REQUEST))
		return XDP_DROP;
	addr = arp->tpa;
	mac = bpf_map_lookup_elem(&neighbours, &addr);
	if (!mac)
		return XDP_PASS;
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac->addr, ETH_ALEN);
	__builtin_memcpy(arp->tha, arp->sha, ETH_ALEN);
	__builtin_memcpy(arp->sha, mac->addr, ETH_ALEN);
	arp->tpa = arp->spa;
	arp->spa = addr;
	arp->oper = bpf_htons(ARPOP_REPLY);
	return XDP_TX;
}
