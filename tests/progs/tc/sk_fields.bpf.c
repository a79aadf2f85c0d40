/* SPDX-License-Identifier: BSD-2-Clause */
/* sk_fields.bpf.c - the socket behind a packet: its fields, whether it is a full one; cookie and
 * user. */
#include "tc.h"

struct seen {
	__u32 family, type, protocol, state, mark, priority;
	__u32 src_ip4, dst_ip4, src_ip6[4], dst_ip6[4];
	__u32 src_port, dst_port, rx_queue;
	__u32 has_cookie, uid;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 512);
	__type(key, __u32); /* of its packets the number */
	__type(value, struct seen);
} sockets SEC(".maps");

__u32 packets, without;

static __always_inline void
read_fields(const struct bpf_sock *sk, struct seen *s)
{
	s->family = sk->family;
	s->type = sk->type;
	s->protocol = sk->protocol;
	s->state = sk->state;
	s->mark = sk->mark;
	s->priority = sk->priority;
	s->src_port = sk->src_port;
	s->dst_port = sk->dst_port;
	s->rx_queue = sk->rx_queue_mapping;
	if (sk->family == 2 /* AF_INET */) {
		s->src_ip4 = sk->src_ip4;
		s->dst_ip4 = sk->dst_ip4;
		return;
	}
#pragma unroll
	for (int i = 0; i < 4; i++) {
		s->src_ip6[i] = sk->src_ip6[i];
		s->dst_ip6[i] = sk->dst_ip6[i];
	}
}

SEC("tc")
int
tc_sk_fields(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;
	struct seen seen = {};
	__u32 n = packets++;

	seen.has_cookie = bpf_get_socket_cookie(skb) != 0;
	seen.uid = bpf_get_socket_uid(skb);
	sk = sk ? bpf_sk_fullsock(sk) : NULL;
	if (!sk) {
		without++;
		return TC_ACT_UNSPEC;
	}
	read_fields(sk, &seen);
	bpf_map_update_elem(&sockets, &n, &seen, BPF_ANY);
	return seen.state;
}
