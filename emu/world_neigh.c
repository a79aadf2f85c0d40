/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_neigh.c - neighbours, as `ip -j -d neigh` prints them.
 */
#include "emu/world_priv.h"
#include "vm/bytes.h"

#include <linux/neighbour.h>
#include <string.h>

/* States in which the address is known (cf. include/net/neighbour.h: NUD_VALID). */
#define NUD_KNOWS_MAC (NUD_PERMANENT | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

static const struct world_name states[] = {
	{ "INCOMPLETE", NUD_INCOMPLETE },
	{ "REACHABLE", NUD_REACHABLE },
	{ "STALE", NUD_STALE },
	{ "DELAY", NUD_DELAY },
	{ "PROBE", NUD_PROBE },
	{ "FAILED", NUD_FAILED },
	{ "NOARP", NUD_NOARP },
	{ "PERMANENT", NUD_PERMANENT },
	{ "NONE", NUD_NONE },
	{ NULL, 0 },
};

/* An array of names, or one name. */
static int
set_state(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_neigh *n = to;
	u32 state = 0;

	if (v->kind == XB_VALUE_STRING) {
		if (world_named(r, v, states, UINT8_MAX, &state) != 0)
			return -1;
		n->state = (u16)state;
		return 0;
	}
	if (v->kind != XB_VALUE_ARRAY)
		return world_fail(r, v, "expected an array");
	for (const struct xb_value *e = v->first; e; e = e->next) {
		if (world_named(r, e, states, UINT8_MAX, &state) != 0)
			return -1;
		n->state |= (u16)state;
	}
	return 0;
}

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_ADDR("dst", xb_world_neigh, addr),
	WORLD_DEV("dev", xb_world_neigh, ifindex),
	WORLD_MAC("lladdr", xb_world_neigh, mac),
	WORLD_CALL("state", set_state),
	WORLD_IGNORED("proxy"), WORLD_IGNORED("router"), WORLD_IGNORED("extern_learn"),
	WORLD_IGNORED("extern_valid"), WORLD_IGNORED("managed"), WORLD_IGNORED("offload"),
	WORLD_IGNORED("protocol"), WORLD_IGNORED("used"), WORLD_IGNORED("confirmed"),
	WORLD_IGNORED("updated"), WORLD_IGNORED("probes"), WORLD_IGNORED("refcnt"),
	WORLD_IGNORED("vlan"), WORLD_IGNORED("vni"), WORLD_IGNORED("nhid"), WORLD_IGNORED("src_vni"),
};
/* clang-format on */

/* Without a state: what `ip neigh add` makes of it. */
static int
read_neighbour(struct world_reader *r, const struct xb_value *v)
{
	struct xb_world_neigh n = { 0 }, *to;
	u8 key[4 + sizeof(n.addr)];
	int seen;

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &n) != 0 ||
	    world_require(r, v, "dst") != 0 || world_require(r, v, "dev") != 0)
		return -1;
	/* One that answers for another (ip neigh show proxy) is none. */
	if (xb_value_member(v, "proxy"))
		return 0;
	if (!xb_value_member(v, "state") && xb_value_member(v, "lladdr"))
		n.state = NUD_PERMANENT;
	if (n.state & NUD_KNOWS_MAC && !xb_value_member(v, "lladdr"))
		return world_fail(r, v, "there is no \"lladdr\", which its state has");
	xb_st32(key, n.ifindex);
	memcpy(key + 4, &n.addr, sizeof(n.addr));
	seen = world_seen(r, "neighbour", key, sizeof(key));
	if (seen)
		return seen < 0 ? -1 : world_fail(r, v, "the neighbour is there already");
	to = world_add(r, &r->w->neighs, &r->w->neigh_cnt, sizeof(*to));
	if (!to)
		return -1;
	*to = n;
	return 0;
}

int
world_read_neighbours(struct world_reader *r, const struct xb_value *v)
{
	return world_each(r, v, read_neighbour);
}
