/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_route.c - routes, as `ip -j -d route show table all` prints them, for IPv4 and IPv6.
 */
#include "emu/world_priv.h"
#include "vm/bytes.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IP6_PRIO_USER 1024u /* cf. include/net/ip6_route.h: IP6_RT_PRIO_USER */

struct route_text {
	struct xb_world_route route;
	struct xb_world_hop hop;
	const struct xb_value *nexthops; /* or NULL */
	u8 family;                       /* as it says; 0: it does not */
};

static const struct world_name types[] = {
	{ "unicast", RTN_UNICAST },
	{ "local", RTN_LOCAL },
	{ "broadcast", RTN_BROADCAST },
	{ "anycast", RTN_ANYCAST },
	{ "multicast", RTN_MULTICAST },
	{ "blackhole", RTN_BLACKHOLE },
	{ "unreachable", RTN_UNREACHABLE },
	{ "prohibit", RTN_PROHIBIT },
	{ "throw", RTN_THROW },
	{ NULL, 0 },
};

/* Only the kernel's own matter. */
static const struct world_name protocols[] = { { "kernel", RTPROT_KERNEL }, { NULL, 0 } };

static const struct world_name hop_flags[] = { { "dead", RTNH_F_DEAD },
	                                       { "linkdown", RTNH_F_LINKDOWN },
	                                       { "onlink", RTNH_F_ONLINK },
	                                       { NULL, 0 } };

/* A prefix; "default" has a length of 0, and the family of the rest. */
static int
set_dst(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct route_text *t = to;

	if (v->kind == XB_VALUE_STRING && !strcmp(v->text, "default"))
		return 0;
	return world_address(r, v, true, &t->route.dst);
}

static int
set_type(struct world_reader *r, const struct xb_value *v, void *to)
{
	u32 n = 0;

	if (world_named(r, v, types, RTN_MAX, &n) != 0)
		return -1;
	((struct route_text *)to)->route.type = (u8)n;
	return n == RTN_UNSPEC || n > RTN_THROW ? world_fail(r, v, "is not emulated") : 0;
}

static int
set_table(struct world_reader *r, const struct xb_value *v, void *to)
{
	return world_table(r, v, &((struct route_text *)to)->route.table);
}

static int
set_protocol(struct world_reader *r, const struct xb_value *v, void *to)
{
	u64 n = 0;
	const struct world_name *row = world_find_name(protocols, v->text);

	if (v->kind == XB_VALUE_NUMBER && world_number(r, v, UINT8_MAX, &n) != 0)
		return -1;
	if (v->kind != XB_VALUE_NUMBER && v->kind != XB_VALUE_STRING)
		return world_fail(r, v, "expected a name");
	if (row)
		n = row->number;
	else if (v->kind == XB_VALUE_STRING)
		n = strtoull(v->text, NULL, 10) & UINT8_MAX;
	((struct route_text *)to)->route.protocol = (u8)n;
	return 0;
}

static int
set_gateway(struct world_reader *r, const struct xb_value *v, void *to)
{
	return world_address(r, v, false, &((struct xb_world_hop *)to)->gateway);
}

/* A gateway of another family than the route: {"family": "inet6", "host": "fe80::1"} */
static int
set_via(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct {
		u8 family;
		struct xb_world_addr host;
	} via = { 0 };
	const struct world_key keys[] = {
		{ .name = "family",
		  .kind = WORLD_KEY_NAME,
		  .bytes = 1,
		  .max = UINT8_MAX,
		  .names = world_families },
		{ .name = "host",
		  .kind = WORLD_KEY_ADDR,
		  .off = (size_t)((u8 *)&via.host - (u8 *)&via),
		  .bytes = sizeof(via.host) },
	};

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &via) != 0 ||
	    world_require(r, v, "host") != 0)
		return -1;
	if (via.family && via.family != via.host.family)
		return world_fail(r, v, "the address is of another family");
	((struct xb_world_hop *)to)->gateway = via.host;
	return 0;
}

