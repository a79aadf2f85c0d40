/* SPDX-License-Identifier: BSD-2-Clause */
/* fib4.c - IPv4: a table's best route, its hop, its source address and its MTU. */
#include "emu/fib_priv.h"
#include "vm/bytes.h"

#include <errno.h>

#define IP_MAX_MTU 65535u

/* What becomes of a route by its type (cf. net/ipv4/fib_semantics.c: fib_props). */
static int
type_error(u8 type)
{
	switch (type) {
	case RTN_BLACKHOLE:
	case RTN_NAT:
	case RTN_XRESOLVE:
		return -EINVAL;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_THROW:
		return -EAGAIN;
	default:
		return 0;
	}
}

/* Tables local and main are one as long as no rule was added (cf. fib_trie_unmerge). */
static bool
in_table(const struct xb_world *w, const struct xb_world_route *r, u32 table)
{
	bool merged = table == RT_TABLE_LOCAL || table == RT_TABLE_MAIN;

	if (r->dst.family != AF_INET)
		return false;
	if (r->table == table)
		return true;
	return merged && (r->table == RT_TABLE_LOCAL || r->table == RT_TABLE_MAIN) &&
	       !fib_has_custom_rules(w, AF_INET);
}

/* The first hop that can be used, or NULL (cf. net/ipv4/fib_trie.c: fib_lookup_good_nhc). */
static const struct xb_world_hop *
good_hop(const struct xb_world *w, const struct xb_world_route *r, u32 oif)
{
	/* Those of this host's addresses stay (cf. net/ipv4/fib_semantics.c: fib_sync_down_dev). */
	for (u32 i = 0; i < r->hop_cnt; i++)
		if (!(r->type == RTN_LOCAL ? r->hops[i].dead : fib_hop_is_dead(w, &r->hops[i])) &&
		    (!oif || oif == r->hops[i].ifindex))
			return &r->hops[i];
	return NULL;
}

/* cf. net/ipv4/fib_trie.c: fib_find_alias, for the order of routes to one prefix */
static bool
is_before(const struct xb_world_route *a, const struct xb_world_route *b)
{
	if (a->dst.prefix != b->dst.prefix)
		return a->dst.prefix > b->dst.prefix;
	if (a->table != b->table)
		return a->table > b->table;
	if (a->tos != b->tos)
		return a->tos > b->tos;
	return a->metric < b->metric;
}

int
fib4_table_lookup(const struct xb_world *w, u32 table, const struct xb_fib_flow *flow,
                  struct xb_fib_result *res)
{
	const struct xb_world_route *best = NULL;
	const struct xb_world_hop *best_hop = NULL;

	for (u32 i = 0; i < w->route_cnt; i++) {
		const struct xb_world_route *r = &w->routes[i];
		const struct xb_world_hop *hop;

		if (!in_table(w, r, table) || !fib_prefix_has(&r->dst, flow->dst) ||
		    (r->tos && r->tos != (flow->tos & 0x1cu)) || (best && !is_before(r, best)))
			continue;
		hop = good_hop(w, r, flow->oif);
		if (!hop && !type_error(r->type))
			continue;
		best = r;
		best_hop = hop;
	}
	if (!best)
		return -EAGAIN;
	if (type_error(best->type))
		return type_error(best->type);
	*res = (struct xb_fib_result){ best, best_hop, fib_hop_link(w, best_hop) };
	return 0;
}

/* cf. net/ipv4/devinet.c: in_dev_select_addr, the loop of inet_select_addr */
static bool
select_on(const struct xb_world *w, u32 ifindex, const u8 *dst, u8 scope, u8 src[4])
{
	bool found = false;

	for (u32 i = 0; i < w->addr_cnt; i++) {
		const struct xb_world_ifaddr *a = &w->addrs[i];

		if (a->ifindex != ifindex || a->local.family != AF_INET ||
		    a->flags & IFA_F_SECONDARY || a->scope > scope)
			continue;
		if (!dst && a->scope == RT_SCOPE_LINK)
			continue;
		if (!found || fib_prefix_has(&a->local, dst))
			memcpy(src, a->local.bytes, 4);
		found = true;
		if (!dst || fib_addr_is_any(dst, 4) || fib_prefix_has(&a->local, dst))
			return true;
	}
	return found;
}

