/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_link.c - interfaces, as `ip -j -d link` and `ip -j -d addr` print them.
 */
#include "emu/world_priv.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

#define LOOPBACK_MTU 65536u
#define ETHER_MTU    1500u

/* What is read of an interface before all names are known. */
struct link_text {
	struct xb_world_link link;
	const struct xb_value *lower, *master, *lower_index; /* or NULL */
	const struct xb_value *addr_info;
	bool has_flags, has_up, up, has_header, elsewhere;
	char type[32]; /* link_type */
};

/* Types and their headers; the rest has none. */
static const struct {
	const char *type;
	u32 hard_header_len;
	bool no_mac; /* cf. include/linux/if_arp.h: dev_is_mac_header_xmit */
} types[] = {
	{ "ether", ETH_HLEN, false }, { "loopback", ETH_HLEN, false },
	{ "none", 0, true },          { "tunnel", 0, true },
	{ "tunnel6", 0, true },       { "ipip", 0, true },
	{ "sit", 0, true },           { "gre", 0, true },
	{ "gre6", 0, true },          { "void", 0, true },
	{ "rawip", 0, true },         { "ppp", 0, true },
	{ "ieee802.11", 24, false },  { "infiniband", 24, false },
	{ "can", 0, false },          { "netlink", 0, false },
};

static int
set_flags(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct link_text *t = to;

	if (v->kind != XB_VALUE_ARRAY)
		return world_fail(r, v, "expected an array");
	t->has_flags = true;
	for (const struct xb_value *e = v->first; e; e = e->next) {
		if (e->kind != XB_VALUE_STRING)
			return world_fail(r, e, "expected a string");
		t->link.up |= !strcmp(e->text, "UP");
		t->link.no_carrier |= !strcmp(e->text, "NO-CARRIER");
	}
	return 0;
}

static int
set_ifindex(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct link_text *t = to;
	u64 n = 0;

	if (world_number(r, v, INT32_MAX, &n) != 0)
		return -1;
	if (n == 0)
		return world_fail(r, v, "0 is no interface");
	t->link.ifindex = (u32)n;
	return 0;
}

static int
set_ifname(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct link_text *t = to;

	if (world_text(r, v, t->link.name, sizeof(t->link.name)) != 0)
		return -1;
	/* cf. net/core/dev.c: dev_valid_name */
	if (!v->bytes || !strcmp(v->text, ".") || !strcmp(v->text, "..") ||
	    strpbrk(v->text, "/: \t\n\v\f\r"))
		return world_fail(r, v, "is no name of an interface");
	return 0;
}

static int
set_header_len(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct link_text *t = to;
	u64 n = 0;

	t->has_header = true;
	if (world_number(r, v, 256, &n) != 0)
		return -1;
	t->link.hard_header_len = (u32)n;
	return 0;
}

static int
set_lower(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct link_text *t = to;

	if (v->kind != XB_VALUE_STRING && v->kind != XB_VALUE_NULL)
		return world_fail(r, v, "expected the name of an interface");
	t->lower = v->kind == XB_VALUE_STRING ? v : NULL;
	return 0;
}

static int
set_lower_index(struct world_reader *r, const struct xb_value *v, void *to)
{
	u64 n;

	((struct link_text *)to)->lower_index = v;
	return world_number(r, v, INT32_MAX, &n);
}

static int
set_elsewhere(struct world_reader *r, const struct xb_value *v, void *to)
{
	(void)r;
	(void)v;
	((struct link_text *)to)->elsewhere = true;
	return 0;
}

static int
set_master(struct world_reader *r, const struct xb_value *v, void *to)
{
	(void)r;
	((struct link_text *)to)->master = v;
	return 0;
}

static int
set_addr_info(struct world_reader *r, const struct xb_value *v, void *to)
{
	(void)r;
	((struct link_text *)to)->addr_info = v;
	return 0;
}

static const struct world_name vlan_protos[] = { { "802.1Q", ETH_P_8021Q },
	                                         { "802.1q", ETH_P_8021Q },
	                                         { "802.1ad", ETH_P_8021AD },
	                                         { "802.1AD", ETH_P_8021AD },
	                                         { NULL, 0 } };

