/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_dispatch.bpf.c - hands packets to sockets: those of a connection to its own, others to the
 * socket that stands for their port, whatever address they were for. */
#include "tc.h"

#define EOPNOTSUPP 95

struct service {
	__u16 port; /* in host order */
	__u8 proto;
	__u8 pad;
};

struct listener {
	__be16 port;
	__u16 pad;
	__be32 addr; /* 0: the packet's */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct service);
	__type(value, struct listener);
} ports SEC(".maps");

/* What became of packets, by socket. */
struct handed {
	__u64 assigned, not_here, other;
	__u32 state, family, port, is_tcp, is_listener;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32); /* mark */
	__type(value, struct handed);
} sockets SEC(".maps");

__u64 without, elsewhere;

static __always_inline struct bpf_sock *
find(struct __sk_buff *skb, const struct tuple4 *t, __be32 daddr, __be16 dport)
{
	struct bpf_sock_tuple tuple = {
		.ipv4 = { t->saddr, daddr, t->sport, dport },
	};

	if (t->proto == IPPROTO_TCP)
		return bpf_sk_lookup_tcp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	return bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
}

/* The socket that the packet is for, or which a service sends it to. */
static __always_inline struct bpf_sock *
choose(struct __sk_buff *skb, const struct tuple4 *t)
{
	struct service key = { .port = bpf_ntohs(t->dport), .proto = t->proto };
	struct bpf_sock *sk = find(skb, t, t->daddr, t->dport);
	struct listener *to;

	if (sk)
		return sk;
	to = bpf_map_lookup_elem(&ports, &key);
	if (!to) {
		elsewhere++;
		return NULL;
	}
	return find(skb, t, to->addr ? to->addr : t->daddr, to->port);
}

static __always_inline void
record(struct bpf_sock *sk, long err)
{
	struct handed none = {}, *h;
	struct bpf_sock *listener;
	__u32 mark = sk->mark;

	bpf_map_update_elem(&sockets, &mark, &none, BPF_NOEXIST);
	h = bpf_map_lookup_elem(&sockets, &mark);
	if (!h)
		return;
	h->assigned += err == 0;
	h->not_here += err == -EOPNOTSUPP;
	h->other += err != 0 && err != -EOPNOTSUPP;
	h->state = sk->state;
	h->family = sk->family;
	h->port = sk->src_port;
	h->is_tcp = bpf_tcp_sock(sk) != NULL;
	listener = bpf_get_listener_sock(sk);
	h->is_listener = listener && listener->mark == mark;
}

SEC("tc")
int
tc_sock_dispatch(struct __sk_buff *skb)
{
	struct frame4 f;
	struct bpf_sock *sk;
	long err;

	if (read_frame4(skb, &f))
		return TC_ACT_UNSPEC;
	sk = choose(skb, &f.tuple);
	if (!sk) {
		without++;
		return TC_ACT_UNSPEC;
	}
	err = bpf_sk_assign(skb, sk, 0);
	record(sk, err);
	skb->mark = sk->mark;
	bpf_sk_release(sk);
	return TC_ACT_OK;
}
