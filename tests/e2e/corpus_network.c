/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/corpus.h"

static const struct net_link links[] = {
	{ .name = "eth0", .peer = "far0", .ifindex = 10, .mac = "02:00:00:00:00:10" },
	{ .name = "far0", .ifindex = 11, .mac = "02:00:00:00:00:11" },
	{ .name = "eth1", .peer = "far1", .ifindex = 20, .mac = "02:00:00:00:00:20", .mtu = 1280 },
	{ .name = "far1", .ifindex = 21, .mac = "02:00:00:00:00:21" },
};

static const struct net_addr addrs[] = {
	{ .link = "eth0", .addr = "172.16.0.1/24" },
	{ .link = "eth1", .addr = "172.16.1.1/24" },
	{ .link = "eth0", .addr = "2001:db8:f0::1/64" },
	{ .link = "eth1", .addr = "2001:db8:f1::1/64" },
};

static const struct net_route routes[] = {
	{ "10.0.0.0/8", .hops = { NET_VIA("172.16.0.2", "eth0") } },
	{ "10.0.0.2/32", .hops = { NET_VIA("172.16.1.2", "eth1") } },
	{ "10.0.0.1/32", .type = "prohibit" },
	{ "192.0.2.0/24", .hops = { NET_VIA("172.16.1.2", "eth1") } },
	{ "192.0.2.80/32", .hops = { { .via = "172.16.0.2", .dev = "eth0", .weight = 2 },
	                             { .via = "172.16.1.2", .dev = "eth1", .weight = 1 } } },
	{ "198.51.100.0/24", .hops = { NET_VIA("172.16.0.3", "eth0") } }, /* nobody knows its MAC */
	{ "203.0.113.0/24", .type = "blackhole" },
	{ "2001:db8::/32", .hops = { NET_VIA("2001:db8:f0::2", "eth0") }, .metric = 10 },
	{ "2001:db8:2::/48", .hops = { NET_VIA("2001:db8:f1::2", "eth1") }, .metric = 10 },
	{ "2001:db8:a::/48", .hops = { NET_VIA("2001:db8:f1::3", "eth1") }, .metric = 10 },
	{ "fd00::/16", .type = "unreachable", .metric = 10 },
};

static const struct net_rule rules[] = {
	{ .priority = 100, .mark = 3, .mask = 0xffffffff, .action = "blackhole" },
};

static const struct net_neigh neighs[] = {
	{ "eth0", "172.16.0.2", "02:bb:00:00:00:02", "permanent" },
	{ "eth1", "172.16.1.2", "02:bb:00:00:01:02", "permanent" },
	{ "eth0", "2001:db8:f0::2", "02:bb:00:00:00:02", "permanent" },
	{ "eth1", "2001:db8:f1::2", "02:bb:00:00:01:02", "permanent" },
};

const struct network corpus_network = {
	NETWORK_PART(link, links), NETWORK_PART(addr, addrs),   NETWORK_PART(route, routes),
	NETWORK_PART(rule, rules), NETWORK_PART(neigh, neighs), .multipath_seed = 99,
	.lo_forwards = true,
};

static const struct net_sock socks[] = {
	{ "tcp", "192.0.2.80", 80, .mark = 1 },
	{ "tcp", "0.0.0.0", 443, .mark = 2 },
	{ "tcp", "2001:db8:2::2", 443, .mark = 3, .v6only = true },
	{ "tcp", "::", 40000, .mark = 4 },
	{ "udp", "192.0.2.80", 443, .mark = 5 },
	{ "udp", "0.0.0.0", 53, .mark = 6 },
	{ "udp", "::", 7001, .mark = 7 },
	{ "udp", "::", 547, .mark = 8, .v6only = true },
};

const struct network corpus_sockets = {
	NETWORK_PART(sock, socks),
	.multipath_seed = 99,
	.tcp_syncookies = 2,
};
