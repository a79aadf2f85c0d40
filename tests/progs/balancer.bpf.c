/* SPDX-License-Identifier: BSD-2-Clause */
/* balancer.bpf.c - a layer-4 load balancer: flow hash, table of backends, IPv4 in IPv4 to the
 * chosen one. */
#include "packet.h"

#define TABLE_SLOTS 251 /* a prime, as Maglev wants it */

struct service {
	__be32 vip;
	__be16 port;
	__u8 proto;
	__u8 pad;
};

struct backend {
	__be32 addr;
	__u8 mac[ETH_ALEN];
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct service);
	__type(value, __u32); /* first slot of its table */
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TABLE_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct backend);
} backends SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline __u32
rotate(__u32 x, int n)
{
	return x << n | x >> (32 - n);
}

/* Bob Jenkins' final mix of lookup3. */
static __always_inline __u32
hash3(__u32 a, __u32 b, __u32 c)
{
	c ^= b;
	c -= rotate(b, 14);
	a ^= c;
	a -= rotate(c, 11);
	b ^= a;
	b -= rotate(a, 25);
	c ^= b;
	c -= rotate(b, 16);
	a ^= c;
	a -= rotate(c, 4);
	b ^= a;
	b -= rotate(a, 14);
	c ^= b;
	return c - rotate(b, 24);
}

static __always_inline struct backend *
pick(const struct iphdr *ip, const __be16 *ports, __u32 *id)
{
	struct service service = { ip->daddr, ports[1], ip->protocol, 0 };
	__u32 *first = bpf_map_lookup_elem(&services, &service), slot, *chosen;

	if (!first)
		return NULL;
	slot = hash3(ip->saddr, ip->daddr, (__u32)ports[0] << 16 | ports[1]);
	slot = (*first + slot) % TABLE_SLOTS;
	chosen = bpf_map_lookup_elem(&table, &slot);
	if (!chosen)
		return NULL;
	*id = *chosen;
	return bpf_map_lookup_elem(&backends, chosen);
}

static __always_inline void
count(__u32 id)
{
	__u64 *n = bpf_map_lookup_elem(&hits, &id), one = 1;

	if (n)
		++*n;
	else
		bpf_map_update_elem(&hits, &id, &one, BPF_ANY);
}

static __always_inline int
encap(struct xdp_md *ctx, const struct backend *backend, struct ethhdr eth, __be32 saddr,
      __u16 inner)
{
	struct iphdr *outer;
	struct cursor c;
	struct ethhdr *to;

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*outer)))
		return XDP_DROP;
	c = cursor_of(ctx);
	to = take_eth(&c);
	outer = c.pos;
	if (!to || (void *)(outer + 1) > c.end)
		return XDP_DROP;
	swap_macs(&eth);
	*to = eth;
	__builtin_memcpy(to->h_dest, backend->mac, ETH_ALEN);
	*outer = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_IPIP,
		.tot_len = bpf_htons(inner + sizeof(*outer)),
		.saddr = saddr,
		.daddr = backend->addr,
	};
	outer->check = ip4_csum(outer);
	return XDP_TX;
}

SEC("xdp")
int
xdp_balancer(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	struct backend *backend;
	struct iphdr *ip;
	__be16 *ports;
	__u32 id = 0;

	if (!eth || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	ports = c.pos;
	if (!ip || ip->frag_off & bpf_htons(IP_FRAGMENT) || (void *)(ports + 2) > c.end)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	backend = pick(ip, ports, &id);
	if (!backend)
		return XDP_PASS;
	count(id);
	return encap(ctx, backend, *eth, ip->daddr, bpf_ntohs(ip->tot_len));
}
