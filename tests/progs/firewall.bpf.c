/* SPDX-License-Identifier: BSD-2-Clause */
/* firewall.bpf.c - a host's firewall: a list of bad networks, rules by port, counters, and a log
 * line a drop. */
#include "packet.h"

struct net4 {
	__u32 prefix_len;
	__be32 addr;
};

struct net6 {
	__u32 prefix_len;
	__u8 addr[16];
};

struct port {
	__u16 number; /* in host order */
	__u8 proto;
	__u8 pad;
};

enum reason {
	REASON_ALLOWED,     /* by a port rule, or an answer to this host */
	REASON_NOT_IP,      /* ARP and the like pass */
	REASON_MALFORMED,   /* shorter than its headers say */
	REASON_BLOCKED_NET, /* the source is on a list */
	REASON_CLOSED_PORT, /* no rule opens the port */
	REASON_FRAGMENT,    /* later fragments have no ports */
	REASON_CNT
};

struct counter {
	__u64 packets;
	__u64 bytes;
};

/* Networks whose packets are dropped. The value is the number of packets that were. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net4);
	__type(value, __u64);
} blocked4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net6);
	__type(value, __u64);
} blocked6 SEC(".maps");

/* Ports that are open. The value is the number of packets that came to each. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct port);
	__type(value, __u64);
} open_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_CNT);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");

const volatile __u16 first_ephemeral_port = 32768; /* answers to this host come to these */

static __always_inline int
port_verdict(struct cursor *c, __u8 proto)
{
	__be16 *ports = c->pos;
	struct port port = { .proto = proto };
	__u64 *hits;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return REASON_ALLOWED;
	if ((void *)(ports + 2) > c->end)
		return REASON_MALFORMED;
	port.number = bpf_ntohs(ports[1]);
	if (port.number >= first_ephemeral_port)
		return REASON_ALLOWED;
	hits = bpf_map_lookup_elem(&open_ports, &port);
	if (!hits) {
		bpf_printk("closed port %u, protocol %u", port.number, proto);
		return REASON_CLOSED_PORT;
	}
	__sync_fetch_and_add(hits, 1);
	return REASON_ALLOWED;
}

static __always_inline int
filter_ip4(struct cursor *c)
{
	struct iphdr *ip = take_ip4(c);
	struct net4 net = { .prefix_len = 32 };
	__u64 *hits;

	if (!ip)
		return REASON_MALFORMED;
	net.addr = ip->saddr;
	hits = bpf_map_lookup_elem(&blocked4, &net);
	if (hits) {
		__sync_fetch_and_add(hits, 1);
		bpf_printk("blocked source %pI4", &net.addr);
		return REASON_BLOCKED_NET;
	}
	if (ip->frag_off & bpf_htons(0x1fff))
		return REASON_FRAGMENT;
	return port_verdict(c, ip->protocol);
}

static __always_inline int
filter_ip6(struct cursor *c)
{
	struct ipv6hdr *ip6 = take_ip6(c);
	struct net6 net = { .prefix_len = 128 };
	__u64 *hits;

	if (!ip6)
		return REASON_MALFORMED;
	__builtin_memcpy(net.addr, &ip6->saddr, sizeof(net.addr));
	hits = bpf_map_lookup_elem(&blocked6, &net);
	if (hits) {
		__sync_fetch_and_add(hits, 1);
		bpf_printk("blocked source %pI6c", net.addr);
		return REASON_BLOCKED_NET;
	}
	return port_verdict(c, ip6->nexthdr);
}

SEC("xdp")
int
xdp_firewall(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__u64 bytes = c.end - c.pos;
	__be16 proto = take_l2(&c);
	struct counter *counter;
	__u32 reason = REASON_NOT_IP;

	if (proto == bpf_htons(ETH_P_IP))
		reason = filter_ip4(&c);
	else if (proto == bpf_htons(ETH_P_IPV6))
		reason = filter_ip6(&c);
	counter = bpf_map_lookup_elem(&counters, &reason);
	if (counter) {
		counter->packets++;
		counter->bytes += bytes;
	}
	return reason == REASON_ALLOWED || reason == REASON_NOT_IP ? XDP_PASS : XDP_DROP;
}
