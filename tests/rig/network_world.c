/* SPDX-License-Identifier: BSD-2-Clause */
/* network_world.c - the rows of a network as a world. */
#include "tests/rig/network.h"

#include "tests/rig/network_priv.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PREFIX_METRIC6 256u

/* A name and the number it stands for. */
struct word {
	const char *name;
	u32 value;
};

static const struct word types[] = {
	{ "unicast", RTN_UNICAST },
	{ "blackhole", RTN_BLACKHOLE },
	{ "unreachable", RTN_UNREACHABLE },
	{ "prohibit", RTN_PROHIBIT },
	{ "throw", RTN_THROW },
	{ "local", RTN_LOCAL },
	{ NULL, 0 },
};
static const struct word actions[] = {
	{ "blackhole", FR_ACT_BLACKHOLE },
	{ "unreachable", FR_ACT_UNREACHABLE },
	{ "prohibit", FR_ACT_PROHIBIT },
	{ NULL, 0 },
};
static const struct word states[] = {
	{ "permanent", NUD_PERMANENT }, { "noarp", NUD_NOARP },
	{ "reachable", NUD_REACHABLE }, { "stale", NUD_STALE },
	{ "delay", NUD_DELAY },         { "probe", NUD_PROBE },
	{ "failed", NUD_FAILED },       { "incomplete", NUD_INCOMPLETE },
	{ "none", NUD_NONE },           { NULL, 0 },
};
static const struct word scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE },
	{ "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },
	{ NULL, 0 },
};
static const struct word protos[] = {
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ NULL, 0 },
};

static u32
value_of(const struct word *words, const char *name)
{
	for (; words->name; words++)
		if (!strcmp(words->name, name))
			return words->value;
	network_die("no such word", name);
}

struct xb_world_addr
network_addr(const char *text)
{
	struct xb_world_addr a = { .family = AF_UNSPEC };
	char name[64];
	char *slash;

	if (!text || !strcmp(text, "default"))
		return a;
	snprintf(name, sizeof(name), "%s", text);
	slash = strchr(name, '/');
	if (slash)
		*slash++ = 0;
	a.family = strchr(name, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a.family, name, a.bytes) != 1)
		network_die("no such address", name);
	a.prefix = (u8)(slash ? atoi(slash) : a.family == AF_INET ? 32 : 128);
	return a;
}

/* A list that grows: appends one element to `rows`, and returns it. */
static void *
append(void *rows, u32 *cnt, size_t bytes)
{
	void **list = rows;

	*list = realloc(*list, (*cnt + 1) * bytes);
	if (!*list)
		network_die("no memory", "rows");
	memset((u8 *)*list + *cnt * bytes, 0, bytes);
	return (u8 *)*list + (*cnt)++ * bytes;
}

static u32
ifindex_of(const struct xb_world *w, const char *name)
{
	const struct xb_world_link *link = xb_world_link_named(w, name);

	if (!link)
		network_die("no such interface", name);
	return link->ifindex;
}

static void
set_mac(u8 mac[6], const char *text)
{
	for (u32 i = 0; text && i < 6; i++)
		mac[i] = (u8)strtoul(text + 3 * i, NULL, 16);
}

static void
add_links(struct xb_world *w, const struct network *net)
{
	for (u32 i = 0; i < net->link_cnt; i++) {
		const struct net_link *row = &net->links[i];
		struct xb_world_link *l = append(&w->links, &w->link_cnt, sizeof(*l));

		*l = (struct xb_world_link){
			.ifindex = row->ifindex,
			.mtu = row->mtu ? row->mtu : 1500,
			.hard_header_len = 14,
			.up = !row->down,
			.forwarding4 = !row->no_forward4,
			.forwarding6 = !row->no_forward6,
			.peer = row->peer ? net->links[i + 1].ifindex : 0,
		};
		snprintf(l->name, sizeof(l->name), "%s", row->name);
		set_mac(l->mac, row->mac);
		memset(l->broadcast, 0xff, sizeof(l->broadcast));
	}
	for (u32 i = 0; i < net->link_cnt; i++)
		if (net->links[i].peer)
			w->links[2 + i].peer = net->links[i].ifindex;
}

