/* SPDX-License-Identifier: BSD-2-Clause */
/* act.bpf.c - an action, not a classifier: drops packets of bad networks, polices by count, lets
 * the rest go on to the next action. */
#include "tc.h"

#define BURST 8

struct net4 {
	__u32 bits;
	__be32 addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 64);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net4);
	__type(value, __u64);
} holes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 256);
	__type(key, __be32);
	__type(value, __u32);
} sources SEC(".maps");

SEC("action")
int
act_blackhole(struct __sk_buff *skb)
{
	struct net4 net = { .bits = 32 };
	__u64 *n;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_PIPE;
	if (bpf_skb_load_bytes(skb, sizeof(struct ethhdr) + offset_of(struct iphdr, saddr),
	                       &net.addr, sizeof(net.addr)))
		return TC_ACT_SHOT;
	n = bpf_map_lookup_elem(&holes, &net);
	if (!n)
		return TC_ACT_PIPE;
	++*n;
	return TC_ACT_SHOT;
}

/* Eight packets of a source, then every other one. */
SEC("action")
int
act_police(struct __sk_buff *skb)
{
	struct frame4 f;
	__u32 *n, one = 1;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	n = bpf_map_lookup_elem(&sources, &f.tuple.saddr);
	if (!n) {
		bpf_map_update_elem(&sources, &f.tuple.saddr, &one, BPF_NOEXIST);
		return TC_ACT_OK;
	}
	skb->tc_index = ++*n;
	skb->cb[0] = skb->tc_index;
	return *n <= BURST || *n & 1 ? TC_ACT_OK : TC_ACT_SHOT;
}