/* The members of info_data that mean something; each kind of interface has others besides. */
static int
set_vlan(struct world_reader *r, const struct xb_value *data, struct xb_world_link *link)
{
	const struct xb_value *proto = xb_value_member(data, "protocol");
	const struct xb_value *id = xb_value_member(data, "id");
	u32 number = ETH_P_8021Q;
	u64 n = 0;

	if (!id)
		return world_fail(r, data, "there is no \"id\"");
	if (world_number(r, id, 4095, &n) != 0 ||
	    (proto && world_named(r, proto, vlan_protos, UINT16_MAX, &number) != 0))
		return -1;
	link->vlan_id = (u16)n;
	link->vlan_proto = __builtin_bswap16((u16)number);
	return 0;
}

static int
set_vrf(struct world_reader *r, const struct xb_value *data, struct xb_world_link *link)
{
	const struct xb_value *table = xb_value_member(data, "table");

	if (!table)
		return world_fail(r, data, "there is no \"table\"");
	if (world_table(r, table, &link->vrf_table) != 0)
		return -1;
	return link->vrf_table ? 0 : world_fail(r, table, "a VRF has a table of its own");
}

static int
set_linkinfo(struct world_reader *r, const struct xb_value *v, void *to)
{
	static const struct world_key keys[] = {
		WORLD_TEXT("info_kind", xb_world_link, kind),
		WORLD_IGNORED("info_data"),
		WORLD_IGNORED("info_xstats"),
		WORLD_IGNORED("info_slave_kind"),
		WORLD_IGNORED("info_slave_data"),
	};
	struct xb_world_link *link = &((struct link_text *)to)->link;
	const struct xb_value *data = xb_value_member(v, "info_data");

	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), link) != 0)
		return -1;
	if (!strcmp(link->kind, "vlan"))
		return set_vlan(r, data ? data : v, link);
	if (!strcmp(link->kind, "vrf"))
		return set_vrf(r, data ? data : v, link);
	return 0;
}

/* iproute2 prints an object here; what is attached is said with a file and a program's name. */
static int
set_attached(struct world_reader *r, const struct xb_value *v, char *to, size_t bytes)
{
	return v->kind == XB_VALUE_OBJECT ? 0 : world_text(r, v, to, bytes);
}

static int
set_xdp(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_link *link = &((struct link_text *)to)->link;

	return set_attached(r, v, link->xdp, sizeof(link->xdp));
}

static int
set_tc(struct world_reader *r, const struct xb_value *v, void *to)
{
	struct xb_world_link *link = &((struct link_text *)to)->link;

	return set_attached(r, v, link->tc, sizeof(link->tc));
}

/* clang-format off */
static const struct world_key keys[] = {
	WORLD_CALL("ifindex", set_ifindex),
	WORLD_CALL("ifname", set_ifname),
	WORLD_CALL("flags", set_flags),
	WORLD_NUMBER("mtu", link_text, link.mtu, INT32_MAX),
	WORLD_TEXT("link_type", link_text, type),
	WORLD_MAC("address", link_text, link.mac),
	WORLD_MAC("broadcast", link_text, link.broadcast),
	WORLD_CALL("link", set_lower),
	WORLD_CALL("link_index", set_lower_index),
	WORLD_CALL("link_netnsid", set_elsewhere),
	WORLD_CALL("link_netns", set_elsewhere),
	WORLD_CALL("master", set_master),
	WORLD_NAME("group", link_text, link.group, UINT32_MAX, world_groups),
	WORLD_CALL("linkinfo", set_linkinfo),
	WORLD_CALL("addr_info", set_addr_info),
	WORLD_CALL("xdp", set_xdp),
	WORLD_CALL("tc", set_tc),
	WORLD_CALL("hard_header_len", set_header_len),
	WORLD_BOOL("forwarding4", link_text, link.forwarding4),
	WORLD_BOOL("forwarding6", link_text, link.forwarding6),
	WORLD_IGNORED("operstate"), WORLD_IGNORED("operstate_index"), WORLD_IGNORED("qdisc"),
	WORLD_IGNORED("linkmode"), WORLD_IGNORED("linkmode_index"), WORLD_IGNORED("txqlen"),
	WORLD_IGNORED("promiscuity"), WORLD_IGNORED("allmulti"), WORLD_IGNORED("min_mtu"),
	WORLD_IGNORED("max_mtu"), WORLD_IGNORED("inet6_addr_gen_mode"), WORLD_IGNORED("num_tx_queues"),
	WORLD_IGNORED("num_rx_queues"), WORLD_IGNORED("gso_max_size"), WORLD_IGNORED("gso_max_segs"),
	WORLD_IGNORED("gso_ipv4_max_size"), WORLD_IGNORED("gro_ipv4_max_size"),
	WORLD_IGNORED("tso_max_size"), WORLD_IGNORED("tso_max_segs"), WORLD_IGNORED("gro_max_size"),
	WORLD_IGNORED("link_pointtopoint"), WORLD_IGNORED("permaddr"), WORLD_IGNORED("ifalias"),
	WORLD_IGNORED("altnames"), WORLD_IGNORED("event"), WORLD_IGNORED("proto_down"),
	WORLD_IGNORED("proto_down_reason"), WORLD_IGNORED("phys_port_name"),
	WORLD_IGNORED("phys_port_id"), WORLD_IGNORED("phys_switch_id"), WORLD_IGNORED("parentbus"),
	WORLD_IGNORED("parentdev"), WORLD_IGNORED("stats64"), WORLD_IGNORED("stats"),
	WORLD_IGNORED("vfinfo_list"), WORLD_IGNORED("num_vf"), WORLD_IGNORED("carrier_changes"),
	WORLD_IGNORED("carrier_up_count"), WORLD_IGNORED("carrier_down_count"),
	WORLD_IGNORED("headroom"), WORLD_IGNORED("tailroom"), WORLD_IGNORED("netns-immutable"),
	WORLD_IGNORED("max_pacing_offload_horizon"), WORLD_IGNORED("new_netnsid"),
	WORLD_IGNORED("new_ifindex"), WORLD_IGNORED("deleted"),
};
/* clang-format on */

