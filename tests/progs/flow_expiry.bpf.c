/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flow_expiry.bpf.c - a flow table that empties itself: each flow has a timer, started anew by each
 * of its packets, which deletes it when it was idle for too long.
 */
#include "packet.h"

#define IDLE_NS 30000000000ull /* where `config` has 0 */

#define CLOCK_MONOTONIC 1

struct flow_key {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u32 protocol;
};

struct flow {
	__u64 packets, bytes;
	struct bpf_timer timer;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} config SEC(".maps");

__u64 opened, expired, expired_packets;

static int
expire(void *map, struct flow_key *key, struct flow *flow)
{
	expired++;
	expired_packets += flow->packets;
	bpf_map_delete_elem(map, key);
	return 0;
}

static __always_inline struct flow *
open_flow(const struct flow_key *key)
{
	const struct flow none = {};
	struct flow *flow;

	if (bpf_map_update_elem(&flows, key, &none, BPF_NOEXIST))
		return NULL;
	flow = bpf_map_lookup_elem(&flows, key);
	if (!flow)
		return NULL;
	/* Linux may have no memory for a timer at the moment: such a flow stays. */
	if (!bpf_timer_init(&flow->timer, &flows, CLOCK_MONOTONIC))
		bpf_timer_set_callback(&flow->timer, expire);
	opened++;
	return flow;
}

SEC("xdp")
int
xdp_flow_expiry(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct flow_key key = {};
	struct flow *flow;
	struct iphdr *ip;
	__u32 zero = 0;
	__u64 *idle_ns;
	__be16 *ports;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip)
		return XDP_DROP;
	key.saddr = ip->saddr;
	key.daddr = ip->daddr;
	key.protocol = ip->protocol;
	ports = c.pos;
	if ((ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) &&
	    (void *)(ports + 2) <= c.end) {
		key.sport = ports[0];
		key.dport = ports[1];
	}
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow)
		flow = open_flow(&key);
	idle_ns = bpf_map_lookup_elem(&config, &zero);
	if (!flow || !idle_ns)
		return XDP_PASS;
	flow->packets++;
	flow->bytes += c.end - (void *)(long)ctx->data;
	bpf_timer_start(&flow->timer, *idle_ns ? *idle_ns : IDLE_NS, 0);
	return XDP_PASS;
}
