/* SPDX-License-Identifier: BSD-2-Clause */
/* spread.bpf.c - spreads flows over CPUs by their addresses (cpumap). */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

const volatile __u32 cpu_cnt = 2;

SEC("xdp")
int
xdp_spread(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip;
	__u32 hash;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip)
		return XDP_PASS;
	hash = (ip->saddr ^ ip->daddr) * 0x9e3779b1;
	return bpf_redirect_map(&cpus, (hash >> 16) % cpu_cnt, XDP_PASS);
}

/* Runs on the other CPU, where an entry names it. */
SEC("xdp/cpumap")
int
xdp_spread_remote(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data > 1000 ? XDP_DROP : XDP_PASS;
}
