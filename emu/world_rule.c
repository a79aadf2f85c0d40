/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_rule.c - rules, as `ip -j -d rule` prints them, for IPv4 and IPv6.
 */
#include "emu/world_priv.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct rule_text {
	struct xb_world_rule rule;
	u32 srclen, dstlen;
	u8 family; /* as it says; 0: it does not */
	bool iif_detached, oif_detached;
};

static const struct world_name protos[] = {
	{ "icmp", IPPROTO_ICMP }, { "igmp", IPPROTO_IGMP },        { "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },   { "gre", IPPROTO_GRE },          { "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },     { "ipv6-icmp", IPPROTO_ICMPV6 }, { "sctp", IPPROTO_SCTP },
	{ "dccp", IPPROTO_DCCP }, { "udplite", IPPROTO_UDPLITE },  { NULL, 0 },
};

static const struct world_name actions[] = {
	{ "blackhole", FR_ACT_BLACKHOLE }, { "unreachable", FR_ACT_UNREACHABLE },
	{ "prohibit", FR_ACT_PROHIBIT },   { "nop", FR_ACT_NOP },
	{ "to_tbl", FR_ACT_TO_TBL },       { NULL, 0 }
};

static int
set_side(struct world_reader *r, const struct xb_value *v, struct xb_world_addr *to)
{
	if (v->kind == XB_VALUE_STRING && !strcmp(v->text, "all"))
		return 0;
	return world_address(r, v, true, to);
}

static int
set_src(struct world_reader *r, const struct xb_value *v, void *to)
{
	return set_side(r, v, &((struct rule_text *)to)->rule.src);
}

static int
set_dst(struct world_reader *r, const struct xb_value *v, void *to)
{
	return set_side(r, v, &((struct rule_text *)to)->rule.dst);
}

static int
set_table(struct world_reader *r, const struct xb_value *v, void *to)
{
	return world_table(r, v, &((struct rule_text *)to)->rule.table);
}

static int
set_nop(struct world_reader *r, const struct xb_value *v, void *to)
{
	(void)r;
	(void)v;
	((struct rule_text *)to)->rule.action = FR_ACT_NOP;
	return 0;
}

static int
set_goto(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_rule *rule = &((struct rule_text *)to)->rule;
	u64 n = 0;

	if (v->kind == XB_VALUE_STRING && !strcmp(v->text, "none"))
		n = 0;
	else if (world_number(r, v, UINT32_MAX, &n) != 0)
		return -1;
	rule->action = FR_ACT_GOTO;
	rule->goto_priority = (u32)n;
	return 0;
}

static int
set_suppress_ifgroup(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_rule *rule = &((struct rule_text *)to)->rule;

	rule->suppress_group = true;
	return world_named(r, v, world_groups, INT32_MAX, &rule->suppress_ifgroup);
}

static int
set_tos(struct world_reader *r, const struct xb_value *v, void *to)
{
	return world_dsfield(r, v, &((struct rule_text *)to)->rule.tos);
}

/* One port is the range of it alone. */
static int
set_port(struct world_reader *r, const struct xb_value *v, u16 *from, u16 *last)
{
	u64 n = 0;

	if (world_number(r, v, UINT16_MAX, &n) != 0)
		return -1;
	*from = *last = (u16)n;
	return 0;
}

static int
set_sport(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_rule *rule = &((struct rule_text *)to)->rule;

	return set_port(r, v, &rule->sport_from, &rule->sport_to);
}

static int
set_dport(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_rule *rule = &((struct rule_text *)to)->rule;

	return set_port(r, v, &rule->dport_from, &rule->dport_to);
}

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_NUMBER("priority", rule_text, rule.priority, UINT32_MAX),
	WORLD_NAME("family", rule_text, family, UINT8_MAX, world_families),
	WORLD_BOOL("not", rule_text, rule.invert),
	WORLD_CALL("src", set_src),
	WORLD_NUMBER("srclen", rule_text, srclen, 128),
	WORLD_CALL("dst", set_dst),
	WORLD_NUMBER("dstlen", rule_text, dstlen, 128),
	WORLD_CALL("tos", set_tos),
	WORLD_NUMBER("fwmark", rule_text, rule.mark, UINT32_MAX),
	WORLD_NUMBER("fwmask", rule_text, rule.mark_mask, UINT32_MAX),
	WORLD_TEXT("iif", rule_text, rule.iif),
	WORLD_TEXT("oif", rule_text, rule.oif),
	WORLD_BOOL("iif_detached", rule_text, iif_detached),
	WORLD_BOOL("oif_detached", rule_text, oif_detached),
	WORLD_BOOL("l3mdev", rule_text, rule.l3mdev),
	WORLD_NUMBER("uid_start", rule_text, rule.uid_from, UINT32_MAX),
	WORLD_NUMBER("uid_end", rule_text, rule.uid_to, UINT32_MAX),
	WORLD_NAME("ipproto", rule_text, rule.ip_proto, UINT8_MAX, protos),
	WORLD_CALL("sport", set_sport),
	WORLD_NUMBER("sport_start", rule_text, rule.sport_from, UINT16_MAX),
	WORLD_NUMBER("sport_end", rule_text, rule.sport_to, UINT16_MAX),
	WORLD_CALL("dport", set_dport),
	WORLD_NUMBER("dport_start", rule_text, rule.dport_from, UINT16_MAX),
	WORLD_NUMBER("dport_end", rule_text, rule.dport_to, UINT16_MAX),
	WORLD_NUMBER("tun_id", rule_text, rule.tun_id, UINT64_MAX),
	WORLD_CALL("table", set_table),
	WORLD_NUMBER("suppress_prefixlen", rule_text, rule.suppress_prefixlength, 128),
	WORLD_CALL("suppress_ifgroup", set_suppress_ifgroup),
	WORLD_NAME("action", rule_text, rule.action, FR_ACT_PROHIBIT, actions),
	WORLD_CALL("nop", set_nop),
	WORLD_CALL("goto", set_goto),
	WORLD_IGNORED("unresolved"), WORLD_IGNORED("protocol"), WORLD_IGNORED("flow_from"),
	WORLD_IGNORED("flow_to"),
	WORLD_REFUSED("to"), WORLD_REFUSED("masquerade"), WORLD_REFUSED("dscp"),
	WORLD_REFUSED("dscp_mask"), WORLD_REFUSED("flowlabel"), WORLD_REFUSED("flowlabel_mask"),
	WORLD_REFUSED("sport_mask"), WORLD_REFUSED("dport_mask"), WORLD_REFUSED("nat_gateway"),
};
/* clang-format on */

