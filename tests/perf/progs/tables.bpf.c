/* SPDX-License-Identifier: BSD-2-Clause */
/* tables.bpf.c - parser, a hash of flows, a trie of networks, and counters per CPU. */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct tuple);
	__type(value, __u64);
} flows SEC(".maps");

struct net {
	__u32 prefix_len, addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net);
	__type(value, __u32);
} nets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

SEC("xdp")
int
tables(struct xdp_md *ctx)
{
	struct tuple t = {};
	struct net net = { .prefix_len = 32 };
	__u64 one = 1, *count;
	__u32 proto, *action;

	if (parse(ctx, &t))
		return XDP_PASS;
	proto = t.proto;
	count = bpf_map_lookup_elem(&counters, &proto);
	if (count)
		*count += 1;
	count = bpf_map_lookup_elem(&flows, &t);
	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&flows, &t, &one, BPF_ANY);
	net.addr = t.saddr[0];
	action = bpf_map_lookup_elem(&nets, &net);
	return action ? *action : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