static void
set_header(struct link_text *t)
{
	size_t i = 0;

	while (i < XB_ARRAY_SIZE(types) && strcmp(types[i].type, t->type))
		i++;
	t->link.no_mac = i < XB_ARRAY_SIZE(types) && types[i].no_mac;
	if (!t->has_header)
		t->link.hard_header_len = i < XB_ARRAY_SIZE(types) ? types[i].hard_header_len : 0;
}

static int
read_text(struct world_reader *r, const struct xb_value *v, struct link_text *t)
{
	*t = (struct link_text){ .link.mtu = ETHER_MTU };
	memset(t->link.broadcast, 0xff, sizeof(t->link.broadcast));
	strcpy(t->type, "ether");
	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), t) != 0 ||
	    world_require(r, v, "ifindex") != 0 || world_require(r, v, "ifname") != 0)
		return -1;
	if (!t->has_flags)
		t->link.up = true;
	if (!strcmp(t->link.name, "lo")) {
		if (!xb_value_member(v, "mtu"))
			t->link.mtu = LOOPBACK_MTU;
		if (!xb_value_member(v, "broadcast"))
			memset(t->link.broadcast, 0, sizeof(t->link.broadcast));
		if (!xb_value_member(v, "link_type"))
			strcpy(t->type, "loopback");
	}
	set_header(t);
	return 0;
}

static int
add_link(struct world_reader *r, const struct xb_value *v)
{
	struct xb_world_link *link;
	struct link_text t;
	int index, name;

	if (read_text(r, v, &t) != 0)
		return -1;
	index = world_seen(r, "ifindex", &t.link.ifindex, sizeof(t.link.ifindex));
	name = world_seen(r, "ifname", t.link.name, strlen(t.link.name));
	if (index < 0 || name < 0)
		return -1;
	if (index)
		return world_fail(r, xb_value_member(v, "ifindex"),
		                  "there is an interface %u already", t.link.ifindex);
	if (name)
		return world_fail(r, xb_value_member(v, "ifname"),
		                  "there is an interface '%s' already", t.link.name);
	link = world_add(r, &r->w->links, &r->w->link_cnt, sizeof(*link));
	if (!link)
		return -1;
	*link = t.link;
	return 0;
}

