/* SPDX-License-Identifier: BSD-2-Clause */
/* fib.c - rules, and what both families have in common. */
#include "emu/fib.h"

#include "emu/fib_priv.h"
#include "vm/bytes.h"

#include <errno.h>
#include <linux/fib_rules.h>

bool
fib_prefix_equal(const u8 *a, const u8 *b, u32 bits)
{
	u32 bytes = bits / 8, rest = bits % 8;

	if (memcmp(a, b, bytes))
		return false;
	return rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

const struct xb_world_link *
fib_hop_link(const struct xb_world *w, const struct xb_world_hop *hop)
{
	return hop ? xb_world_link(w, hop->ifindex) : NULL;
}

bool
fib_hop_is_dead(const struct xb_world *w, const struct xb_world_hop *hop)
{
	const struct xb_world_link *link = fib_hop_link(w, hop);

	return hop->dead || !link || !link->up;
}

/* The VRF that an interface is or belongs to, or NULL (cf. net/l3mdev/l3mdev.c). */
static const struct xb_world_link *
l3mdev_master(const struct xb_world *w, const struct xb_world_link *link)
{
	if (link && !link->vrf_table && link->master)
		link = xb_world_link(w, link->master);
	return link && link->vrf_table ? link : NULL;
}

u32
xb_fib_l3mdev_table(const struct xb_world *w, const struct xb_world_link *link)
{
	const struct xb_world_link *master = l3mdev_master(w, link);

	return master ? master->vrf_table : 0;
}

/* cf. net/l3mdev/l3mdev.c: l3mdev_update_flow */
static void
l3mdev_update_flow(const struct xb_world *w, struct xb_fib_flow *flow)
{
	const struct xb_world_link *link = flow->oif ? xb_world_link(w, flow->oif) : NULL;
	const struct xb_world_link *master = l3mdev_master(w, link);

	if (link) {
		if (!flow->l3mdev && master) {
			flow->l3mdev = master->ifindex;
			flow->l3mdev_is_oif = true;
		}
		if (link->vrf_table)
			flow->oif = 0;
		return;
	}
	if (flow->iif > XB_WORLD_LOOPBACK && !flow->l3mdev) {
		master = l3mdev_master(w, xb_world_link(w, flow->iif));
		if (master) {
			flow->l3mdev = master->ifindex;
			flow->l3mdev_is_iif = true;
		}
	}
}

/* The rules that are there from the start: local, main, and of IPv4 default. */
static const struct xb_world_rule first_rules[] = {
	{ .family = AF_INET,
	  .priority = 0,
	  .table = RT_TABLE_LOCAL,
	  .action = FR_ACT_TO_TBL,
	  .suppress_prefixlength = -1 },
	{ .family = AF_INET,
	  .priority = 32766,
	  .table = RT_TABLE_MAIN,
	  .action = FR_ACT_TO_TBL,
	  .suppress_prefixlength = -1 },
	{ .family = AF_INET,
	  .priority = 32767,
	  .table = RT_TABLE_DEFAULT,
	  .action = FR_ACT_TO_TBL,
	  .suppress_prefixlength = -1 },
	{ .family = AF_INET6,
	  .priority = 0,
	  .table = RT_TABLE_LOCAL,
	  .action = FR_ACT_TO_TBL,
	  .suppress_prefixlength = -1 },
	{ .family = AF_INET6,
	  .priority = 32766,
	  .table = RT_TABLE_MAIN,
	  .action = FR_ACT_TO_TBL,
	  .suppress_prefixlength = -1 },
};

static bool
rule_matches_all(const struct xb_world_rule *r)
{
	return !r->src.prefix && !r->dst.prefix && !r->iif[0] && !r->oif[0] && !r->mark_mask &&
	       !r->tos && !r->invert && !r->l3mdev && !r->ip_proto && !r->sport_from &&
	       !r->sport_to && !r->dport_from && !r->dport_to && !r->uid_from && !r->uid_to &&
	       !r->tun_id && !r->suppress_group;
}

static bool
rule_is_first(const struct xb_world_rule *r)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(first_rules); i++)
		if (first_rules[i].family == r->family && first_rules[i].table == r->table &&
		    first_rules[i].priority == r->priority && r->action == FR_ACT_TO_TBL)
			return rule_matches_all(r) && r->suppress_prefixlength < 0;
	return false;
}

