/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_query.c - what helpers make of a lookup (cf. net/core/filter.c: __bpf_skc_lookup). */
#include "emu/sock_lookup_priv.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define LOOPBACK4_IPV6 0x0600007fu /* 127.0.0.6 in wire order */
#define MAPPED         0xffff0000u /* what is before the IPv4 address in ::ffff:0.0.0.0 */

/* The listener that a request came to. */
static const struct xb_sock *
request_listener(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;
	struct xb_sock_way way = { .proto = IPPROTO_TCP,
		                   .family = AF_INET,
		                   .sport = sk->dst_port,
		                   .dport = (u16)sk->src_port,
		                   .ifindex = sk->bound_dev_if };
	const struct xb_world_sock *s;

	if (sk->family == AF_INET6 && !xb_ip6_is_mapped(sk->src_ip6))
		way.family = AF_INET6;
	xb_sock_addr(sk, way.family, true, way.saddr);
	xb_sock_addr(sk, way.family, false, way.daddr);
	s = xb_sock_lookup_listener(sock->emu, &way);
	return s ? s->sock : NULL;
}

const struct xb_sock *
xb_sock_to_full(const struct xb_sock *sock)
{
	if (sock->info.uapi.state == BPF_TCP_NEW_SYN_RECV)
		return request_listener(sock);
	return xb_sock_is_full(sock) ? sock : NULL;
}

/* False where there is no such kind of tuple. */
static bool
take_tuple(const struct xb_sock_query *q, struct xb_sock_way *way)
{
	struct bpf_sock_tuple tuple;

	memset(way, 0, sizeof(*way));
	if (q->bytes != sizeof(tuple.ipv4) && q->bytes != sizeof(tuple.ipv6))
		return false;
	memcpy(&tuple, q->tuple, q->bytes);
	way->proto = q->proto;
	way->ifindex = q->ifindex;
	if (q->bytes == sizeof(tuple.ipv4)) {
		way->family = AF_INET;
		memcpy(way->saddr, &tuple.ipv4.saddr, 4);
		memcpy(way->daddr, &tuple.ipv4.daddr, 4);
		way->sport = tuple.ipv4.sport;
		way->dport = __builtin_bswap16(tuple.ipv4.dport);
	} else {
		way->family = AF_INET6;
		memcpy(way->saddr, tuple.ipv6.saddr, 16);
		memcpy(way->daddr, tuple.ipv6.daddr, 16);
		way->sport = tuple.ipv6.sport;
		way->dport = __builtin_bswap16(tuple.ipv6.dport);
	}
	return true;
}

/* cf. net/core/filter.c: dev_sdif */
static u32
dev_sdif(const struct xb_world *w, u32 ifindex)
{
	const struct xb_world_link *link = xb_world_link(w, ifindex);
	const struct xb_world_link *master = link ? xb_world_link(w, link->master) : NULL;

	return master && master->vrf_table ? ifindex : 0;
}

/* Other namespaces have no numbers in the world's: only a negative one, its own, leads anywhere. */
u64
xb_sock_query(const struct xb_emu *emu, const struct xb_sock_query *q)
{
	const struct xb_world_sock *s;
	const struct xb_sock *full;
	struct xb_sock_way way;

	if (!take_tuple(q, &way) || q->flags || (s32)q->netns >= 0)
		return 0;
	way.sdif = dev_sdif(emu->world, q->ifindex);
	s = xb_sock_lookup(emu, &way);
	if (!s || !s->sock)
		return 0;
	if (!q->full)
		return s->sock->common;
	full = xb_sock_to_full(s->sock);
	return full ? full->full : 0;
}

bool
xb_sock_is_hashed(const struct xb_sock *sock)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	if (sk->protocol == IPPROTO_TCP)
		return sk->state != BPF_TCP_CLOSE;
	return sk->src_port != 0;
}

struct xb_sock *
xb_sock_group(struct xb_sock *sock)
{
	const struct xb_world *w = sock->emu->world;
	const struct xb_world_sock *own = NULL;

	for (u32 i = 0; i < w->sock_cnt && !own; i++)
		if (w->socks[i].sock == sock)
			own = &w->socks[i];
	for (u32 i = 0; own && i < w->sock_cnt; i++)
		if (xb_sock_same_group(own, &w->socks[i]))
			return w->socks[i].sock;
	return sock;
}

/* cf. net/ipv6/af_inet6.c: __inet6_bind; tcp_v6_connect, ip6_datagram_connect */
static void
fill_ip4(struct bpf_sock *sk)
{
	if (sk->src_ip4 || xb_ip6_is_any(sk->src_ip6))
		return;
	if (!xb_ip6_is_mapped(sk->src_ip6)) {
		sk->src_ip4 = LOOPBACK4_IPV6;
		return;
	}
	sk->src_ip4 = sk->src_ip6[3];
	if (xb_ip6_is_mapped(sk->dst_ip6))
		sk->dst_ip4 = sk->dst_ip6[3];
}

/* cf. include/net/inet_hashtables.h: sk_daddr_set, sk_rcv_saddr_set */
static void
fill_ip6(struct bpf_sock *sk)
{
	if (sk->protocol != IPPROTO_TCP || sk->state == BPF_TCP_LISTEN ||
	    sk->state == BPF_TCP_CLOSE || sk->state == BPF_TCP_TIME_WAIT)
		return;
	sk->src_ip6[2] = sk->dst_ip6[2] = MAPPED;
	sk->src_ip6[3] = sk->src_ip4;
	sk->dst_ip6[3] = sk->dst_ip4;
}

/*
 * Differs: dst_ip4 of IPv6 connections is 0; it is 127.0.0.6 in Linux where the peer began them.
 */
void
xb_world_sock_fill(struct xb_world_sock *s)
{
	struct bpf_sock *sk = &s->info.uapi;

	if (!sk->bound_dev_if)
		sk->bound_dev_if = s->bound_ifindex;
	if (sk->family == AF_INET6)
		fill_ip4(sk);
	else if (sk->family == AF_INET)
		fill_ip6(sk);
}