/* The interface below, or at the other end. One in another namespace is known by its number. */
static int
connect_lower(struct world_reader *r, const struct link_text *t, struct xb_world_link *link)
{
	bool pair = !strcmp(t->link.kind, "veth") || !strcmp(t->link.kind, "netkit");
	u32 lower = 0;
	u64 n = 0;

	if (t->lower && !t->elsewhere && world_dev(r, t->lower, &lower) != 0)
		return -1;
	if (t->lower_index && !t->elsewhere) {
		world_number(r, t->lower_index, INT32_MAX, &n);
		if (n && !xb_world_link(r->w, (u32)n))
			return world_fail(r, t->lower_index, "there is no interface %llu",
			                  (unsigned long long)n);
		lower = (u32)n;
	}
	if (pair) {
		link->peer = lower;
		link->peer_elsewhere = t->elsewhere;
	} else if (!strcmp(t->link.kind, "vlan")) {
		link->parent = lower;
	}
	return 0;
}

/* Once all are there: how they belong together, and their addresses. */
static int
connect_link(struct world_reader *r, const struct xb_value *v)
{
	struct xb_world_link *link;
	struct link_text t;

	if (read_text(r, v, &t) != 0)
		return -1;
	link = (struct xb_world_link *)(uintptr_t)xb_world_link(r->w, t.link.ifindex);
	if (t.master && world_dev(r, t.master, &link->master) != 0)
		return -1;
	if (link->master == link->ifindex)
		return world_fail(r, t.master, "is the interface itself");
	if (connect_lower(r, &t, link) != 0)
		return -1;
	return t.addr_info ? world_read_addr_info(r, t.addr_info, link->ifindex) : 0;
}

static int
by_ifindex(const void *a, const void *b)
{
	u32 x = ((const struct xb_world_link *)a)->ifindex;
	u32 y = ((const struct xb_world_link *)b)->ifindex;

	return (x > y) - (x < y);
}

int
world_finish_links(struct world_reader *r)
{
	struct xb_world *w = r->w;
	struct xb_world_link *lo;

	if (xb_world_link_named(w, "lo") || xb_world_link(w, XB_WORLD_LOOPBACK))
		return 0;
	lo = world_add(r, &w->links, &w->link_cnt, sizeof(*lo));
	if (!lo)
		return -1;
	*lo = (struct xb_world_link){ .ifindex = XB_WORLD_LOOPBACK,
		                      .name = "lo",
		                      .mtu = LOOPBACK_MTU,
		                      .hard_header_len = ETH_HLEN,
		                      .up = true };
	qsort(w->links, w->link_cnt, sizeof(*w->links), by_ifindex);
	r->lo_implied = true;
	return 0;
}

int
world_read_links(struct world_reader *r, const struct xb_value *v)
{
	r->links_given = true;
	if (world_each(r, v, add_link) != 0 || world_finish_links(r) != 0)
		return -1;
	qsort(r->w->links, r->w->link_cnt, sizeof(*r->w->links), by_ifindex);
	return world_each(r, v, connect_link);
}

/* An interface that links have told about already; or one address. */
static int
add_addresses(struct world_reader *r, const struct xb_value *v)
{
	const struct xb_world_link *link;
	struct link_text t;
	u32 ifindex;

	if (!xb_value_member(v, "ifname") || !xb_value_member(v, "addr_info")) {
		const struct xb_value *dev = xb_value_member(v, "dev");

		if (!dev)
			return world_fail(r, v, "there is no \"dev\", or \"addr_info\"");
		return world_dev(r, dev, &ifindex) != 0 ? -1 : world_read_addr_info(r, v, ifindex);
	}
	if (world_dev(r, xb_value_member(v, "ifname"), &ifindex) != 0)
		return -1;
	link = xb_world_link(r->w, ifindex);
	t = (struct link_text){ .link = *link };
	if (world_object(r, v, keys, XB_ARRAY_SIZE(keys), &t) != 0)
		return -1;
	if (t.link.ifindex != ifindex)
		return world_fail(r, xb_value_member(v, "ifindex"), "'%s' is interface %u",
		                  link->name, ifindex);
	return world_read_addr_info(r, xb_value_member(v, "addr_info"), ifindex);
}

int
world_read_addresses(struct world_reader *r, const struct xb_value *v)
{
	const struct xb_value *first = v->first;

	while (first && first->kind == XB_VALUE_OBJECT && !first->cnt)
		first = first->next;
	if (!r->links_given && first && xb_value_member(first, "ifname"))
		return world_read_links(r, v);
	return world_finish_links(r) != 0 ? -1 : world_each(r, v, add_addresses);
}
