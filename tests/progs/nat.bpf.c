/* SPDX-License-Identifier: BSD-2-Clause */
/* nat.bpf.c - rewrites destination address and port, with the checksums patched by csum_diff. */
#include "packet.h"

struct target {
	__be32 addr;
	__be16 port;
	__u16 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct target);
	__type(value, struct target);
} forwards SEC(".maps");

static __always_inline __u16
patched(__u16 check, __s64 diff)
{
	return csum_fold((__u64)(__u16)~check + (__u32)diff);
}

SEC("xdp")
int
xdp_nat(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct target key = {}, *to;
	struct udphdr *udp;
	struct iphdr *ip;
	__be32 old[2] = {}, new[2] = {};
	__s64 diff;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(IP_FRAGMENT))
		return XDP_PASS;
	udp = take_udp(&c);
	if (!udp)
		return XDP_DROP;
	key.addr = ip->daddr;
	key.port = udp->dest;
	to = bpf_map_lookup_elem(&forwards, &key);
	if (!to)
		return XDP_PASS;

	old[0] = ip->daddr;
	old[1] = udp->dest;
	new[0] = to->addr;
	new[1] = to->port;
	diff = bpf_csum_diff(old, 4, new, 4, 0);
	ip->check = patched(ip->check, diff);
	if (udp->check) {
		diff = bpf_csum_diff(old, 8, new, 8, 0);
		udp->check = patched(udp->check, diff);
	}
	ip->daddr = to->addr;
	udp->dest = to->port;
	return XDP_TX;
}
