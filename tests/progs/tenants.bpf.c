/* SPDX-License-Identifier: BSD-2-Clause */
/* tenants.bpf.c - maps in maps: VLANs choose a tenant's table of hosts, sizes a counter array. */
#include "packet.h"

struct hosts {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 128);
	__type(key, __be32);
	__type(value, __u32);
};

struct hosts tenant_a SEC(".maps"), tenant_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(__u32));
	__array(values, struct hosts);
} tenants SEC(".maps") = {
	.values = { &tenant_a },
};

struct counts {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
};

struct counts small SEC(".maps"), large SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__uint(key_size, sizeof(__u32));
	__array(values, struct counts);
} by_size SEC(".maps") = {
	.values = { &small, &large },
};

static __always_inline void
count(__u32 bytes)
{
	__u32 which = bytes < 200 ? 0 : bytes < 2000 ? 1 : 2, slot = bytes & 1;
	void *inner = bpf_map_lookup_elem(&by_size, &which);
	__u64 *n;

	if (!inner)
		return; /* slot 2 is empty */
	n = bpf_map_lookup_elem(inner, &slot);
	if (n)
		++*n;
}

SEC("xdp")
int
xdp_tenants(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = c.pos;
	__u32 vid = 0, *n, one = 1;
	__be16 proto = take_l2(&c);
	struct vlan_tag *tag = (void *)(eth + 1);
	struct iphdr *ip;
	__be32 addr;
	void *table;

	count(ctx->data_end - ctx->data);
	if (proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if ((void *)(tag + 1) <= c.end && eth->h_proto == bpf_htons(ETH_P_8021Q))
		vid = bpf_ntohs(tag->tci) & 0xfff;
	ip = take_ip4(&c);
	table = bpf_map_lookup_elem(&tenants, &vid);
	if (!ip || !table)
		return XDP_DROP;
	addr = ip->saddr;
	n = bpf_map_lookup_elem(table, &addr);
	if (n)
		++*n;
	else
		bpf_map_update_elem(table, &addr, &one, BPF_NOEXIST);
	return XDP_PASS;
}