/* IPv6's preference among routers, which iproute2 prints for every route. */
static int
set_pref(struct world_reader *r, const struct xb_value *v, void *to)
{
	static const struct world_name prefs[] = {
		{ "low", 0 }, { "medium", 1 }, { "high", 2 }, { NULL, 0 }
	};
	const struct world_name *row = world_find_name(prefs, v->text);

	if (!row)
		return world_fail(r, v, "expected low, medium or high");
	((struct route_text *)to)->route.pref = (s8)((s32)row->number - 1);
	return 0;
}

static int
set_hop_flags(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_hop *hop = to;

	if (v->kind != XB_VALUE_ARRAY)
		return world_fail(r, v, "expected an array");
	for (const struct xb_value *e = v->first; e; e = e->next) {
		const struct world_name *row;

		if (e->kind != XB_VALUE_STRING)
			return world_fail(r, e, "expected a string");
		row = world_find_name(hop_flags, e->text);
		hop->dead |= row && row->number == RTNH_F_DEAD;
		hop->linkdown |= row && row->number == RTNH_F_LINKDOWN;
		hop->onlink |= row && row->number == RTNH_F_ONLINK;
	}
	return 0;
}

/* With an encapsulation its own keys follow. */
static int
set_encap(struct world_reader *r, const struct xb_value *v, void *to)
{
	(void)r;
	(void)v;
	((struct xb_world_hop *)to)->encap = true;
	return 0;
}

/* clang-format off */
static const struct world_key hop_keys[] = {
	WORLD_CALL("gateway", set_gateway),
	WORLD_CALL("via", set_via),
	WORLD_DEV("dev", xb_world_hop, ifindex),
	WORLD_NUMBER("weight", xb_world_hop, weight, 256),
	WORLD_CALL("flags", set_hop_flags),
	WORLD_CALL("encap", set_encap),
	WORLD_NUMBER("encap_bytes", xb_world_hop, encap_bytes, UINT16_MAX),
	WORLD_IGNORED("realm"), WORLD_IGNORED("nh_info"), WORLD_IGNORED("id"),
};
/* clang-format on */

static int
on_hop(struct world_reader *r, const struct xb_value *v, void *to)
{
	return world_member(r, v, hop_keys, XB_ARRAY_SIZE(hop_keys),
	                    &((struct route_text *)to)->hop);
}

/* [{"mtu": 1400, ...}] */
static int
set_metrics(struct world_reader *r, const struct xb_value *v, void *to)
{
	/* clang-format off */
	static const struct world_key keys[] = {
		WORLD_NUMBER("mtu", route_text, route.mtu, UINT32_MAX),
		WORLD_IGNORED("lock"), WORLD_IGNORED("advmss"), WORLD_IGNORED("hoplimit"),
		WORLD_IGNORED("window"), WORLD_IGNORED("rtt"), WORLD_IGNORED("rttvar"),
		WORLD_IGNORED("ssthresh"), WORLD_IGNORED("cwnd"), WORLD_IGNORED("reordering"),
		WORLD_IGNORED("initcwnd"), WORLD_IGNORED("initrwnd"), WORLD_IGNORED("rto_min"),
		WORLD_IGNORED("quickack"), WORLD_IGNORED("congctl"), WORLD_IGNORED("congestion"),
		WORLD_IGNORED("features"), WORLD_IGNORED("fastopen_no_cookie"), WORLD_IGNORED("ecn"),
		WORLD_IGNORED("tcp_usec_ts"),
	};
	/* clang-format on */

	if (v->kind != XB_VALUE_ARRAY)
		return world_fail(r, v, "expected an array");
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (world_object(r, e, keys, XB_ARRAY_SIZE(keys), to) != 0)
			return -1;
	return 0;
}

static int
set_nexthops(struct world_reader *r, const struct xb_value *v, void *to)
{
	if (v->kind != XB_VALUE_ARRAY || !v->first)
		return world_fail(r, v, "expected an array of at least one");
	((struct route_text *)to)->nexthops = v;
	return 0;
}