static struct xb_world_route *
add_route(struct xb_world *w, u32 table, u8 type, const struct xb_world_addr *dst)
{
	struct xb_world_route *r = append(&w->routes, &w->route_cnt, sizeof(*r));

	r->dst = *dst;
	r->table = table;
	r->type = type;
	return r;
}

static struct xb_world_hop *
add_hop(struct xb_world_route *r, u32 ifindex)
{
	struct xb_world_hop *h = append(&r->hops, &r->hop_cnt, sizeof(*h));

	h->ifindex = ifindex;
	h->weight = 1;
	return h;
}

static void
mask_addr(struct xb_world_addr *a, bool ones)
{
	u32 bits = a->family == AF_INET ? 32 : 128;

	for (u32 i = a->prefix; i < bits; i++) {
		u8 bit = (u8)(0x80 >> (i % 8));

		if (ones)
			a->bytes[i / 8] |= bit;
		else
			a->bytes[i / 8] &= (u8)~bit;
	}
}

static bool
is_in(const struct xb_world *w, const struct xb_world_addr *dst, u32 table, u32 ifindex)
{
	for (u32 i = 0; i < w->route_cnt; i++)
		if (!memcmp(&w->routes[i].dst, dst, sizeof(*dst)) && w->routes[i].table == table &&
		    w->routes[i].hops[0].ifindex == ifindex)
			return true;
	return false;
}

/* cf. net/ipv4/fib_frontend.c: fib_add_ifaddr */
static void
add_routes4(struct xb_world *w, const struct xb_world_ifaddr *a)
{
	bool loopback = a->local.bytes[0] == 127;
	struct xb_world_addr host = a->local, net = a->local, all = a->local;
	struct xb_world_route *r;

	host.prefix = 32;
	r = add_route(w, RT_TABLE_LOCAL, RTN_LOCAL, &host);
	r->scope = RT_SCOPE_HOST;
	r->prefsrc = host;
	add_hop(r, a->ifindex);
	if (a->flags & IFA_F_SECONDARY)
		return;
	mask_addr(&net, false);
	mask_addr(&all, true);
	all.prefix = 32;
	if (a->local.prefix < 32) {
		r = add_route(w, loopback ? RT_TABLE_LOCAL : RT_TABLE_MAIN,
		              loopback ? RTN_LOCAL : RTN_UNICAST, &net);
		r->scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_LINK;
		r->prefsrc = host;
		add_hop(r, a->ifindex);
	}
	if (a->local.prefix < 31) {
		r = add_route(w, RT_TABLE_LOCAL, RTN_BROADCAST, &all);
		r->scope = RT_SCOPE_LINK;
		r->prefsrc = host;
		add_hop(r, a->ifindex);
	}
}

/* cf. net/ipv6/addrconf.c: __ipv6_ifa_notify, inet6_addr_add, addrconf_join_anycast */
static void
add_routes6(struct xb_world *w, const struct xb_world_ifaddr *a)
{
	const struct xb_world_link *link = xb_world_link(w, a->ifindex);
	struct xb_world_addr host = a->local, net = a->local;
	struct xb_world_route *r;

	host.prefix = 128;
	add_hop(add_route(w, RT_TABLE_LOCAL, RTN_LOCAL, &host), a->ifindex);
	mask_addr(&net, false);
	if (a->local.prefix == 128 || is_in(w, &net, RT_TABLE_MAIN, a->ifindex))
		return;
	r = add_route(w, RT_TABLE_MAIN, RTN_UNICAST, &net);
	r->metric = PREFIX_METRIC6;
	add_hop(r, a->ifindex);
	net.prefix = 128;
	if (link->forwarding6 && a->local.prefix < 127)
		add_hop(add_route(w, RT_TABLE_LOCAL, RTN_ANYCAST, &net), a->ifindex);
}

