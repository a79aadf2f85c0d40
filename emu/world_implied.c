/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_implied.c - the routes that Linux adds for the addresses of interfaces.
 *
 * A family whose routes have none of table local gets what belongs there; one that has no other
 * route of the kernel's gets the connected ones. (cf. net/ipv4/fib_frontend.c: fib_add_ifaddr,
 * net/ipv6/addrconf.c: addrconf_prefix_route, addrconf_add_mroute)
 */
#include "emu/world_priv.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define IP6_PRIO_ADDRCONF 256u /* cf. include/net/ip6_route.h: IP6_RT_PRIO_ADDRCONF */

struct implied {
	struct xb_world_addr dst, prefsrc;
	u32 ifindex;
	u8 type, scope;
	u32 metric;
};

/* The table of the interface's VRF, or what is one without. */
static u32
table_of(const struct xb_world *w, u32 ifindex, u32 otherwise)
{
	const struct xb_world_link *link = xb_world_link(w, ifindex);
	const struct xb_world_link *master = xb_world_link(w, link->master);

	if (link->vrf_table)
		return link->vrf_table;
	return master && master->vrf_table ? master->vrf_table : otherwise;
}

static int
add(struct world_reader *r, const struct implied *i)
{
	const struct world_told *told = &r->told[i->dst.family == AF_INET6];
	bool connected = i->type == RTN_UNICAST;
	struct xb_world_route *route;
	struct xb_world_hop *hop;

	if (connected ? told->connected : told->local)
		return 0;
	route = world_add(r, &r->w->routes, &r->w->route_cnt, sizeof(*route));
	if (!route)
		return -1;
	*route = (struct xb_world_route){
		.dst = i->dst,
		.prefsrc = i->prefsrc,
		.table = table_of(r->w, i->ifindex, connected ? RT_TABLE_MAIN : RT_TABLE_LOCAL),
		.type = i->type,
		.scope = i->scope,
		.metric = i->metric,
		.protocol = RTPROT_KERNEL,
	};
	world_mask(&route->dst);
	hop = world_add(r, &route->hops, &route->hop_cnt, sizeof(*hop));
	if (!hop)
		return -1;
	*hop = (struct xb_world_hop){ .ifindex = i->ifindex, .weight = 1 };
	hop->linkdown = i->type != RTN_LOCAL && i->type != RTN_ANYCAST &&
	                xb_world_link(r->w, i->ifindex)->no_carrier;
	return 0;
}

static int
add_broadcast(struct world_reader *r, struct implied i, struct xb_world_addr dst)
{
	static const u8 all[4] = { 255, 255, 255, 255 };

	i.dst = dst;
	i.dst.prefix = 32;
	i.type = RTN_BROADCAST;
	i.scope = RT_SCOPE_LINK;
	i.metric = 0;
	return memcmp(dst.bytes, all, sizeof(all)) ? add(r, &i) : 0;
}

/* cf. net/ipv4/fib_frontend.c: fib_add_ifaddr */
static int
add_prefix4(struct world_reader *r, const struct xb_world_ifaddr *a, struct implied i,
            const struct xb_world_link *link)
{
	struct xb_world_addr last;
	bool loopback = !strcmp(link->name, "lo");

	i.dst = a->peer.family ? a->peer : a->local;
	world_mask(&i.dst);
	if (i.dst.bytes[0] == 0 || a->flags & IFA_F_SECONDARY ||
	    (i.dst.prefix == 32 && !memcmp(i.dst.bytes, a->local.bytes, 4)))
		return 0;
	i.type = loopback ? RTN_LOCAL : RTN_UNICAST;
	i.scope = loopback ? RT_SCOPE_HOST : RT_SCOPE_LINK;
	i.metric = a->metric;
	if (!(a->flags & IFA_F_NOPREFIXROUTE) && add(r, &i) != 0)
		return -1;
	if (i.dst.prefix >= 31)
		return 0;
	last = i.dst;
	for (u32 bit = i.dst.prefix; bit < 32; bit++)
		last.bytes[bit / 8] |= (u8)(0x80 >> bit % 8);
	if (a->broadcast.family && !memcmp(last.bytes, a->broadcast.bytes, 4))
		return 0; /* it is there */
	return add_broadcast(r, i, last);
}

/* The address that a secondary one shares its network with (cf. inet_ifa_byprefix). */
static const struct xb_world_ifaddr *
primary_of(const struct xb_world *w, const struct xb_world_ifaddr *a)
{
	struct xb_world_addr net = a->peer.family ? a->peer : a->local;

	world_mask(&net);
	for (u32 i = 0; a->flags & IFA_F_SECONDARY && i < w->addr_cnt; i++) {
		const struct xb_world_ifaddr *b = &w->addrs[i];
		struct xb_world_addr other = b->peer.family ? b->peer : b->local;

		world_mask(&other);
		if (b->ifindex == a->ifindex && !(b->flags & IFA_F_SECONDARY) &&
		    !memcmp(&other, &net, sizeof(net)))
			return b;
	}
	return a;
}

static int
add_routes4(struct world_reader *r, const struct xb_world_ifaddr *a)
{
	const struct xb_world_link *link = xb_world_link(r->w, a->ifindex);
	struct implied i = { .dst = a->local,
		             .prefsrc = primary_of(r->w, a)->local,
		             .ifindex = a->ifindex,
		             .type = RTN_LOCAL,
		             .scope = RT_SCOPE_HOST };

	i.dst.prefix = i.prefsrc.prefix = 32;
	if (add(r, &i) != 0)
		return -1;
	if (!link->up)
		return 0;
	if (a->broadcast.family && add_broadcast(r, i, a->broadcast) != 0)
		return -1;
	return add_prefix4(r, a, i, link);
}