/* Realms come with names; only numbers are kept. "flow_from" goes to the upper half. */
static int
set_realm(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_route *route = &((struct route_text *)to)->route;
	u64 n = 0;

	if (world_number(r, v, UINT16_MAX, &n) != 0)
		return -1;
	route->realm |=
	        strcmp(v->key, "realm_from") && strcmp(v->key, "flow_from") ? (u32)n : (u32)n << 16;
	return 0;
}

static int
set_tos(struct world_reader *r, const struct xb_value *v, void *to)
{
	return world_dsfield(r, v, &((struct route_text *)to)->route.tos);
}

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_CALL("dst", set_dst),
	WORLD_PREFIX("from", route_text, route.src),
	WORLD_ADDR("prefsrc", route_text, route.prefsrc),
	WORLD_CALL("type", set_type),
	WORLD_CALL("table", set_table),
	WORLD_NAME("scope", route_text, route.scope, UINT8_MAX, world_scopes),
	WORLD_CALL("protocol", set_protocol),
	WORLD_CALL("tos", set_tos),
	WORLD_NUMBER("metric", route_text, route.metric, UINT32_MAX),
	WORLD_CALL("metrics", set_metrics),
	WORLD_CALL("realm", set_realm),
	WORLD_CALL("realm_from", set_realm),
	WORLD_CALL("flow_to", set_realm),
	WORLD_CALL("flow_from", set_realm),
	WORLD_CALL("pref", set_pref),
	WORLD_BOOL("mtu_lock", route_text, route.mtu_lock),
	WORLD_NAME("family", route_text, family, UINT8_MAX, world_families),
	WORLD_CALL("nexthops", set_nexthops),
	WORLD_CALL("gateway", on_hop),
	WORLD_CALL("via", on_hop),
	WORLD_CALL("dev", on_hop),
	WORLD_CALL("flags", on_hop),
	WORLD_CALL("encap", on_hop),
	WORLD_CALL("encap_bytes", on_hop),
	WORLD_IGNORED("nhid"), WORLD_IGNORED("nh_info"), WORLD_IGNORED("cache"), WORLD_IGNORED("error"),
	WORLD_IGNORED("expires"), WORLD_IGNORED("users"), WORLD_IGNORED("used"), WORLD_IGNORED("age"),
	WORLD_IGNORED("ttl-propagate"), WORLD_IGNORED("ipid"), WORLD_IGNORED("ts"),
	WORLD_IGNORED("tsage"), WORLD_IGNORED("uid"),
	WORLD_REFUSED("to"), WORLD_REFUSED("mark"), WORLD_REFUSED("iif"),
};
/* clang-format on */

/*
 * The first key behind those of an encapsulation. They have the names of the route's own (dst, src,
 * tos) and others of each kind.
 */
static const struct xb_value *
skip_encap(const struct xb_value *m)
{
	static const char *const next[] = { "gateway", "via",   "dev",    "table",  "protocol",
		                            "scope",   "flags", "metric", "weight", "encap_bytes" };

	for (; m; m = m->next)
		for (size_t i = 0; i < XB_ARRAY_SIZE(next); i++)
			if (!strcmp(m->key, next[i]))
				return m;
	return NULL;
}

/* As world_object(), but for the keys of an encapsulation. */
static int
read_encap(struct world_reader *r, const struct xb_value *v, const struct world_key *rows,
           size_t row_cnt, void *to)
{
	const struct xb_value *m = v->first;

	while (m) {
		if (world_member(r, m, rows, row_cnt, to) != 0)
			return -1;
		m = strcmp(m->key, "encap") ? m->next : skip_encap(m->next);
	}
	return 0;
}

static int
read_rows(struct world_reader *r, const struct xb_value *v, const struct world_key *rows,
          size_t row_cnt, void *to)
{
	return xb_value_member(v, "encap") ? read_encap(r, v, rows, row_cnt, to)
	                                   : world_object(r, v, rows, row_cnt, to);
}