/* cf. net/ipv4/devinet.c: inet_select_addr */
static void
inet_select_addr(const struct xb_world *w, const struct xb_world_link *link, const u8 *dst,
                 u8 scope, u8 src[4])
{
	u32 table = xb_fib_l3mdev_table(w, link);

	memset(src, 0, 4);
	if (select_on(w, link->ifindex, dst, scope, src))
		return;
	if (table && link->master && select_on(w, link->master, NULL, scope, src))
		return;
	for (u32 i = 0; i < w->link_cnt; i++)
		if (xb_fib_l3mdev_table(w, &w->links[i]) == table &&
		    select_on(w, w->links[i].ifindex, NULL, scope, src))
			return;
}

/* The address that packets to a hop have by themselves (cf. fib_info_update_nhc_saddr). */
static void
hop_src(const struct xb_world *w, const struct xb_world_route *r, const struct xb_world_hop *hop,
        u8 src[4])
{
	const struct xb_world_link *link = fib_hop_link(w, hop);

	memset(src, 0, 4);
	/* The first bytes of the gateway, of whatever family it is. */
	if (link)
		inet_select_addr(w, link, hop->gateway.bytes, r->scope, src);
}

void
xb_fib_src4(const struct xb_world *w, const struct xb_fib_result *res, u8 src[4])
{
	if (res->route->prefsrc.family)
		memcpy(src, res->route->prefsrc.bytes, 4);
	else
		hop_src(w, res->route, res->hop, src);
}

/*
 * A hop whose own address is the packet's source comes before one that the hash is for (cf.
 * net/ipv4/fib_semantics.c: fib_select_multipath, of 6.15 and later).
 */
void
fib4_select_path(const struct xb_world *w, const struct xb_fib_flow *flow,
                 struct xb_fib_result *res)
{
	const struct xb_world_route *r = res->route;
	bool has_src = !fib_addr_is_any(flow->src, 4);
	u32 hash;
	int best = -1;

	if (flow->oif || r->hop_cnt < 2)
		return;
	hash = fib_multipath_hash(w, flow);
	for (u32 i = 0; i < r->hop_cnt; i++) {
		s64 bound = fib_upper_bound(w, r, i);
		int score = (s64)hash <= bound ? 1 : 0;
		u8 src[4];

		if (bound < 0)
			continue;
		hop_src(w, r, &r->hops[i], src);
		if (has_src && !memcmp(src, flow->src, 4))
			score += 2;
		if (score > best) {
			best = score;
			res->hop = &r->hops[i];
			res->link = fib_hop_link(w, res->hop);
		}
	}
}

/* What an interface has; one without IPv6 has IPv6's least. */
static u32
link_mtu(const struct xb_world_link *link, u8 family)
{
	u32 least = family == AF_INET6 ? 1280 : 0;
	u32 most = IP_MAX_MTU + (family == AF_INET6 ? 40 : 0);

	if (link->mtu < least)
		return least;
	return link->mtu < most ? link->mtu : most;
}

/* A tunnel takes its part; all of it is left where that is more (cf. lwtunnel_headroom). */
u32
xb_fib_mtu(const struct xb_fib_result *res, u8 family)
{
	bool locked = res->route->mtu && res->route->mtu_lock;
	u32 mtu = locked ? res->route->mtu : link_mtu(res->link, family);
	u32 tunnel = res->hop->encap ? res->hop->encap_bytes : 0;

	return tunnel < mtu ? mtu - tunnel : mtu;
}
