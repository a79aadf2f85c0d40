/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_lookup.c - cf. net/ipv4/inet_hashtables.c, net/ipv6/inet6_hashtables.c, net/ipv4/udp.c,
 * net/ipv6/udp.c.
 *
 * An IPv6 socket has an IPv4 address too where its own is :: (0.0.0.0) or mapped; of all others
 * Linux keeps 127.0.0.6, at which no lookup finds it, as it is hashed by its IPv6 address.
 */
#include "emu/sock_lookup_priv.h"

#include "emu/hash.h"
#include "emu/sock_own.h"

#include <netinet/in.h>
#include <sys/socket.h>

bool
xb_sock_addr(const struct bpf_sock *sk, u8 family, bool remote, u8 addr[16])
{
	const void *ip6 = remote ? sk->dst_ip6 : sk->src_ip6;
	const void *ip4 = remote ? &sk->dst_ip4 : &sk->src_ip4;

	memset(addr, 0, 16);
	if (family == AF_INET6) {
		memcpy(addr, ip6, 16);
		return sk->family == AF_INET6;
	}
	if (sk->family == AF_INET) {
		memcpy(addr, ip4, 4);
		return true;
	}
	if (sk->family != AF_INET6)
		return false;
	if (xb_ip6_is_mapped(ip6))
		memcpy(addr, (const u8 *)ip6 + 12, 4);
	return xb_ip6_is_mapped(ip6) || xb_ip6_is_any(ip6);
}

static bool
local_is(const struct bpf_sock *sk, const struct xb_sock_way *way)
{
	u8 addr[16];

	return xb_sock_addr(sk, way->family, false, addr) &&
	       !memcmp(addr, way->daddr, sizeof(addr));
}

static bool
remote_is(const struct bpf_sock *sk, const struct xb_sock_way *way)
{
	u8 addr[16];

	return xb_sock_addr(sk, way->family, true, addr) && !memcmp(addr, way->saddr, sizeof(addr));
}

static bool
has_remote(const struct bpf_sock *sk, u8 family)
{
	u8 addr[16];

	xb_sock_addr(sk, family, true, addr);
	return !xb_ip6_is_any(addr);
}

/* Of the world's own namespace, the protocol, and at the port. */
static bool
is_candidate(const struct xb_emu *emu, const struct xb_world_sock *s, const struct xb_sock_way *way)
{
	const struct bpf_sock *sk = &s->info.uapi;

	return sk->src_port == way->dport && sk->protocol == way->proto &&
	       (s->netns == 0 || s->netns == emu->world->netns_cookie);
}

/* cf. include/net/inet_sock.h: inet_bound_dev_eq; net.ipv4.tcp_l3mdev_accept is 0 */
static bool
bound_dev_eq(const struct xb_world_sock *s, const struct xb_sock_way *way)
{
	if (!s->bound_ifindex)
		return !way->sdif;
	return s->bound_ifindex == way->ifindex || s->bound_ifindex == way->sdif;
}

static bool
is_v6only(const struct xb_world_sock *s)
{
	return s->info.uapi.family == AF_INET6 && s->v6only;
}

/* cf. inet_match, inet6_match. A mapped connection is hashed as one of IPv4. */
static bool
inet_match(const struct xb_world_sock *s, const struct xb_sock_way *way)
{
	const struct bpf_sock *sk = &s->info.uapi;

	if (way->family == AF_INET6 && xb_ip6_is_mapped(sk->dst_ip6))
		return false;
	return sk->dst_port == way->sport && remote_is(sk, way) && local_is(sk, way) &&
	       bound_dev_eq(s, way);
}

static const struct xb_world_sock *
lookup_established(const struct xb_emu *emu, const struct xb_sock_way *way)
{
	for (u32 i = 0; i < xb_sock_all_cnt(emu); i++) {
		const struct xb_world_sock *s = xb_sock_of_all(emu, i);
		u32 state = s->info.uapi.state;

		if (is_candidate(emu, s, way) && state != BPF_TCP_LISTEN &&
		    state != BPF_TCP_CLOSE && inet_match(s, way))
			return s;
	}
	return NULL;
}

/* A listener at this address; -1: it is none (cf. compute_score of either family). */
static int
tcp_score(const struct xb_emu *emu, const struct xb_world_sock *s, const struct xb_sock_way *way)
{
	const struct bpf_sock *sk = &s->info.uapi;

	if (!is_candidate(emu, s, way) || sk->state != BPF_TCP_LISTEN)
		return -1;
	if (way->family == AF_INET && is_v6only(s))
		return -1;
	if (!local_is(sk, way) || !bound_dev_eq(s, way))
		return -1;
	return (s->bound_ifindex ? 2 : 1) + (way->family == AF_INET && sk->family == AF_INET);
}

/* What a UDP socket that is connected adds for an end that is the packet's; -1 for another. */
static int
remote_score(const struct bpf_sock *sk, const struct xb_sock_way *way, int each)
{
	int score = 0;

	if (has_remote(sk, way->family)) {
		if (!remote_is(sk, way))
			return -1;
		score += each;
	}
	if (sk->dst_port) {
		if (sk->dst_port != way->sport)
			return -1;
		score += each;
	}
	return score;
}

