/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * neigh.c - bpf_redirect_neigh in a world: the way out, the neighbour, and its MAC address.
 *
 * A neighbour that Linux would have to ask for first does not answer: nothing of the world changes,
 * and the packet waits for ever.
 */
#include "skb/skb_priv.h"

#include "emu/fib.h"
#include "vm/bytes.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define IP_HLEN     20u
#define IP6_HLEN    40u
#define NUD_SENDING (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

/* cf. net/core/filter.c: __bpf_redirect_neigh_v4 */
static void
fill_flow4(const struct xb_skb *s, const u8 *ip, struct xb_fib_flow *flow)
{
	memcpy(flow->src, ip + 12, 4);
	memcpy(flow->dst, ip + 16, 4);
	flow->tos = ip[1];
	flow->proto = ip[9];
	flow->mark = s->ctx->mark;
}

/* cf. net/core/filter.c: __bpf_redirect_neigh_v6 */
static void
fill_flow6(const struct xb_skb *s, const u8 *ip, struct xb_fib_flow *flow)
{
	memcpy(flow->src, ip + 8, 16);
	memcpy(flow->dst, ip + 24, 16);
	flow->flowinfo = xb_ld32(ip) & __builtin_bswap32(0x0fffffff);
	flow->proto = ip[6];
	flow->mark = s->ctx->mark;
}

/* The way out for the packet's own destination. -1: there is none. */
static int
find_route(const struct xb_skb *s, const struct xb_world_link *link, struct xb_fib_next *next)
{
	bool four = s->skb.protocol == __builtin_bswap16(ETH_P_IP);
	struct xb_fib_flow flow = { .family = four ? AF_INET : AF_INET6, .oif = link->ifindex };
	const u8 *ip = skb_data(s) + ETH_HLEN;

	if (s->skb.len < ETH_HLEN + (four ? IP_HLEN : IP6_HLEN))
		return -1;
	if (four)
		fill_flow4(s, ip, &flow);
	else
		fill_flow6(s, ip, &flow);
	if (xb_fib_output(s->emu->world, &flow, next) != 0)
		return -1;
	return !four || !next->route || next->route->type == RTN_UNICAST ||
	                       next->route->type == RTN_LOCAL
	               ? 0
	               : -1;
}

static void
take_nexthop(const struct xb_skb *s, const struct xb_world_link *link,
             const struct bpf_redir_neigh *nh, struct xb_fib_next *next)
{
	*next = (struct xb_fib_next){ .link = link };
	next->addr.family = (u8)nh->nh_family;
	if (nh->nh_family == AF_INET)
		memcpy(next->addr.bytes, &nh->ipv4_nh, sizeof(nh->ipv4_nh));
	else
		memcpy(next->addr.bytes, nh->ipv6_nh, sizeof(nh->ipv6_nh));
	next->neigh = xb_fib_neigh(s->emu->world, link, &next->addr);
}

static bool
is_broadcast(const struct xb_world *w, const struct xb_fib_next *next)
{
	static const u8 all[4] = { 255, 255, 255, 255 };

	if (next->addr.family != AF_INET)
		return false;
	if (!memcmp(next->addr.bytes, all, sizeof(all)))
		return true;
	for (u32 i = 0; i < w->route_cnt; i++)
		if (w->routes[i].type == RTN_BROADCAST && w->routes[i].dst.family == AF_INET &&
		    w->routes[i].hops[0].ifindex == next->link->ifindex &&
		    !memcmp(w->routes[i].dst.bytes, next->addr.bytes, sizeof(all)))
			return true;
	return false;
}

/* Addresses whose MAC address follows (cf. include/net/arp.h, net/ipv6/ndisc.c: mc_map). */
static bool
mac_of_group(const struct xb_fib_next *next, u8 mac[ETH_ALEN])
{
	const u8 *a = next->addr.bytes;

	if (next->addr.family == AF_INET && (a[0] & 0xf0) == 0xe0) {
		const u8 group[] = { 0x01, 0x00, 0x5e, a[1] & 0x7f, a[2], a[3] };

		memcpy(mac, group, sizeof(group));
		return true;
	}
	if (next->addr.family == AF_INET6 && a[0] == 0xff) {
		const u8 group[] = { 0x33, 0x33, a[12], a[13], a[14], a[15] };

		memcpy(mac, group, sizeof(group));
		return true;
	}
	return false;
}

/* cf. net/ipv4/arp.c: arp_constructor, net/core/neighbour.c: __neigh_event_send */
static bool
find_mac(const struct xb_world *w, const struct xb_fib_next *next, u8 mac[ETH_ALEN])
{
	if (!strcmp(next->link->name, "lo")) {
		memcpy(mac, next->link->mac, ETH_ALEN);
		return true;
	}
	if (mac_of_group(next, mac))
		return true;
	if (is_broadcast(w, next)) {
		memcpy(mac, next->link->broadcast, ETH_ALEN);
		return true;
	}
	if (!next->neigh || !(next->neigh->state & NUD_SENDING))
		return false;
	memcpy(mac, next->neigh->mac, ETH_ALEN);
	return true;
}

bool
skb_out_neigh(struct xb_skb *s, const struct xb_skb_redirect *to)
{
	const struct xb_world *w = s->emu->world;
	const struct xb_world_link *link = xb_world_link(w, to->ifindex);
	struct xb_fib_next next = { 0 };
	u8 mac[ETH_ALEN], *eth = skb_data(s);

	if (to->has_nexthop)
		take_nexthop(s, link, &to->nexthop, &next);
	else if (find_route(s, link, &next) != 0)
		return false;
	/* The packet leaves by it, whatever the route says: IPv6 asks there for the neighbour too.
	 */
	next.link = link;
	if (next.addr.family == AF_INET6)
		next.neigh = xb_fib_neigh(w, link, &next.addr);
	if (link->no_mac)
		return true; /* there is no header to write */
	if (!find_mac(w, &next, mac))
		return false;
	memcpy(eth, mac, ETH_ALEN);
	memcpy(eth + ETH_ALEN, link->mac, ETH_ALEN);
	xb_st16(eth + 2 * ETH_ALEN, s->skb.protocol);
	return true;
}
