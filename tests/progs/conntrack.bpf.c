/* SPDX-License-Identifier: BSD-2-Clause */
/* conntrack.bpf.c - TCP connections in an LRU map: only what began with a SYN may go on. */
#include "packet.h"

struct conn {
	__be32 low, high; /* addresses in order, so that both directions meet */
	__be16 low_port, high_port;
};

enum conn_state { SEEN_SYN = 1, SEEN_SYN_ACK, OPEN, CLOSING };

struct conn_info {
	__u32 state;
	__u32 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct conn);
	__type(value, struct conn_info);
} conns SEC(".maps");

static __always_inline struct conn
conn_key(const struct iphdr *ip, const struct tcphdr *tcp)
{
	struct conn forth = { ip->saddr, ip->daddr, tcp->source, tcp->dest };
	struct conn back = { ip->daddr, ip->saddr, tcp->dest, tcp->source };

	return ip->saddr < ip->daddr ? forth : back;
}

static __always_inline __u32
next_state(__u32 state, const struct tcphdr *tcp)
{
	if (tcp->rst || tcp->fin)
		return CLOSING;
	if (tcp->syn)
		return tcp->ack ? SEEN_SYN_ACK : SEEN_SYN;
	return state == SEEN_SYN_ACK ? OPEN : state;
}

SEC("xdp")
int
xdp_conntrack(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct conn_info *info, fresh = { SEEN_SYN, 1, 0 };
	struct iphdr *ip;
	struct tcphdr *tcp;
	struct conn key;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	tcp = take_tcp(&c);
	if (!tcp)
		return XDP_DROP;
	key = conn_key(ip, tcp);
	info = bpf_map_lookup_elem(&conns, &key);
	if (!info) {
		if (!tcp->syn || tcp->ack)
			return XDP_DROP;
		fresh.bytes = bpf_ntohs(ip->tot_len);
		bpf_map_update_elem(&conns, &key, &fresh, BPF_NOEXIST);
		return XDP_PASS;
	}
	info->state = next_state(info->state, tcp);
	info->packets++;
	info->bytes += bpf_ntohs(ip->tot_len);
	if (tcp->rst)
		bpf_map_delete_elem(&conns, &key);
	return XDP_PASS;
}