/* A second address of a network that an interface has one of (cf. __inet_insert_ifa). */
static bool
is_secondary(const struct xb_world *w, u32 ifindex, const struct xb_world_addr *addr)
{
	struct xb_world_addr net = *addr;

	mask_addr(&net, false);
	for (u32 i = 0; i < w->addr_cnt; i++) {
		struct xb_world_addr other = w->addrs[i].local;

		mask_addr(&other, false);
		if (w->addrs[i].ifindex == ifindex && !memcmp(&net, &other, sizeof(net)))
			return true;
	}
	return false;
}

static void
add_addr(struct xb_world *w, const struct net_addr *row)
{
	struct xb_world_addr addr = network_addr(row->addr);
	u32 ifindex = ifindex_of(w, row->link);
	bool second = addr.family == AF_INET && is_secondary(w, ifindex, &addr);
	struct xb_world_ifaddr *a = append(&w->addrs, &w->addr_cnt, sizeof(*a)), *first = w->addrs;
	struct xb_world_ifaddr made;

	*a = (struct xb_world_ifaddr){ .ifindex = ifindex, .local = addr };
	a->flags = (row->deprecated ? IFA_F_DEPRECATED : 0u) | (second ? IFA_F_SECONDARY : 0u);
	a->scope = row->scope ? (u8)value_of(scopes, row->scope) : 0;
	made = *a;
	if (xb_world_link(w, ifindex)->up) {
		if (addr.family == AF_INET)
			add_routes4(w, &made);
		else
			add_routes6(w, &made);
	}
	/* Of IPv6's addresses the last one comes first (cf. ipv6_link_dev_addr). */
	if (addr.family != AF_INET6)
		return;
	memmove(first + 1, first, (w->addr_cnt - 1) * sizeof(*first));
	first[0] = made;
}

static u8
scope_of(const struct net_route *row, u8 type)
{
	if (type == RTN_LOCAL)
		return RT_SCOPE_HOST;
	return type == RTN_UNICAST && !row->hops[0].via ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
}

static void
add_routes(struct xb_world *w, const struct network *net)
{
	for (u32 i = 0; i < net->route_cnt; i++) {
		const struct net_route *row = &net->routes[i];
		u8 type = (u8)value_of(types, row->type ? row->type : "unicast");
		struct xb_world_addr dst = network_addr(row->dst);
		struct xb_world_route *r;

		if (!dst.family)
			dst.family =
			        row->from || (row->hops[0].via && strchr(row->hops[0].via, ':'))
			                ? AF_INET6
			                : AF_INET;
		r = add_route(w, row->table ? row->table : RT_TABLE_MAIN, type, &dst);
		r->src = network_addr(row->from);
		r->prefsrc = network_addr(row->src);
		r->scope = scope_of(row, type);
		r->metric = row->metric;
		r->tos = row->tos;
		r->mtu = row->mtu;
		r->mtu_lock = row->mtu_lock != 0;
		r->pref = row->pref;
		for (u32 h = 0; h < XB_ARRAY_SIZE(row->hops) && row->hops[h].dev; h++) {
			const struct net_hop *from = &row->hops[h];
			struct xb_world_hop *hop = add_hop(r, ifindex_of(w, from->dev));

			hop->gateway = network_addr(from->via);
			hop->weight = from->weight ? from->weight : 1;
			hop->encap = row->encap != NULL;
			hop->encap_bytes = row->encap_bytes;
			hop->dead = from->down;
		}
	}
}

static struct xb_world_rule *
new_rule(struct xb_world *w, u8 family, u32 priority, u32 table)
{
	struct xb_world_rule *r = append(&w->rules, &w->rule_cnt, sizeof(*r));

	r->family = family;
	r->priority = priority;
	r->table = table;
	r->action = FR_ACT_TO_TBL;
	r->suppress_prefixlength = -1;
	return r;
}

