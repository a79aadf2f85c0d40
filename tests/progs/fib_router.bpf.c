/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_router.bpf.c - a router that asks the machine's own routing, and counts what it was told. */
#include "packet.h"

#define AF_INET  2
#define AF_INET6 10
#define ANSWERS  16

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ANSWERS);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32); /* of an interface */
	__type(value, __u64);
} sent SEC(".maps");

static __always_inline void
count(void *map, __u32 key)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(map, &key);

	if (n)
		++*n;
	else
		bpf_map_update_elem(map, &key, &one, BPF_ANY);
}

static __always_inline int
ask4(struct cursor *c, struct bpf_fib_lookup *fib)
{
	struct iphdr *ip = take_ip4(c);
	__be16 *ports = c->pos;

	if (!ip || ip->ttl <= 1)
		return -1;
	fib->family = AF_INET;
	fib->tos = ip->tos;
	fib->l4_protocol = ip->protocol;
	fib->tot_len = bpf_ntohs(ip->tot_len);
	fib->ipv4_src = ip->saddr;
	fib->ipv4_dst = ip->daddr;
	if (!(ip->frag_off & bpf_htons(IP_FRAGMENT)) && (void *)(ports + 2) <= c->end) {
		fib->sport = ports[0];
		fib->dport = ports[1];
	}
	return 0;
}

static __always_inline int
ask6(struct cursor *c, struct bpf_fib_lookup *fib)
{
	struct ipv6hdr *ip6 = take_ip6(c);

	if (!ip6 || ip6->hop_limit <= 1)
		return -1;
	fib->family = AF_INET6;
	fib->flowinfo = *(__be32 *)ip6 & bpf_htonl(0x0fffffff);
	fib->l4_protocol = ip6->nexthdr;
	fib->tot_len = bpf_ntohs(ip6->payload_len) + sizeof(*ip6);
	__builtin_memcpy(fib->ipv6_src, &ip6->saddr, sizeof(fib->ipv6_src));
	__builtin_memcpy(fib->ipv6_dst, &ip6->daddr, sizeof(fib->ipv6_dst));
	return 0;
}

/* One hop less; the checksum of IPv4 makes up for it. */
static __always_inline void
decrement(struct xdp_md *ctx, __be16 proto)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip;
	struct ipv6hdr *ip6;
	__u32 check;

	take_l2(&c);
	if (proto == bpf_htons(ETH_P_IP)) {
		ip = c.pos;
		if ((void *)(ip + 1) > c.end)
			return;
		check = ip->check + bpf_htons(0x0100);
		ip->check = (__u16)(check + (check >= 0xffff));
		ip->ttl--;
		return;
	}
	ip6 = c.pos;
	if ((void *)(ip6 + 1) <= c.end)
		ip6->hop_limit--;
}

SEC("xdp")
int
xdp_fib_router(struct xdp_md *ctx)
{
	struct bpf_fib_lookup fib = { .ifindex = ctx->ingress_ifindex };
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = c.pos;
	__be16 proto = take_l2(&c);
	long ret = -1;

	if (proto == bpf_htons(ETH_P_IP))
		ret = ask4(&c, &fib);
	else if (proto == bpf_htons(ETH_P_IPV6))
		ret = ask6(&c, &fib);
	if (ret)
		return XDP_PASS;
	ret = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	count(&answers, ret < 0 ? ANSWERS - 1 : ret & (ANSWERS - 1));
	switch (ret) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		break;
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
	if ((void *)(eth + 1) > c.end)
		return XDP_PASS;
	__builtin_memcpy(eth->h_dest, fib.dmac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, fib.smac, ETH_ALEN);
	decrement(ctx, proto);
	count(&sent, fib.ifindex);
	return bpf_redirect(fib.ifindex, 0);
}
