/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * new_flows.bpf.c - counts first packets of flows, remembering in a bloom filter which it has seen:
 * from a pair of addresses that is new, only TCP's SYN and what is not TCP may pass.
 */
#include "packet.h"

struct pair {
	__be32 from, to;
	__u32 proto;
};

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 256);
	__uint(map_flags, BPF_F_ZERO_SEED);
	__uint(map_extra, 3); /* hash functions */
	__type(value, struct pair);
} seen SEC(".maps");

__u64 new_pairs, known_pairs, refused, errors;

/* A SYN alone begins a connection. */
static __always_inline int
begins(struct cursor *c, __u8 proto)
{
	struct tcphdr *tcp;

	if (proto != IPPROTO_TCP)
		return 1;
	tcp = take_tcp(c);
	return tcp && tcp->syn && !tcp->ack;
}

SEC("xdp")
int
xdp_new_flows(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct pair pair = {};
	struct iphdr *ip;
	long ret;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip)
		return XDP_DROP;
	/* the same for both directions */
	pair.from = ip->saddr < ip->daddr ? ip->saddr : ip->daddr;
	pair.to = ip->saddr < ip->daddr ? ip->daddr : ip->saddr;
	pair.proto = ip->protocol;
	ret = bpf_map_peek_elem(&seen, &pair);
	if (ret == 0) {
		known_pairs++;
		return XDP_PASS;
	}
	if (ret != -2) /* ENOENT */
		errors++;
	if (!begins(&c, ip->protocol)) {
		refused++;
		return XDP_DROP;
	}
	if (bpf_map_push_elem(&seen, &pair, BPF_ANY))
		errors++;
	new_pairs++;
	return XDP_PASS;
}