static u32
first_rule_cnt(u8 family)
{
	return family == AF_INET ? 3 : 2;
}

bool
fib_has_custom_rules(const struct xb_world *w, u8 family)
{
	u32 cnt = 0;

	for (u32 i = 0; i < w->rule_cnt; i++) {
		if (w->rules[i].family != family)
			continue;
		if (!rule_is_first(&w->rules[i]))
			return true;
		cnt++;
	}
	return cnt != 0 && cnt != first_rule_cnt(family);
}

/* Of a rule's interface; one that does not exist matches none (cf. fib_nl2rule). */
static bool
link_matches(const struct xb_world *w, const char *name, u32 ifindex, u32 l3mdev)
{
	const struct xb_world_link *link = xb_world_link_named(w, name);

	if (!link)
		return false;
	return link->ifindex == (link->vrf_table ? l3mdev : ifindex);
}

static bool
port_in(u16 from, u16 to, __be16 port)
{
	u16 host = __builtin_bswap16(port);

	return (!from && !to) || (host >= from && host <= to);
}

/*
 * A rule of IPv4 looks at the three bits of the old TOS, one of IPv6 at all six (cf.
 * net/ipv4/fib_rules.c: fib4_rule_match, net/ipv6/fib6_rules.c: fib6_rule_match).
 */
static bool
tos_matches(const struct xb_world_rule *r, const struct xb_fib_flow *flow)
{
	u32 tclass = __builtin_bswap32(flow->flowinfo) >> 20 & 0xfc;

	if (!r->tos)
		return true;
	return r->tos == (flow->family == AF_INET ? flow->tos & 0x1cu : tclass);
}

static bool
addrs_match(const struct xb_world_rule *r, const struct xb_fib_flow *flow)
{
	if (!fib_prefix_has(&r->dst, flow->dst))
		return false;
	if (flow->family == AF_INET6 && flow->no_src && r->src.family && r->src.prefix)
		return false;
	return fib_prefix_has(&r->src, flow->src);
}

static bool
rule_matches(const struct xb_world *w, const struct xb_world_rule *r,
             const struct xb_fib_flow *flow)
{
	if (r->iif[0] &&
	    !link_matches(w, r->iif, flow->iif, flow->l3mdev_is_iif ? flow->l3mdev : 0))
		return false;
	if (r->oif[0] &&
	    !link_matches(w, r->oif, flow->oif, flow->l3mdev_is_oif ? flow->l3mdev : 0))
		return false;
	if ((r->mark ^ flow->mark) & r->mark_mask)
		return false;
	if (r->l3mdev && !flow->l3mdev)
		return false;
	/* The flow is root's, and of no tunnel. */
	if (r->uid_from || r->tun_id)
		return false;
	return addrs_match(r, flow) && tos_matches(r, flow) &&
	       (!r->ip_proto || r->ip_proto == flow->proto) &&
	       port_in(r->sport_from, r->sport_to, flow->sport) &&
	       port_in(r->dport_from, r->dport_to, flow->dport);
}

static int
table_lookup(const struct xb_world *w, u32 table, u32 oif, const struct xb_fib_flow *flow,
             struct xb_fib_result *res)
{
	int ret;

	if (flow->family == AF_INET)
		return fib4_table_lookup(w, table, flow, res);
	ret = fib6_table_lookup(w, table, oif, flow, res);
	return ret == 0 && flow->routes && res->route->type == RTN_THROW ? -EAGAIN : ret;
}

/* cf. net/ipv4/fib_rules.c: fib4_rule_suppress */
static bool
is_suppressed(const struct xb_world *w, const struct xb_world_rule *r,
              const struct xb_world_route *route)
{
	const struct xb_world_link *link =
	        route->hop_cnt ? xb_world_link(w, route->hops[0].ifindex) : NULL;

	return (s32)route->dst.prefix <= r->suppress_prefixlength ||
	       (r->suppress_group && link && link->group == r->suppress_ifgroup);
}

