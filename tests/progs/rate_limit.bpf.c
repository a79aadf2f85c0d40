/* SPDX-License-Identifier: BSD-2-Clause */
/* rate_limit.bpf.c - a token bucket a source address: 10 packets at once, one more each 10 ms. */
#include "packet.h"

#define BURST        10
#define NS_PER_TOKEN 10000000ull

struct bucket {
	__u64 last_ns;
	__u64 tokens;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __be32);
	__type(value, struct bucket);
} buckets SEC(".maps");

SEC("xdp")
int
xdp_rate_limit(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct bucket *bucket, fresh;
	__u64 now = bpf_ktime_get_ns(), earned;
	struct iphdr *ip;
	__be32 saddr;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip)
		return XDP_DROP;
	saddr = ip->saddr;
	bucket = bpf_map_lookup_elem(&buckets, &saddr);
	if (!bucket) {
		fresh = (struct bucket){ now, BURST - 1 };
		bpf_map_update_elem(&buckets, &saddr, &fresh, BPF_ANY);
		return XDP_PASS;
	}
	earned = (now - bucket->last_ns) / NS_PER_TOKEN;
	if (earned) {
		bucket->tokens = bucket->tokens + earned > BURST ? BURST : bucket->tokens + earned;
		bucket->last_ns += earned * NS_PER_TOKEN;
	}
	if (!bucket->tokens)
		return XDP_DROP;
	bucket->tokens--;
	return XDP_PASS;
}
