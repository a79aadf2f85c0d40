/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_output.c - a packet's way out through an interface that is known already. */
#include "emu/fib_priv.h"

#include <errno.h>

static void
set_next(const struct xb_world *w, const struct xb_world_link *link,
         const struct xb_world_addr *gateway, const struct xb_fib_flow *flow,
         struct xb_fib_next *next)
{
	next->link = link;
	if (gateway && gateway->family) {
		next->addr = *gateway;
	} else {
		next->addr = (struct xb_world_addr){ .family = flow->family };
		memcpy(next->addr.bytes, flow->dst, flow->family == AF_INET ? 4 : 16);
	}
	next->neigh = xb_fib_neigh(w, link, &next->addr);
}

/* What a route to an address of this host, or one that refuses, is for a packet on its way out. */
static int
refuse(const struct xb_fib_result *res)
{
	switch (res->route->type) {
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_UNREACHABLE:
	case RTN_THROW:
		return -EHOSTUNREACH;
	default:
		return res->hop && res->link ? 0 : -ENETUNREACH;
	}
}

/*
 * IPv4 takes a destination without a route, or one that rules refuse, as on link: outside of VRFs,
 * and where the interface is said.
 */
static int
without_route(const struct xb_world *w, const struct xb_world_link *link, int err,
              const struct xb_fib_flow *flow, struct xb_fib_next *next)
{
	if (flow->family == AF_INET6 || flow->l3mdev)
		return err;
	next->route = NULL;
	set_next(w, link, NULL, flow, next);
	return 0;
}

int
xb_fib_output(const struct xb_world *w, struct xb_fib_flow *flow, struct xb_fib_next *next)
{
	const struct xb_world_link *link = xb_world_link(w, flow->oif);
	struct xb_fib_result res = { NULL, NULL, NULL };
	int ret;

	flow->iif = XB_WORLD_LOOPBACK;
	flow->no_src = flow->family == AF_INET6 && fib_addr_is_any(flow->src, 16);
	flow->strict = flow->no_src || (flow->family == AF_INET6 && fib_need_strict(flow->dst));
	if (!link)
		return -ENODEV;
	if (!link->up)
		return -ENETUNREACH;
	ret = xb_fib_lookup(w, flow, &res);
	if (ret)
		return without_route(w, link, ret, flow, next);
	ret = refuse(&res);
	if (ret)
		return ret;
	xb_fib_select_path(w, flow, &res);
	next->route = res.route;
	set_next(w, res.link, &res.hop->gateway, flow, next);
	return 0;
}