/* cf. fib4_rule_action, fib6_rule_action_alt */
static int
rule_action(const struct xb_world *w, const struct xb_world_rule *r, u32 oif,
            const struct xb_fib_flow *flow, struct xb_fib_result *res)
{
	u32 table = r->l3mdev ? xb_fib_l3mdev_table(w, xb_world_link(w, flow->l3mdev)) : r->table;
	int ret;

	switch (r->action) {
	case FR_ACT_TO_TBL:
		break;
	case FR_ACT_UNREACHABLE:
		return -ENETUNREACH;
	case FR_ACT_PROHIBIT:
		return -EACCES;
	default:
		return -EINVAL;
	}
	ret = table_lookup(w, table, oif, flow, res);
	/* Linux does not find what to suppress in IPv6's entries, in its routes it does. */
	if (ret == 0 && (flow->family == AF_INET || flow->routes) &&
	    is_suppressed(w, r, res->route))
		return -EAGAIN;
	return ret;
}

/* The index of the rule that a `goto` leads to; -1: there is none, and it is passed over. */
static s64
goto_target(const struct xb_world *w, u32 from)
{
	for (u32 i = from + 1; i < w->rule_cnt; i++)
		if (w->rules[i].family == w->rules[from].family &&
		    w->rules[i].priority == w->rules[from].goto_priority)
			return i;
	return -1;
}

/* cf. net/core/fib_rules.c: fib_rules_lookup */
static int
rules_lookup(const struct xb_world *w, struct xb_fib_flow *flow, struct xb_fib_result *res)
{
	u32 oif = flow->oif ? flow->oif : flow->iif;
	int ret;

	l3mdev_update_flow(w, flow);
	for (u32 i = 0; i < w->rule_cnt; i++) {
		const struct xb_world_rule *r = &w->rules[i];

		if (r->family != flow->family || r->action == FR_ACT_NOP ||
		    rule_matches(w, r, flow) == r->invert)
			continue;
		if (r->action == FR_ACT_GOTO) {
			s64 target = goto_target(w, i);

			i = target < 0 ? i : (u32)target - 1;
			continue;
		}
		ret = rule_action(w, r, oif, flow, res);
		if (ret != -EAGAIN)
			return ret;
	}
	return -ENETUNREACH;
}

/*
 * Without rules of one's own there is no need to go through them. IPv4 has its tables local and
 * main in one then, where the longest prefix of both wins.
 */
static int
plain_lookup(const struct xb_world *w, const struct xb_fib_flow *flow, struct xb_fib_result *res)
{
	static const u32 tables[2][2] = { { RT_TABLE_MAIN, RT_TABLE_DEFAULT },
		                          { RT_TABLE_LOCAL, RT_TABLE_MAIN } };
	const u32 *table = tables[flow->family == AF_INET6];
	u32 oif = flow->oif ? flow->oif : flow->iif;
	int ret = table_lookup(w, table[0], oif, flow, res);

	if (ret == -EAGAIN)
		ret = table_lookup(w, table[1], oif, flow, res);
	return ret == -EAGAIN ? -ENETUNREACH : ret;
}

int
xb_fib_lookup(const struct xb_world *w, struct xb_fib_flow *flow, struct xb_fib_result *res)
{
	if (fib_has_custom_rules(w, flow->family))
		return rules_lookup(w, flow, res);
	return plain_lookup(w, flow, res);
}

int
xb_fib_lookup_table(const struct xb_world *w, u32 table, const struct xb_fib_flow *flow,
                    struct xb_fib_result *res)
{
	if (table == RT_TABLE_UNSPEC)
		table = RT_TABLE_MAIN;
	return table_lookup(w, table, flow->oif ? flow->oif : flow->iif, flow, res);
}

void
xb_fib_select_path(const struct xb_world *w, const struct xb_fib_flow *flow,
                   struct xb_fib_result *res)
{
	if (flow->family == AF_INET)
		fib4_select_path(w, flow, res);
	else
		fib6_select_path(w, flow, res);
}

const struct xb_world_neigh *
xb_fib_neigh(const struct xb_world *w, const struct xb_world_link *link,
             const struct xb_world_addr *addr)
{
	struct xb_world_addr key = { .family = addr->family };
	bool one = addr->family == AF_INET && link->ifindex == XB_WORLD_LOOPBACK;

	if (!one)
		memcpy(key.bytes, addr->bytes, addr->family == AF_INET ? 4 : 16);
	return xb_world_neigh(w, link->ifindex, &key);
}