/* Of what the route says, in the order of certainty; that of the file where it says nothing. */
static u8
family_of(const struct world_reader *r, const struct xb_value *v, const struct route_text *t)
{
	const u8 said[] = { t->route.dst.family, t->route.src.family, t->route.prefsrc.family,
		            t->family, r->family };

	for (size_t i = 0; i < XB_ARRAY_SIZE(said); i++)
		if (said[i])
			return said[i];
	if (xb_value_member(v, "pref"))
		return AF_INET6;
	return t->hop.gateway.family ? t->hop.gateway.family : AF_INET;
}

static int
check_family(struct world_reader *r, const struct xb_value *v, const struct route_text *t,
             u8 family)
{
	if (t->family && t->family != family)
		return world_fail(r, xb_value_member(v, "family"), "\"dst\" is of another family");
	if (r->family && r->family != family)
		return world_fail(r, v, "is of another family than the rest");
	if (t->route.src.family && t->route.src.family != family)
		return world_fail(r, xb_value_member(v, "from"), "is of another family");
	if (t->route.src.family == AF_INET)
		return world_fail(r, xb_value_member(v, "from"), "IPv4 routes have no source");
	if (t->route.prefsrc.family && t->route.prefsrc.family != family)
		return world_fail(r, xb_value_member(v, "prefsrc"), "is of another family");
	return 0;
}

static int
check_hop(struct world_reader *r, const struct xb_value *v, const struct xb_world_route *route,
          struct xb_world_hop *hop)
{
	const struct xb_world_link *link = xb_world_link(r->w, hop->ifindex);

	bool stays = route->type == RTN_LOCAL || route->type == RTN_ANYCAST;

	if (hop->gateway.family == AF_INET && route->dst.family == AF_INET6)
		return world_fail(r, v, "an IPv6 route has no IPv4 gateway");
	if (!hop->weight)
		hop->weight = 1;
	hop->dead |=
	        link && !link->up && !stays; /* cf. net/ipv4/fib_semantics.c: fib_sync_down_dev */
	return 0;
}

static int
add_hops(struct world_reader *r, const struct xb_value *v, const struct route_text *t,
         struct xb_world_route *route)
{
	struct xb_world_hop *hop;

	for (const struct xb_value *e = t->nexthops->first; e; e = e->next) {
		hop = world_add(r, &route->hops, &route->hop_cnt, sizeof(*hop));
		if (!hop)
			return -1;
		if (e->kind != XB_VALUE_OBJECT)
			return world_fail(r, e, "expected an object");
		if (read_rows(r, e, hop_keys, XB_ARRAY_SIZE(hop_keys), hop) != 0)
			return -1;
		if (!hop->ifindex)
			return world_fail(r, e, "there is no \"dev\"");
		if (check_hop(r, e, route, hop) != 0)
			return -1;
	}
	if (t->hop.ifindex)
		return world_fail(r, v, "there is a \"dev\" beside \"nexthops\"");
	return 0;
}

static int
add_hop(struct world_reader *r, const struct xb_value *v, const struct route_text *t,
        struct xb_world_route *route)
{
	bool needed = route->type != RTN_BLACKHOLE && route->type != RTN_UNREACHABLE &&
	              route->type != RTN_PROHIBIT && route->type != RTN_THROW;
	struct xb_world_hop *hop;

	if (!t->hop.ifindex && needed)
		return world_fail(r, v, "there is no \"dev\"");
	if (!t->hop.ifindex)
		return 0;
	hop = world_add(r, &route->hops, &route->hop_cnt, sizeof(*hop));
	if (!hop)
		return -1;
	*hop = t->hop;
	return check_hop(r, v, route, hop);
}

