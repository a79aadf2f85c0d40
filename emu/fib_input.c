/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_input.c - what becomes of a packet that came in: its route, as far as it is an error or not.
 */
#include "emu/fib_priv.h"

#include <errno.h>

/* Tables come to be with their first route, or rule (cf. net/ipv6/ip6_fib.c: fib6_get_table). */
static bool
has_table(const struct xb_world *w, u32 table)
{
	if (table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL)
		return true;
	for (u32 i = 0; i < w->route_cnt; i++)
		if (w->routes[i].dst.family == AF_INET6 && w->routes[i].table == table)
			return true;
	for (u32 i = 0; i < w->rule_cnt; i++)
		if (w->rules[i].family == AF_INET6 && w->rules[i].table == table)
			return true;
	return false;
}

/* Routes to addresses of this host lead to the loopback; in a VRF, to its interface. */
static bool
is_of_loopback(const struct xb_world *w, const struct xb_fib_result *res)
{
	const struct xb_world_route *r = res->route;
	bool here = r->type == RTN_LOCAL || r->type == RTN_ANYCAST;
	bool in_vrf = res->link && xb_fib_l3mdev_table(w, res->link) &&
	              (res->link->vrf_table || !fib_need_strict(r->dst.bytes));

	if (here)
		return !in_vrf;
	return res->link && res->link->ifindex == XB_WORLD_LOOPBACK;
}

/* cf. net/ipv6/route.c: fib6_prop, ip6_rt_get_dev_rcu */
static int
error_of(const struct xb_world *w, const struct xb_fib_result *res)
{
	switch (res->route->type) {
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_THROW:
		return -EAGAIN;
	default:
		return is_of_loopback(w, res) ? -EINVAL : 0;
	}
}

/* Of a world that nobody gave, the one address that every machine has. */
static bool
is_loopback(const struct xb_world *w, u32 table, const struct xb_fib_flow *flow)
{
	bool looked_at = table ? table == RT_TABLE_LOCAL : flow->iif == XB_WORLD_LOOPBACK;

	return !w->given && looked_at && fib_addr_is_any(flow->dst, 15) && flow->dst[15] == 1;
}

int
xb_fib_input6(const struct xb_world *w, u32 table, struct xb_fib_flow *flow)
{
	struct xb_fib_result res = { NULL, NULL, NULL };
	int ret;

	if (is_loopback(w, table, flow) || (table && !has_table(w, table)))
		return -EINVAL;
	if (table) {
		flow->iif = 0; /* the interface it came in by chooses nothing */
		ret = xb_fib_lookup_table(w, table, flow, &res);
	} else {
		flow->strict = fib_need_strict(flow->dst);
		flow->routes = true;
		ret = xb_fib_lookup(w, flow, &res);
	}
	if (ret)
		return ret == -EAGAIN ? -ENETUNREACH : ret;
	xb_fib_select_path(w, flow, &res);
	return error_of(w, &res);
}