static int
udp_score(const struct xb_emu *emu, const struct xb_world_sock *s, const struct xb_sock_way *way)
{
	const struct bpf_sock *sk = &s->info.uapi;
	int each = way->family == AF_INET ? 4 : 1, score;

	if (!is_candidate(emu, s, way) || (way->family == AF_INET && is_v6only(s)))
		return -1;
	if (!local_is(sk, way))
		return -1;
	score = remote_score(sk, way, each);
	if (score < 0 || !bound_dev_eq(s, way))
		return -1;
	if (way->family == AF_INET)
		score += sk->family == AF_INET ? 2 : 1;
	return score + (s->bound_ifindex ? each : 0);
}

bool
xb_sock_same_group(const struct xb_world_sock *a, const struct xb_world_sock *b)
{
	const struct bpf_sock *x = &a->info.uapi, *y = &b->info.uapi;

	return a->reuseport && b->reuseport && x->protocol == y->protocol &&
	       x->family == y->family && x->src_port == y->src_port && a->v6only == b->v6only &&
	       a->bound_ifindex == b->bound_ifindex && a->netns == b->netns &&
	       a->info.uid == b->info.uid && x->src_ip4 == y->src_ip4 &&
	       !memcmp(x->src_ip6, y->src_ip6, sizeof(x->src_ip6)) &&
	       (x->state == BPF_TCP_LISTEN) == (y->state == BPF_TCP_LISTEN);
}

static u32
way_hash(const struct xb_emu *emu, const struct xb_sock_way *way)
{
	u32 words[9];

	memcpy(words, way->saddr, 16);
	memcpy(words + 4, way->daddr, 16);
	words[8] = (u32)way->sport << 16 | way->dport;
	return xb_hash(words, sizeof(words), emu->seed);
}

/* A group's member that takes packets of anyone; NULL where all are connected. */
static const struct xb_world_sock *
reuseport_select_sock(const struct xb_emu *emu, const struct xb_world_sock *s,
                      const struct xb_sock_way *way, bool *has_conns)
{
	u32 cnt = 0, pick;

	*has_conns = false;
	for (u32 i = 0; i < xb_sock_all_cnt(emu); i++) {
		const struct xb_world_sock *other = xb_sock_of_all(emu, i);

		if (!xb_sock_same_group(s, other))
			continue;
		if (other->info.uapi.state == BPF_TCP_ESTABLISHED)
			*has_conns = true;
		else
			cnt++;
	}
	if (!cnt)
		return NULL;
	pick = (u32)((u64)way_hash(emu, way) * cnt >> 32);
	for (u32 i = 0;; i++) {
		const struct xb_world_sock *other = xb_sock_of_all(emu, i);

		if (xb_sock_same_group(s, other) && other->info.uapi.state != BPF_TCP_ESTABLISHED &&
		    pick-- == 0)
			return other;
	}
}

/* cf. inet_lhash2_lookup, inet6_lhash2_lookup */
static const struct xb_world_sock *
lhash2_lookup(const struct xb_emu *emu, const struct xb_sock_way *way)
{
	const struct xb_world_sock *result = NULL;
	bool has_conns;
	int best = 0;

	for (u32 i = 0; i < xb_sock_all_cnt(emu); i++) {
		const struct xb_world_sock *s = xb_sock_of_all(emu, i);
		int score = tcp_score(emu, s, way);

		if (score <= best)
			continue;
		if (s->reuseport)
			return reuseport_select_sock(emu, s, way, &has_conns);
		result = s;
		best = score;
	}
	return result;
}

/* cf. udp4_lib_lookup2, udp6_lib_lookup2 */
static const struct xb_world_sock *
udp_lookup2(const struct xb_emu *emu, const struct xb_sock_way *way)
{
	const struct xb_world_sock *result = NULL, *picked;
	int best = way->family == AF_INET ? 0 : -1;
	bool has_conns;

	for (u32 i = 0; i < xb_sock_all_cnt(emu); i++) {
		const struct xb_world_sock *s = xb_sock_of_all(emu, i);
		int score = udp_score(emu, s, way);

		if (score <= best)
			continue;
		best = score;
		result = s;
		if (s->info.uapi.state == BPF_TCP_ESTABLISHED || !s->reuseport)
			continue;
		picked = reuseport_select_sock(emu, s, way, &has_conns);
		if (!picked)
			continue;
		if (!has_conns)
			return picked;
		result = picked;
		score = udp_score(emu, picked, way);
		best = score > best ? score : best;
	}
	return result;
}

/* At the packet's address, then at any. */
static const struct xb_world_sock *
lookup_twice(const struct xb_emu *emu, const struct xb_sock_way *way,
             const struct xb_world_sock *(*lookup)(const struct xb_emu *emu,
                                                   const struct xb_sock_way *way))
{
	const struct xb_world_sock *s = lookup(emu, way);
	struct xb_sock_way any = *way;

	if (s)
		return s;
	memset(any.daddr, 0, sizeof(any.daddr));
	return lookup(emu, &any);
}

const struct xb_world_sock *
xb_sock_lookup_listener(const struct xb_emu *emu, const struct xb_sock_way *way)
{
	return lookup_twice(emu, way, lhash2_lookup);
}

const struct xb_world_sock *
xb_sock_lookup(const struct xb_emu *emu, const struct xb_sock_way *way)
{
	const struct xb_world_sock *s;

	if (way->proto == IPPROTO_UDP)
		return lookup_twice(emu, way, udp_lookup2);
	s = lookup_established(emu, way);
	return s ? s : xb_sock_lookup_listener(emu, way);
}
