/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_addr.c - addresses of interfaces, as `ip -j -d addr` prints them.
 */
#include "emu/world_priv.h"
#include "vm/bytes.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

struct addr_text {
	struct xb_world_ifaddr addr;
	u32 prefix;
	u8 family; /* as it says; 0: it does not */
};

#define DYNAMIC (1u << 31) /* no flag of Linux's: not IFA_F_PERMANENT */

static int
set_flag(struct world_reader *r, const struct xb_value *v, void *to)
{
	static const struct world_name flags[] = {
		{ "secondary", IFA_F_SECONDARY },
		{ "temporary", IFA_F_TEMPORARY },
		{ "nodad", IFA_F_NODAD },
		{ "optimistic", IFA_F_OPTIMISTIC },
		{ "dadfailed", IFA_F_DADFAILED },
		{ "home", IFA_F_HOMEADDRESS },
		{ "deprecated", IFA_F_DEPRECATED },
		{ "tentative", IFA_F_TENTATIVE },
		{ "mngtmpaddr", IFA_F_MANAGETEMPADDR },
		{ "noprefixroute", IFA_F_NOPREFIXROUTE },
		{ "autojoin", IFA_F_MCAUTOJOIN },
		{ "stable-privacy", IFA_F_STABLE_PRIVACY },
		{ "dynamic", DYNAMIC },
		{ NULL, 0 },
	};
	bool set = false;

	if (world_bool(r, v, &set) != 0)
		return -1;
	if (set)
		((struct addr_text *)to)->addr.flags |= world_find_name(flags, v->key)->number;
	return 0;
}

#define FLAG(name) WORLD_CALL(name, set_flag)

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_PREFIX("local", addr_text, addr.local),
	WORLD_ADDR("address", addr_text, addr.peer),
	WORLD_ADDR("broadcast", addr_text, addr.broadcast),
	WORLD_NUMBER("prefixlen", addr_text, prefix, 128),
	WORLD_NAME("family", addr_text, family, UINT8_MAX, world_families),
	WORLD_NAME("scope", addr_text, addr.scope, UINT8_MAX, world_scopes),
	WORLD_NUMBER("metric", addr_text, addr.metric, UINT32_MAX),
	WORLD_DEV("dev", addr_text, addr.ifindex),
	FLAG("secondary"), FLAG("temporary"), FLAG("nodad"), FLAG("optimistic"), FLAG("dadfailed"),
	FLAG("home"), FLAG("deprecated"), FLAG("tentative"), FLAG("mngtmpaddr"),
	FLAG("noprefixroute"), FLAG("autojoin"), FLAG("stable-privacy"), FLAG("dynamic"),
	WORLD_IGNORED("anycast"), WORLD_IGNORED("label"), WORLD_IGNORED("valid_life_time"),
	WORLD_IGNORED("preferred_life_time"), 
	WORLD_IGNORED("homeaddress"), WORLD_IGNORED("protocol"),
	WORLD_IGNORED("ifa_flags"), WORLD_IGNORED("cstamp"), WORLD_IGNORED("tstamp"),
	WORLD_IGNORED("cacheinfo"),
};
/* clang-format on */

/* With a peer, the prefix is the peer's. */
static int
check(struct world_reader *r, const struct xb_value *v, struct addr_text *t)
{
	struct xb_world_ifaddr *a = &t->addr;
	const struct xb_value *prefix = xb_value_member(v, "prefixlen");
	const struct xb_value *local = xb_value_member(v, "local");
	u8 bits;

	if (!local)
		return world_fail(r, v, "there is no \"local\"");
	bits = world_family_bits(a->local.family);
	if (prefix && t->prefix > bits)
		return world_fail(r, prefix, "%u is more than %u", t->prefix, bits);
	if (prefix && a->local.prefix != bits)
		return world_fail(r, prefix, "\"local\" has a length too");
	if (prefix)
		a->local.prefix = (u8)t->prefix;
	if (t->family && t->family != a->local.family)
		return world_fail(r, local, "is of another family");
	if (a->peer.family && a->peer.family != a->local.family)
		return world_fail(r, xb_value_member(v, "address"), "is of another family");
	if (a->broadcast.family && a->local.family != AF_INET)
		return world_fail(r, xb_value_member(v, "broadcast"), "IPv6 has no broadcast");
	if (a->broadcast.family && a->broadcast.family != AF_INET)
		return world_fail(r, xb_value_member(v, "broadcast"), "is of another family");
	if (a->peer.family)
		a->peer.prefix = a->local.prefix;
	if (!(a->flags & DYNAMIC))
		a->flags |= IFA_F_PERMANENT;
	a->flags &= ~(u32)DYNAMIC;
	return 0;
}

static int
add_address(struct world_reader *r, const struct xb_value *v, u32 ifindex)
{
	struct addr_text t = { .addr.ifindex = ifindex };
	struct xb_world_ifaddr *a;
	u8 key[4 + 2 * sizeof(t.addr.local)];
	int seen;

	if (v->kind == XB_VALUE_OBJECT && xb_value_member(v, "anycast"))
		return 0;
	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &t) != 0 || check(r, v, &t) != 0)
		return -1;
	if (t.addr.ifindex != ifindex)
		return world_fail(r, xb_value_member(v, "dev"), "is another interface");
	xb_st32(key, ifindex);
	memcpy(key + 4, &t.addr.local, sizeof(t.addr.local));
	memcpy(key + 4 + sizeof(t.addr.local), &t.addr.peer, sizeof(t.addr.peer));
	seen = world_seen(r, "address", key, sizeof(key));
	if (seen)
		return seen < 0 ? -1 : world_fail(r, v, "the interface has this address already");
	a = world_add(r, &r->w->addrs, &r->w->addr_cnt, sizeof(*a));
	if (!a)
		return -1;
	*a = t.addr;
	return 0;
}

int
world_read_addr_info(struct world_reader *r, const struct xb_value *v, u32 ifindex)
{
	if (v->kind == XB_VALUE_OBJECT)
		return add_address(r, v, ifindex);
	if (v->kind != XB_VALUE_ARRAY)
		return world_fail(r, v, "expected an array");
	for (const struct xb_value *e = v->first; e; e = e->next)
		if (e->cnt && add_address(r, e, ifindex) != 0)
			return -1;
	return 0;
}