/* "src" is followed by "srclen" where it is a prefix. */
static int
set_length(struct world_reader *r, const struct xb_value *v, const char *name, u32 len,
           struct xb_world_addr *a)
{
	const struct xb_value *said = xb_value_member(v, name);

	if (said && !a->family)
		return world_fail(r, said, "there is no address");
	if (said && a->prefix != world_family_bits(a->family))
		return world_fail(r, said, "the address has a length too");
	if (said && len > world_family_bits(a->family))
		return world_fail(r, said, "%u is more than %u", len, world_family_bits(a->family));
	if (said)
		a->prefix = (u8)len;
	world_mask(a);
	return 0;
}

static int
check_family(struct world_reader *r, const struct xb_value *v, struct rule_text *t)
{
	struct xb_world_rule *rule = &t->rule;
	const u8 said[] = { t->family, rule->src.family, rule->dst.family, r->family };

	for (size_t i = 0; i < XB_ARRAY_SIZE(said); i++) {
		if (said[i] && rule->family && said[i] != rule->family)
			return world_fail(r, v, "addresses are of different families");
		if (said[i])
			rule->family = said[i];
	}
	if (!rule->family)
		rule->family = AF_INET;
	return 0;
}

static int
read_rule(struct world_reader *r, const struct xb_value *v)
{
	struct rule_text t = { .rule = { .action = FR_ACT_TO_TBL, .suppress_prefixlength = -1 } };
	struct xb_world_rule *rule;

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &t) != 0 ||
	    world_require(r, v, "priority") != 0 ||
	    set_length(r, v, "srclen", t.srclen, &t.rule.src) != 0 ||
	    set_length(r, v, "dstlen", t.dstlen, &t.rule.dst) != 0 || check_family(r, v, &t) != 0)
		return -1;
	if (xb_value_member(v, "fwmark") && !xb_value_member(v, "fwmask"))
		t.rule.mark_mask = UINT32_MAX;
	if (t.rule.action == FR_ACT_TO_TBL && !t.rule.l3mdev && !t.rule.table)
		return world_fail(r, v, "there is no \"table\", or action");
	if (t.rule.action == FR_ACT_GOTO && t.rule.goto_priority &&
	    t.rule.goto_priority <= t.rule.priority)
		return world_fail(r, xb_value_member(v, "goto"), "leads backwards");
	rule = world_add(r, &r->w->rules, &r->w->rule_cnt, sizeof(*rule));
	if (!rule)
		return -1;
	*rule = t.rule;
	r->told[rule->family == AF_INET6].rules = true;
	return 0;
}

int
world_read_rules(struct world_reader *r, const struct xb_value *v)
{
	r->family = 0;
	return world_each(r, v, read_rule);
}

int
world_read_rules6(struct world_reader *r, const struct xb_value *v)
{
	r->family = AF_INET6;
	return world_each(r, v, read_rule);
}

/* cf. net/ipv4/fib_rules.c: fib_default_rules_init, net/ipv6/fib6_rules.c: fib6_rules_net_init */
static int
add_default_rules(struct world_reader *r, u8 family)
{
	static const struct {
		u32 priority, table;
	} rows[] = { { 0, RT_TABLE_LOCAL }, { 32766, RT_TABLE_MAIN }, { 32767, RT_TABLE_DEFAULT } };

	for (u32 i = 0; i < (family == AF_INET ? 3 : 2); i++) {
		struct xb_world_rule *rule =
		        world_add(r, &r->w->rules, &r->w->rule_cnt, sizeof(*rule));

		if (!rule)
			return -1;
		*rule = (struct xb_world_rule){ .family = family,
			                        .priority = rows[i].priority,
			                        .action = FR_ACT_TO_TBL,
			                        .table = rows[i].table,
			                        .suppress_prefixlength = -1 };
	}
	return 0;
}

/* By insertion, so that equal ones stay as they are; there are few. */
static void
sort_rules(struct xb_world *w)
{
	for (u32 i = 1; i < w->rule_cnt; i++) {
		struct xb_world_rule rule = w->rules[i];
		u32 k = i;

		for (; k > 0 && w->rules[k - 1].priority > rule.priority; k--)
			w->rules[k] = w->rules[k - 1];
		w->rules[k] = rule;
	}
}

int
world_finish_rules(struct world_reader *r)
{
	if ((!r->told[0].rules && add_default_rules(r, AF_INET) != 0) ||
	    (!r->told[1].rules && add_default_rules(r, AF_INET6) != 0))
		return -1;
	sort_rules(r->w);
	return 0;
}
