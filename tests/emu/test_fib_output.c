/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_fib_output.c - the way out through an interface, as `ip route get` finds it; and VRFs, which
 * few kernels that tests run on have: in the emulator alone.
 */
#include "emu/fib.h"
#include "tests/rig/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <cmocka.h>

static const struct net_link links[] = {
	{ .name = "eth0", .peer = "far0", .ifindex = 10, .mac = "02:00:00:00:00:10" },
	{ .name = "far0", .ifindex = 11, .mac = "02:00:00:00:00:11" },
	{ .name = "eth1", .peer = "far1", .ifindex = 20, .mac = "02:00:00:00:00:20" },
	{ .name = "far1", .ifindex = 21, .mac = "02:00:00:00:00:21" },
	{ .name = "eth2", .peer = "far2", .ifindex = 30, .mac = "02:00:00:00:00:30" },
	{ .name = "far2", .ifindex = 31, .mac = "02:00:00:00:00:31" },
};
static const struct net_addr addrs[] = {
	{ .link = "eth0", .addr = "10.0.1.1/24" },
	{ .link = "eth1", .addr = "10.0.2.1/24" },
	{ .link = "eth0", .addr = "2001:db8:1::1/64" },
	{ .link = "eth1", .addr = "2001:db8:2::1/64" },
};
static const struct net_route routes[] = {
	{ "10.1.0.0/16", .hops = { NET_VIA("10.0.1.2", "eth0") } },
	{ "10.1.0.0/16", .hops = { NET_VIA("10.0.2.2", "eth1") }, .metric = 10 },
	{ "10.2.0.0/16", .hops = { NET_ON("eth1") } },
	{ "10.3.0.0/16", .type = "prohibit" },
	{ "10.4.0.0/16", .table = 100, .hops = { NET_VIA("10.0.1.3", "eth0") } },
	{ "10.5.0.0/16", .hops = { NET_VIA("2001:db8:2::5", "eth1") } },
	{ "2001:db8:a::/48", .hops = { NET_VIA("2001:db8:1::2", "eth0") }, .metric = 10 },
	{ "2001:db8:a::/48", .hops = { NET_VIA("2001:db8:2::2", "eth1") }, .metric = 20 },
	{ "2001:db8:b::/48", .hops = { NET_ON("eth1") }, .metric = 10 },
	{ "2001:db8:c::/48", .type = "blackhole", .metric = 10 },
};
static const struct net_rule rules[] = {
	{ .priority = 10, .mark = 1, .mask = 0xff, .table = 100 },
};
static const struct net_neigh neighs[] = {
	{ "eth0", "10.0.1.2", "02:aa:00:00:00:01", "permanent" },
	{ "eth1", "10.2.0.1", "02:aa:00:00:00:02", "permanent" },
};
static const struct network net = {
	NETWORK_PART(link, links), NETWORK_PART(addr, addrs),   NETWORK_PART(route, routes),
	NETWORK_PART(rule, rules), NETWORK_PART(neigh, neighs),
};

struct row {
	const char *dst, *oif;
	u32 mark;
	int ret;
	const char *hop, *dev; /* hop NULL: the destination */
	bool has_neigh;
};

static const struct row rows[] = {
	{ "10.1.0.1", "eth0", 0, 0, "10.0.1.2", "eth0", true },
	{ "10.1.0.1", "eth1", 0, 0, "10.0.2.2", "eth1", false },
	{ "10.2.0.1", "eth1", 0, 0, NULL, "eth1", true },
	{ "10.2.0.1", "eth0", 0, 0, NULL, "eth0", false },
	{ "192.0.2.1", "eth0", 0, 0, NULL, "eth0", false },
	{ "192.0.2.1", "eth2", 0, 0, NULL, "eth2", false },
	{ "10.4.0.1", "eth0", 1, 0, "10.0.1.3", "eth0", false },
	{ "10.4.0.1", "eth0", 2, 0, NULL, "eth0", false },
	{ "10.4.0.1", "eth1", 1, 0, NULL, "eth1", false },
	{ "10.5.0.1", "eth1", 0, 0, "2001:db8:2::5", "eth1", false },
	{ "2001:db8:a::1", "eth0", 0, 0, "2001:db8:1::2", "eth0", false },
	{ "2001:db8:a::1", "eth1", 0, 0, "2001:db8:2::2", "eth1", false },
	{ "2001:db8:b::1", "eth1", 0, 0, NULL, "eth1", false },
	{ "2001:db8:c::1", "eth1", 0, -ENETUNREACH, NULL, NULL, false },
	{ "2600::1", "eth1", 0, -ENETUNREACH, NULL, NULL, false },
};

static void
ask_emu(const struct xb_world *w, const struct row *row, char *text, u32 bytes)
{
	struct xb_world_addr dst = network_addr(row->dst);
	struct xb_fib_flow flow = { .family = dst.family, .mark = row->mark };
	struct xb_fib_next next = { .route = NULL };
	char hop[64];
	int ret;

	memcpy(flow.dst, dst.bytes, sizeof(flow.dst));
	flow.oif = xb_world_link_named(w, row->oif)->ifindex;
	ret = xb_fib_output(w, &flow, &next);
	if (ret != row->ret)
		fail_msg("%s oif %s: returns %d", row->dst, row->oif, ret);
	if (ret) {
		snprintf(text, bytes, "none");
		return;
	}
	inet_ntop(next.addr.family, next.addr.bytes, hop, sizeof(hop));
	snprintf(text, bytes, "via %s dev %s", hop, next.link->name);
	if (row->has_neigh != (next.neigh != NULL))
		fail_msg("%s oif %s: neighbour", row->dst, row->oif);
}

