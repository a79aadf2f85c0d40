/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_sysctl.c - settings of the network namespace.
 *
 * What is set for "all" and by ip_forward goes to every interface; what is set for one interface
 * goes before, whatever their order, as where all of them are listed.
 */
#include "emu/world_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* A setting of interfaces, by the last part of its name. */
static const struct {
	const char *name;
	size_t off4, off6; /* of a bool */
} conf_rows[] = {
	{ "forwarding", offsetof(struct xb_world_link, forwarding4),
	  offsetof(struct xb_world_link, forwarding6) },
	{ "ignore_routes_with_linkdown", offsetof(struct xb_world_link, ignore_linkdown4),
	  offsetof(struct xb_world_link, ignore_linkdown6) },
};

static void
set_conf(struct world_reader *r, bool six, const char *dev, const char *name, u64 value)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(conf_rows); i++) {
		if (strcmp(conf_rows[i].name, name))
			continue;
		for (u32 k = 0; k < r->w->link_cnt; k++) {
			u8 *link = (u8 *)&r->w->links[k];

			if (dev && strcmp(dev, r->w->links[k].name))
				continue;
			*(bool *)(link + (six ? conf_rows[i].off6 : conf_rows[i].off4)) =
			        value != 0;
		}
	}
}

/* "net.ipv4.conf.NAME.forwarding" taken apart; a name with dots has slashes for them, or dots. */
static bool
split_conf(const char *name, bool *six, char dev[16], char leaf[64])
{
	const char *rest, *dot = strrchr(name, '.');
	size_t len;

	if (!strncmp(name, "net.ipv4.conf.", 14))
		*six = false;
	else if (!strncmp(name, "net.ipv6.conf.", 14))
		*six = true;
	else
		return false;
	rest = name + 14;
	if (dot < rest)
		return false;
	len = (size_t)(dot - rest);
	if (len >= 16)
		return false;
	memcpy(dev, rest, len);
	dev[len] = 0;
	for (char *c = dev; *c; c++)
		if (*c == '/')
			*c = '.';
	snprintf(leaf, 64, "%s", dot + 1);
	return true;
}

/* Whether it is for every interface: `all` comes first. */
static bool
is_for_all(const char *name)
{
	char dev[16], leaf[64];
	bool six;

	return !split_conf(name, &six, dev, leaf) || !strcmp(dev, "all");
}

void
world_set_sysctl(struct world_reader *r, const char *name, u64 value, bool all)
{
	char dev[16], leaf[64];
	bool six;

	if (is_for_all(name) != all)
		return;
	if (!strcmp(name, "net.ipv4.ip_forward"))
		set_conf(r, false, NULL, "forwarding", value);
	else if (!strcmp(name, "net.ipv4.tcp_syncookies"))
		r->w->tcp_syncookies = (u8)value;
	else if (!strcmp(name, "net.ipv4.fib_multipath_hash_seed"))
		r->w->multipath_seed = (u32)value;
	else if (!strcmp(name, "net.ipv4.fib_multipath_hash_policy"))
		r->w->multipath_policy4 = (u8)value;
	else if (!strcmp(name, "net.ipv6.fib_multipath_hash_policy"))
		r->w->multipath_policy6 = (u8)value;
	else if (split_conf(name, &six, dev, leaf))
		set_conf(r, six, all ? NULL : dev, leaf, value);
}

int
world_read_sysctl(struct world_reader *r, const struct xb_value *v)
{
	if (v->kind != XB_VALUE_OBJECT)
		return world_fail(r, v, "expected an object");
	for (u32 all = 2; all-- > 0;)
		for (const struct xb_value *m = v->first; m; m = m->next) {
			u64 n = 0;

			if (xb_value_member(v, m->key) != m)
				return world_fail(r, m, "given twice");
			if (strncmp(m->key, "net.", 4))
				return world_fail(r, m, "is no setting of the network");
			if (world_number(r, m, UINT64_MAX, &n) != 0)
				return -1;
			world_set_sysctl(r, m->key, n, all);
		}
	return 0;
}

struct netconf {
	u8 family;
	char interface[32];
	bool forwarding, ignore;
	bool has_forwarding, has_ignore;
};

static int
set_forwarding(struct world_reader *r, const struct xb_value *v, void *to)
{
	((struct netconf *)to)->has_forwarding = true;
	return world_bool(r, v, &((struct netconf *)to)->forwarding);
}

static int
set_ignore(struct world_reader *r, const struct xb_value *v, void *to)
{
	((struct netconf *)to)->has_ignore = true;
	return world_bool(r, v, &((struct netconf *)to)->ignore);
}

static int
read_netconf(struct world_reader *r, const struct xb_value *v)
{
	static const struct world_name families[] = {
		{ "inet", AF_INET }, { "inet6", AF_INET6 }, { "mpls", AF_UNSPEC }, { NULL, 0 }
	};
	static const struct world_key keys[] = {
		WORLD_NAME("family", netconf, family, UINT8_MAX, families),
		WORLD_TEXT("interface", netconf, interface),
		WORLD_CALL("forwarding", set_forwarding),
		WORLD_CALL("ignore_routes_with_linkdown", set_ignore),
		WORLD_IGNORED("rp_filter"),
		WORLD_IGNORED("mc_forwarding"),
		WORLD_IGNORED("proxy_neigh"),
		WORLD_IGNORED("input"),
		WORLD_IGNORED("bc_forwarding"),
	};
	struct netconf c = { 0 };
	u32 ifindex;

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &c) != 0 ||
	    world_require(r, v, "family") != 0 || world_require(r, v, "interface") != 0)
		return -1;
	/* What is set for all was written to each. */
	if (!c.family || !strcmp(c.interface, "all") || !strcmp(c.interface, "default"))
		return 0;
	if (world_dev(r, xb_value_member(v, "interface"), &ifindex) != 0)
		return -1;
	if (c.has_forwarding)
		set_conf(r, c.family == AF_INET6, c.interface, "forwarding", c.forwarding);
	if (c.has_ignore)
		set_conf(r, c.family == AF_INET6, c.interface, "ignore_routes_with_linkdown",
		         c.ignore);
	return 0;
}

int
world_read_netconf(struct world_reader *r, const struct xb_value *v)
{
	return world_each(r, v, read_netconf);
}