/* What is left out has the values of `ip route add`. */
static void
set_defaults(const struct xb_value *v, u8 family, struct route_text *t)
{
	struct xb_world_route *route = &t->route;

	if (!route->dst.family)
		route->dst = (struct xb_world_addr){ .family = family };
	world_mask(&route->dst);
	world_mask(&route->src);
	if (!xb_value_member(v, "type"))
		route->type = RTN_UNICAST;
	if (!xb_value_member(v, "table"))
		route->table = route->type == RTN_LOCAL || route->type == RTN_BROADCAST ||
		                               route->type == RTN_ANYCAST
		                       ? RT_TABLE_LOCAL
		                       : RT_TABLE_MAIN;
	if (!xb_value_member(v, "metric") && family == AF_INET6)
		route->metric =
		        route->type == RTN_LOCAL || route->type == RTN_ANYCAST ? 0 : IP6_PRIO_USER;
}

static void
note_told(struct world_reader *r, u8 family, const struct xb_world_route *route)
{
	struct world_told *told = &r->told[family == AF_INET6];

	if (route->table == RT_TABLE_LOCAL)
		told->local = true;
	else if (route->protocol == RTPROT_KERNEL)
		told->connected = true;
}

/* Whether the same route is there: in another table, or by another way, it is another. */
static int
is_there(struct world_reader *r, const struct xb_world_route *route)
{
	u8 key[4 * sizeof(u32) + 3 * sizeof(route->dst) + 8 + 64 * 32] = { 0 }, *p = key;
	const struct xb_world_addr *const addrs[] = { &route->dst, &route->src, &route->prefsrc };
	const u32 numbers[] = { route->table, route->metric, route->mtu, route->hop_cnt };
	const u8 small[] = { route->type, route->scope, route->tos, route->protocol };

	for (size_t i = 0; i < XB_ARRAY_SIZE(addrs); i++, p += sizeof(*addrs[i]))
		memcpy(p, addrs[i], sizeof(*addrs[i]));
	memcpy(p, numbers, sizeof(numbers));
	memcpy(p += sizeof(numbers), small, sizeof(small));
	p += sizeof(small);
	for (u32 i = 0; i < route->hop_cnt && i < 64; i++, p += 32) {
		xb_st32(p, route->hops[i].ifindex);
		memcpy(p + 4, &route->hops[i].gateway, sizeof(route->hops[i].gateway));
		xb_st32(p + 24, route->hops[i].weight);
	}
	return world_seen(r, "route", key, (size_t)(p - key));
}

/* `ip route show table all` shows IPv6's too, without -4: they come twice with those of -6. */
static int
keep_once(struct world_reader *r, const struct xb_value *v, struct xb_world_route *route)
{
	int seen = is_there(r, route);

	if (seen <= 0)
		return seen;
	if (!r->family)
		return world_fail(r, v, "the route is there already");
	free(route->hops);
	r->w->route_cnt--;
	return 0;
}

static int
read_route(struct world_reader *r, const struct xb_value *v)
{
	struct route_text t = { .route.table = RT_TABLE_MAIN };
	struct xb_world_route *route;
	u8 family;
	int rc;

	if (v->kind != XB_VALUE_OBJECT)
		return world_fail(r, v, "expected an object");
	if (read_rows(r, v, keys, XB_ARRAY_SIZE(keys), &t) != 0 || world_require(r, v, "dst") != 0)
		return -1;
	family = family_of(r, v, &t);
	if (check_family(r, v, &t, family) != 0)
		return -1;
	set_defaults(v, family, &t);
	note_told(r, family, &t.route);
	route = world_add(r, &r->w->routes, &r->w->route_cnt, sizeof(*route));
	if (!route)
		return -1;
	*route = t.route;
	rc = t.nexthops ? add_hops(r, v, &t, route) : add_hop(r, v, &t, route);
	return rc == 0 ? keep_once(r, v, route) : -1;
}

int
world_read_routes(struct world_reader *r, const struct xb_value *v)
{
	r->family = 0;
	return world_each(r, v, read_route);
}

int
world_read_routes6(struct world_reader *r, const struct xb_value *v)
{
	r->family = AF_INET6;
	return world_each(r, v, read_route);
}