/* The word behind another one. */
static void
word_after(const char *line, const char *word, char *to, u32 bytes)
{
	const char *at = strstr(line, word);

	at = at ? at + strlen(word) : "";
	snprintf(to, bytes, "%.*s", (int)strcspn(at, " \n"), at);
}

static void
ask_kernel(const struct row *row, char *text, u32 bytes)
{
	char command[256], line[512] = "", hop[64], dev[32];
	FILE *ip;

	snprintf(command, sizeof(command), "ip route get %s oif %s mark %u 2>/dev/null", row->dst,
	         row->oif, row->mark);
	ip = popen(command, "r");
	assert_non_null(ip);
	if (!fgets(line, sizeof(line), ip))
		line[0] = 0;
	if (pclose(ip) || !strcmp(line, "")) {
		snprintf(text, bytes, "none");
		return;
	}
	word_after(line, strstr(line, "via inet6 ") ? "via inet6 " : "via ", hop, sizeof(hop));
	word_after(line, "dev ", dev, sizeof(dev));
	snprintf(text, bytes, "via %s dev %s", hop[0] ? hop : row->dst, dev);
}

static void
test_output(void **state)
{
	struct xb_world *w = network_world(&net, 1);
	bool kernel = network_open(&net);

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		char emu[128], theirs[128], want[128] = "none";

		ask_emu(w, &rows[i], emu, sizeof(emu));
		if (rows[i].dev)
			snprintf(want, sizeof(want), "via %s dev %s",
			         rows[i].hop ? rows[i].hop : rows[i].dst, rows[i].dev);
		assert_string_equal(emu, want);
		if (!kernel)
			continue;
		ask_kernel(&rows[i], theirs, sizeof(theirs));
		if (strcmp(emu, theirs))
			fail_msg("%s oif %s mark %u: emulator %s, kernel %s", rows[i].dst,
			         rows[i].oif, rows[i].mark, emu, theirs);
	}
	xb_world_free(w);
}

/* eth0 and eth1 are in VRF 20's table 77. */
static struct xb_world *
vrf_world(void)
{
	static const struct net_route vrf_routes[] = {
		{ "10.1.0.0/16", .hops = { NET_VIA("10.0.1.2", "eth0") } },
		{ "10.1.0.0/16", .table = 77, .hops = { NET_VIA("10.0.2.2", "eth1") } },
	};
	static const struct net_rule vrf_rules[] = { { .priority = 1000, .table = 0 } };
	const struct network vrf = {
		NETWORK_PART(link, links),
		NETWORK_PART(route, vrf_routes),
		NETWORK_PART(rule, vrf_rules),
	};
	struct xb_world *w = network_world(&vrf, 1);

	for (u32 i = 0; i < w->rule_cnt; i++)
		if (w->rules[i].priority == 1000)
			w->rules[i].l3mdev = true;
	for (u32 i = 0; i < w->link_cnt; i++) {
		if (w->links[i].ifindex == 31)
			w->links[i].vrf_table = 77;
		else if (w->links[i].ifindex == 10 || w->links[i].ifindex == 20)
			w->links[i].master = 31;
	}
	return w;
}

static void
test_vrf(void **state)
{
	static const struct {
		const char *name;
		u32 ifindex, flags, out;
		int ret;
	} vrf_rows[] = {
		{ "outside", 30, 0, 10, BPF_FIB_LKUP_RET_SUCCESS },
		{ "in it", 10, 0, 20, BPF_FIB_LKUP_RET_SUCCESS },
		{ "itself", 31, 0, 20, BPF_FIB_LKUP_RET_SUCCESS },
		{ "direct", 10, BPF_FIB_LOOKUP_DIRECT, 20, BPF_FIB_LKUP_RET_SUCCESS },
		{ "direct, outside", 30, BPF_FIB_LOOKUP_DIRECT, 10, BPF_FIB_LKUP_RET_SUCCESS },
		{ "output, itself", 31, BPF_FIB_LOOKUP_OUTPUT, 20, BPF_FIB_LKUP_RET_SUCCESS },
		{ "output, member", 20, BPF_FIB_LOOKUP_OUTPUT, 20, BPF_FIB_LKUP_RET_SUCCESS },
	};
	struct xb_world *w = vrf_world();

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(vrf_rows); i++) {
		struct bpf_fib_lookup params = { .family = AF_INET,
			                         .ifindex = vrf_rows[i].ifindex };
		int ret;

		inet_pton(AF_INET, "10.1.0.1", &params.ipv4_dst);
		ret = xb_fib_lookup_params(w, &params,
		                           vrf_rows[i].flags | BPF_FIB_LOOKUP_SKIP_NEIGH, true);
		if (ret != vrf_rows[i].ret || params.ifindex != vrf_rows[i].out)
			fail_msg("%s: returns %d, ifindex %u", vrf_rows[i].name, ret,
			         params.ifindex);
	}
	xb_world_free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_vrf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
