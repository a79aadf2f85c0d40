/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/world.h"

#include "emu/sock_lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOPBACK_MTU 65536u
#define ETHER_BYTES  14u

struct xb_world *
xb_world_new(struct xb_err *err)
{
	static const struct xb_world_link lo = {
		.ifindex = XB_WORLD_LOOPBACK,
		.name = "lo",
		.mtu = LOOPBACK_MTU,
		.hard_header_len = ETHER_BYTES,
		.up = true,
	};
	struct xb_world *w = calloc(1, sizeof(*w));

	if (!w) {
		xb_err_errno(err, ENOMEM, "world");
		return NULL;
	}
	w->links = malloc(sizeof(*w->links));
	if (!w->links) {
		xb_err_errno(err, ENOMEM, "world");
		xb_world_free(w);
		return NULL;
	}
	w->links[0] = lo;
	w->link_cnt = 1;
	w->netns_cookie = 1;
	w->tcp_syncookies = 1;
	return w;
}

void
xb_world_free(struct xb_world *w)
{
	if (!w)
		return;
	for (u32 i = 0; i < w->sock_cnt; i++)
		xb_sock_free(w->socks[i].sock);
	for (u32 i = 0; i < w->route_cnt; i++)
		free(w->routes[i].hops);
	free(w->links);
	free(w->addrs);
	free(w->routes);
	free(w->rules);
	free(w->neighs);
	free(w->socks);
	free(w->cgroups);
	free(w->cts);
	free(w->xfrms);
	free(w->tunnels);
	free(w);
}

int
xb_world_set(struct xb_emu *emu, struct xb_world *w, struct xb_err *err)
{
	for (u32 i = 0; i < w->sock_cnt; i++) {
		struct xb_world_sock *s = &w->socks[i];

		s->sock = xb_sock_new(emu, err);
		if (!s->sock)
			return -1;
		xb_world_sock_fill(s);
		xb_sock_set(s->sock, &s->info);
		s->sock->v6only = s->v6only;
		s->sock->reuseport = s->reuseport;
	}
	xb_world_free(emu->world);
	emu->world = w;
	return 0;
}

bool
xb_world_has_ifindex(const struct xb_world *w, u32 ifindex)
{
	return w->given ? xb_world_link(w, ifindex) != NULL : ifindex > 0 && ifindex <= INT32_MAX;
}

const struct xb_world_link *
xb_world_link_named(const struct xb_world *w, const char *name)
{
	for (u32 i = 0; i < w->link_cnt; i++)
		if (!strcmp(w->links[i].name, name))
			return &w->links[i];
	return NULL;
}

const struct xb_world_neigh *
xb_world_neigh(const struct xb_world *w, u32 ifindex, const struct xb_world_addr *addr)
{
	for (u32 i = 0; i < w->neigh_cnt; i++) {
		const struct xb_world_neigh *n = &w->neighs[i];

		if (n->ifindex == ifindex && n->addr.family == addr->family &&
		    !memcmp(n->addr.bytes, addr->bytes, sizeof(addr->bytes)))
			return n;
	}
	return NULL;
}