/* The address of all routers of the network (cf. net/ipv6/addrconf.c: addrconf_join_anycast). */
static int
add_anycast6(struct world_reader *r, const struct xb_world_ifaddr *a)
{
	struct implied i = { .dst = a->local, .ifindex = a->ifindex, .type = RTN_ANYCAST };

	if (!xb_world_link(r->w, a->ifindex)->forwarding6 || a->local.prefix >= 127)
		return 0;
	world_mask(&i.dst);
	i.dst.prefix = 128;
	return add(r, &i);
}

/* Of the networks on link: that of the address, and the other end alone. */
static int
add_prefixes6(struct world_reader *r, const struct xb_world_ifaddr *a)
{
	struct implied i = { .dst = a->peer,
		             .ifindex = a->ifindex,
		             .type = RTN_UNICAST,
		             .metric = a->metric ? a->metric : IP6_PRIO_ADDRCONF };

	i.dst.prefix = 128;
	if (a->peer.family && add(r, &i) != 0)
		return -1;
	i.dst = a->local;
	if (a->flags & IFA_F_NOPREFIXROUTE || !strcmp(xb_world_link(r->w, a->ifindex)->name, "lo"))
		return 0;
	return add(r, &i);
}

/* cf. net/ipv6/addrconf.c: __ipv6_ifa_notify, inet6_addr_add */
static int
add_routes6(struct world_reader *r, const struct xb_world_ifaddr *a)
{
	struct implied i = { .dst = a->local, .ifindex = a->ifindex, .type = RTN_LOCAL };

	if (!xb_world_link(r->w, a->ifindex)->up || a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))
		return 0;
	i.dst.prefix = 128;
	if (add(r, &i) != 0 || add_prefixes6(r, a) != 0)
		return -1;
	return add_anycast6(r, a);
}

/* Every interface that is up and has IPv6 takes multicasts. */
static int
add_multicast6(struct world_reader *r, const struct xb_world_link *link)
{
	const struct implied i = { .dst = { .family = AF_INET6, .prefix = 8, .bytes = { 0xff } },
		                   .ifindex = link->ifindex,
		                   .type = RTN_MULTICAST,
		                   .metric = IP6_PRIO_ADDRCONF };

	if (!link->up || !strcmp(link->name, "lo"))
		return 0;
	for (u32 k = 0; k < r->w->addr_cnt; k++)
		if (r->w->addrs[k].ifindex == link->ifindex &&
		    r->w->addrs[k].local.family == AF_INET6)
			return add(r, &i);
	return 0;
}

/* A loopback that no file has is as Linux brings it up. */
static int
add_lo_addresses(struct world_reader *r)
{
	static const char *const text[] = { "127.0.0.1/8", "::1/128" };
	struct xb_world_ifaddr *a;

	if (!r->lo_implied)
		return 0;
	for (u32 k = 0; k < r->w->addr_cnt; k++)
		if (r->w->addrs[k].ifindex == XB_WORLD_LOOPBACK)
			return 0;
	for (size_t i = 0; i < XB_ARRAY_SIZE(text); i++) {
		a = world_add(r, &r->w->addrs, &r->w->addr_cnt, sizeof(*a));
		if (!a)
			return -1;
		a->ifindex = XB_WORLD_LOOPBACK;
		a->scope = RT_SCOPE_HOST;
		a->flags = IFA_F_PERMANENT;
		world_address_text(text[i], true, &a->local);
	}
	return 0;
}

struct sorted {
	struct xb_world_route route;
	u32 i;
};

static int
by_preference(const void *pa, const void *pb)
{
	const struct sorted *a = pa, *b = pb;
	const struct xb_world_route *x = &a->route, *y = &b->route;

	if (x->dst.prefix != y->dst.prefix)
		return x->dst.prefix < y->dst.prefix ? 1 : -1;
	if (x->src.prefix != y->src.prefix)
		return x->src.prefix < y->src.prefix ? 1 : -1;
	if (x->tos != y->tos)
		return x->tos < y->tos ? 1 : -1;
	if (x->metric != y->metric)
		return x->metric > y->metric ? 1 : -1;
	return a->i > b->i ? 1 : -1;
}

static int
sort_routes(struct world_reader *r)
{
	struct xb_world *w = r->w;
	struct sorted *all = calloc(w->route_cnt + 1, sizeof(*all));

	if (!all)
		return xb_err_errno(r->err, ENOMEM, "world");
	for (u32 i = 0; i < w->route_cnt; i++)
		all[i] = (struct sorted){ w->routes[i], i };
	qsort(all, w->route_cnt, sizeof(*all), by_preference);
	for (u32 i = 0; i < w->route_cnt; i++)
		w->routes[i] = all[i].route;
	free(all);
	return 0;
}

int
world_finish_routes(struct world_reader *r)
{
	if (add_lo_addresses(r) != 0)
		return -1;
	for (u32 i = 0; i < r->w->addr_cnt; i++) {
		const struct xb_world_ifaddr *a = &r->w->addrs[i];

		if ((a->local.family == AF_INET ? add_routes4(r, a) : add_routes6(r, a)) != 0)
			return -1;
	}
	for (u32 i = 0; i < r->w->link_cnt; i++)
		if (add_multicast6(r, &r->w->links[i]) != 0)
			return -1;
	return sort_routes(r);
}
