/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib6.c - IPv6: a table's best route and its hop.
 *
 * Routes to one prefix make up a node, and those of one node from a longer prefix of sources come
 * before those from a shorter one. The hops of a route are routes of their own there, siblings.
 */
#include "emu/fib_priv.h"

#include <errno.h>

/* What a node's routes have in common: the lengths of both prefixes. */
struct node {
	s32 dst_bits, src_bits;
};

/* The best hop so far in a search through a node. */
struct search {
	const struct xb_world *w;
	u32 table, oif;
	const struct xb_fib_flow *flow;
	struct node node;
	s32 score; /* of the best */
	struct xb_fib_result *res;
};

static bool
in_table(const struct xb_world_route *r, u32 table, const u8 *dst)
{
	return r->dst.family == AF_INET6 && r->table == table && fib_prefix_has(&r->dst, dst);
}

static s32
src_bits(const struct xb_world_route *r)
{
	return r->src.family ? r->src.prefix : 0;
}

static bool
is_after(const struct node *a, const struct node *b)
{
	if (a->dst_bits != b->dst_bits)
		return a->dst_bits < b->dst_bits;
	return a->src_bits < b->src_bits;
}

/* The next node on the way back to the root, false where there is none (cf. fib6_backtrack). */
static bool
next_node(const struct search *s, struct node *node)
{
	struct node best = { -1, -1 };

	for (u32 i = 0; i < s->w->route_cnt; i++) {
		const struct xb_world_route *r = &s->w->routes[i];
		const struct node n = { r->dst.prefix, src_bits(r) };

		if (in_table(r, s->table, s->flow->dst) && fib_prefix_has(&r->src, s->flow->src) &&
		    is_after(&n, node) && is_after(&best, &n))
			best = n;
	}
	*node = best;
	return best.dst_bits >= 0;
}

/* cf. net/ipv6/route.c: rt6_score_route, without reachability; RFC 4191 */
static s32
score_route(const struct xb_world_route *r, u32 ifindex, u32 oif)
{
	return (r->pref + 2) << 2 | (!oif || oif == ifindex ? 2 : 0);
}

/* cf. net/ipv6/route.c: find_match */
static void
find_match(struct search *s, const struct xb_world_route *r, const struct xb_world_hop *hop)
{
	u32 ifindex = hop ? hop->ifindex : XB_WORLD_LOOPBACK;
	s32 score = score_route(r, ifindex, s->oif);

	if (s->flow->strict && s->oif != ifindex)
		return;
	if ((hop && fib_hop_is_dead(s->w, hop)) || score <= s->score)
		return;
	s->score = score;
	*s->res = (struct xb_fib_result){ r, hop, xb_world_link(s->w, ifindex) };
}

/* All routes of the node that have this metric, or all that have a greater one. */
static void
search_metric(struct search *s, u32 metric, bool greater)
{
	for (u32 i = 0; i < s->w->route_cnt; i++) {
		const struct xb_world_route *r = &s->w->routes[i];

		if (!in_table(r, s->table, s->flow->dst) || r->dst.prefix != s->node.dst_bits ||
		    src_bits(r) != s->node.src_bits || !fib_prefix_has(&r->src, s->flow->src) ||
		    (greater ? r->metric <= metric : r->metric != metric))
			continue;
		if (r->hop_cnt == 0 && r->type != RTN_UNICAST)
			find_match(s, r, NULL);
		for (u32 h = 0; h < r->hop_cnt; h++)
			find_match(s, r, &r->hops[h]);
	}
}

static u32
least_metric(const struct search *s)
{
	u32 least = UINT32_MAX;

	for (u32 i = 0; i < s->w->route_cnt; i++) {
		const struct xb_world_route *r = &s->w->routes[i];

		if (in_table(r, s->table, s->flow->dst) && r->dst.prefix == s->node.dst_bits &&
		    src_bits(r) == s->node.src_bits && fib_prefix_has(&r->src, s->flow->src) &&
		    r->metric < least)
			least = r->metric;
	}
	return least;
}

/*
 * The routes of the least metric come first. Where none of these can be used, Linux has no more
 * regard for metrics: the best of all others is taken (cf. net/ipv6/route.c: find_rr_leaf).
 */
static bool
search_node(struct search *s)
{
	u32 metric = least_metric(s);

	s->score = -1;
	search_metric(s, metric, false);
	if (s->score < 0)
		search_metric(s, metric, true);
	return s->score >= 0;
}

/* Whether some routes to this destination are for certain sources. */
static bool
has_subtree(const struct search *s)
{
	for (u32 i = 0; i < s->w->route_cnt; i++) {
		const struct xb_world_route *r = &s->w->routes[i];

		if (in_table(r, s->table, s->flow->dst) && r->dst.prefix == s->node.dst_bits &&
		    src_bits(r) > 0)
			return true;
	}
	return false;
}

/*
 * Until a first node was found, one with routes for certain sources is passed by where these are
 * for others: its routes for all sources too (cf. net/ipv6/ip6_fib.c: fib6_node_lookup_1).
 */
int
fib6_table_lookup(const struct xb_world *w, u32 table, u32 oif, const struct xb_fib_flow *flow,
                  struct xb_fib_result *res)
{
	struct search s = {
		.w = w, .table = table, .oif = oif, .flow = flow, .node = { 129, 129 }, .res = res
	};
	bool found = false;

	while (next_node(&s, &s.node)) {
		if (!found && s.node.src_bits == 0 && has_subtree(&s))
			continue;
		found = true;
		if (search_node(&s))
			return 0;
	}
	return -EAGAIN;
}

/* Nothing is chosen for a flow that goes out through an interface. */
void
fib6_select_path(const struct xb_world *w, const struct xb_fib_flow *flow,
                 struct xb_fib_result *res)
{
	const struct xb_world_route *r = res->route;
	u32 hash;

	if (flow->oif || r->hop_cnt < 2)
		return;
	hash = fib_multipath_hash(w, flow);
	for (u32 i = 0; i < r->hop_cnt; i++) {
		if ((s64)hash > fib_upper_bound(w, r, i))
			continue;
		res->hop = &r->hops[i];
		res->link = fib_hop_link(w, res->hop);
		return;
	}
}