static void
add_rule(struct xb_world *w, const struct net_rule *row)
{
	struct xb_world_rule *r =
	        new_rule(w, row->ip6 ? AF_INET6 : AF_INET, row->priority, row->table);

	r->src = network_addr(row->from);
	r->dst = network_addr(row->to);
	snprintf(r->iif, sizeof(r->iif), "%s", row->iif ? row->iif : "");
	snprintf(r->oif, sizeof(r->oif), "%s", row->oif ? row->oif : "");
	r->mark = row->mark;
	r->mark_mask = row->mask;
	r->tos = row->tos;
	r->invert = row->invert;
	r->action = row->action ? (u8)value_of(actions, row->action) : FR_ACT_TO_TBL;
	r->suppress_prefixlength = row->suppress ? 0 : -1;
	r->ip_proto = row->proto ? (u8)value_of(protos, row->proto) : 0;
	r->sport_from = row->sport[0];
	r->sport_to = row->sport[1];
	r->dport_from = row->dport[0];
	r->dport_to = row->dport[1];
}

static void
add_rules(struct xb_world *w, const struct network *net)
{
	for (u32 ip6 = 0; ip6 < 2; ip6++) {
		u8 family = ip6 ? AF_INET6 : AF_INET;

		new_rule(w, family, 0, RT_TABLE_LOCAL);
		for (u32 i = 0; i < net->rule_cnt; i++)
			if (net->rules[i].ip6 == ip6)
				add_rule(w, &net->rules[i]);
		new_rule(w, family, 32766, RT_TABLE_MAIN);
		if (!ip6)
			new_rule(w, family, 32767, RT_TABLE_DEFAULT);
	}
}

static void
add_neighs(struct xb_world *w, const struct network *net)
{
	for (u32 i = 0; i < net->neigh_cnt; i++) {
		const struct net_neigh *row = &net->neighs[i];
		struct xb_world_neigh *n = append(&w->neighs, &w->neigh_cnt, sizeof(*n));

		n->ifindex = ifindex_of(w, row->dev);
		n->addr = network_addr(row->addr);
		n->addr.prefix = 0;
		n->state = (u16)value_of(states, row->nud);
		set_mac(n->mac, row->mac);
	}
}

/* cf. net/ipv6/addrconf.c: addrconf_add_mroute */
static void
add_multicast6(struct xb_world *w)
{
	const struct xb_world_addr all = { .family = AF_INET6, .bytes = { 0xff }, .prefix = 8 };

	for (u32 i = 0; i < w->link_cnt; i++) {
		struct xb_world_route *r;

		if (w->links[i].ifindex == XB_WORLD_LOOPBACK || !w->links[i].up)
			continue;
		r = add_route(w, RT_TABLE_LOCAL, RTN_MULTICAST, &all);
		r->metric = PREFIX_METRIC6;
		add_hop(r, w->links[i].ifindex);
	}
}

static void
set_down(struct xb_world *w)
{
	for (u32 i = 0; i < w->route_cnt; i++)
		for (u32 h = 0; h < w->routes[i].hop_cnt; h++)
			for (u32 l = 0; l < w->link_cnt && w->routes[i].hops[h].dead; l++)
				if (w->links[l].ifindex == w->routes[i].hops[h].ifindex)
					w->links[l].up = false;
}

struct xb_world *
network_world(const struct network *net, u64 netns_cookie)
{
	static const struct net_addr loopback[] = {
		{ .link = "lo", .addr = "127.0.0.1/8", .scope = "host" },
		{ .link = "lo", .addr = "::1/128", .scope = "host" },
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_world *w = xb_world_new(&err);

	if (!w)
		network_die("no memory", err.msg);
	w->given = true;
	w->netns_cookie = netns_cookie;
	w->multipath_seed = net->multipath_seed;
	w->multipath_policy4 = w->multipath_policy6 = (u8)net->multipath_policy;
	add_links(w, net);
	w->links[0].up = !net->lo_down;
	w->links[0].forwarding4 = w->links[0].forwarding6 = net->lo_forwards;
	for (u32 i = 0; i < XB_ARRAY_SIZE(loopback) && !net->lo_down; i++)
		add_addr(w, &loopback[i]);
	for (u32 i = 0; i < net->addr_cnt; i++)
		add_addr(w, &net->addrs[i]);
	add_routes(w, net);
	if (net->rule_cnt)
		add_rules(w, net);
	add_neighs(w, net);
	add_multicast6(w);
	set_down(w);
	network_add_socks(w, net);
	if (net->tcp_syncookies)
		w->tcp_syncookies = net->tcp_syncookies;
	return w;
}
