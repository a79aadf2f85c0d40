/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_src6.c - the source address for an IPv6 destination: RFC 6724, section 5, by the policy
 * table that Linux starts with (cf. net/ipv6/addrconf.c: ipv6_dev_get_saddr).
 *
 * Differs: temporary addresses are not preferred (net.ipv6.conf.NAME.use_tempaddr below 2), nor are
 * optimistic ones used like others.
 */
#include "emu/fib_priv.h"

#define SCOPE_LINK   2
#define SCOPE_SITE   5
#define SCOPE_GLOBAL 14

/* What a candidate has in each rule: the first that differs decides, the greater value wins. */
enum rule {
	RULE_LOCAL,     /* 1: it is the destination */
	RULE_SCOPE,     /* 2 */
	RULE_PREFERRED, /* 3: not deprecated */
	RULE_OIF,       /* 5: it is on the way out */
	RULE_LABEL,     /* 6 */
	RULE_PUBLIC,    /* 7: not a temporary one */
	RULE_ORCHID,    /* both are, or neither is (RFC 4843) */
	RULE_PREFIX,    /* 8: bits in common */
	RULE_ASSURED,   /* not optimistic (RFC 4429) */
	RULE_CNT
};

struct choice {
	const struct xb_world *w;
	const u8 *dst;
	u32 ifindex;
	const struct xb_world_ifaddr *best;
	s32 value[RULE_CNT]; /* of the best */
};

struct prefix {
	u8 bytes[4];
	u8 bits, label;
};

/* The policies whose prefix ends in the first four bytes, longest first; others: label_of(). */
static const struct prefix policies[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 32, 6 },  /* Teredo */
	{ { 0x20, 0x01, 0x00, 0x10 }, 28, 7 },  /* ORCHID */
	{ { 0x3f, 0xfe, 0x00, 0x00 }, 16, 12 }, /* 6bone */
	{ { 0x20, 0x02, 0x00, 0x00 }, 16, 2 },  /* 6to4 */
	{ { 0xfe, 0xc0, 0x00, 0x00 }, 10, 11 }, /* site-local */
	{ { 0xfc, 0x00, 0x00, 0x00 }, 7, 5 },   /* unique local */
};

static bool
is_loopback(const u8 *addr)
{
	return fib_addr_is_any(addr, 15) && addr[15] == 1;
}

static bool
is_mapped(const u8 *addr)
{
	return fib_addr_is_any(addr, 10) && addr[10] == 0xff && addr[11] == 0xff;
}

/* cf. net/ipv6/addrlabel.c: ip6addrlbl_init_table */
static s32
label_of(const u8 *addr)
{
	if (is_loopback(addr))
		return 0;
	if (is_mapped(addr))
		return 4;
	if (fib_addr_is_any(addr, 12))
		return 3;
	for (size_t i = 0; i < XB_ARRAY_SIZE(policies); i++)
		if (fib_prefix_equal(policies[i].bytes, addr, policies[i].bits))
			return policies[i].label;
	return 1;
}

/* Of a unicast address (cf. net/ipv6/addrconf_core.c: __ipv6_addr_type). */
static s32
scope_of(const u8 *addr)
{
	if (is_loopback(addr) || (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80))
		return SCOPE_LINK;
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0xc0 ? SCOPE_SITE : SCOPE_GLOBAL;
}

/* The least scope that is enough is best; of those that are not enough, the greatest. */
static s32
scope_value(const u8 *addr, const u8 *dst)
{
	s32 scope = scope_of(addr);

	return scope >= scope_of(dst) ? -scope : scope - 128;
}

static bool
is_orchid(const u8 *addr)
{
	return fib_prefix_equal(policies[1].bytes, addr, 28);
}

static s32
common_bits(const u8 *a, const u8 *b, u32 most)
{
	u32 bits = 0;

	while (bits < most && fib_prefix_equal(a, b, bits + 1))
		bits++;
	return (s32)bits;
}

/* cf. net/ipv6/addrconf.c: ipv6_get_saddr_eval */
static void
evaluate(const struct choice *c, const struct xb_world_ifaddr *a, s32 value[RULE_CNT])
{
	const u8 *addr = a->local.bytes;
	bool special = is_loopback(addr) || fib_addr_is_any(addr, 12) || is_mapped(addr);

	value[RULE_LOCAL] = !memcmp(addr, c->dst, 16);
	value[RULE_SCOPE] = scope_value(addr, c->dst);
	value[RULE_PREFERRED] = special || !(a->flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC));
	value[RULE_OIF] = a->ifindex == c->ifindex;
	value[RULE_LABEL] = label_of(addr) == label_of(c->dst);
	value[RULE_PUBLIC] = !(a->flags & IFA_F_TEMPORARY);
	value[RULE_ORCHID] = is_orchid(addr) == is_orchid(c->dst);
	value[RULE_PREFIX] = common_bits(addr, c->dst, a->local.prefix);
	value[RULE_ASSURED] = !(a->flags & IFA_F_OPTIMISTIC);
}

static bool
is_better(const struct choice *c, const s32 value[RULE_CNT])
{
	if (!c->best)
		return true;
	for (u32 i = 0; i < RULE_CNT; i++)
		if (value[i] != c->value[i])
			return value[i] > c->value[i];
	return false;
}

/* cf. net/ipv6/addrconf.c: __ipv6_dev_get_saddr */
static void
choose_on(struct choice *c, u32 ifindex)
{
	for (u32 i = 0; i < c->w->addr_cnt; i++) {
		const struct xb_world_ifaddr *a = &c->w->addrs[i];
		s32 value[RULE_CNT];

		if (a->ifindex != ifindex || a->local.family != AF_INET6 ||
		    (a->flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) == IFA_F_TENTATIVE)
			continue;
		evaluate(c, a, value);
		if (!is_better(c, value))
			continue;
		c->best = a;
		memcpy(c->value, value, sizeof(value));
	}
}

/* All interfaces of the same VRF, or outside of all. */
static void
choose_on_all(struct choice *c, const struct xb_world_link *link)
{
	u32 table = xb_fib_l3mdev_table(c->w, link);

	if (table) {
		choose_on(c, link->ifindex);
		choose_on(c, link->vrf_table ? link->ifindex : link->master);
	}
	for (u32 i = 0; i < c->w->link_cnt; i++)
		if (xb_fib_l3mdev_table(c->w, &c->w->links[i]) == table)
			choose_on(c, c->w->links[i].ifindex);
}

bool
xb_fib_src6(const struct xb_world *w, const struct xb_world_link *link, const u8 dst[16],
            u8 src[16])
{
	struct choice c = { .w = w, .dst = dst, .ifindex = link->ifindex };

	if (dst[0] == 0xff || scope_of(dst) <= SCOPE_LINK)
		choose_on(&c, link->ifindex);
	else
		choose_on_all(&c, link);
	if (!c.best)
		return false;
	memcpy(src, c.best->local.bytes, 16);
	return true;
}
