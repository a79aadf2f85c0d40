/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/fib_rig.h"

static const struct net_link links[] = {
	{ .name = "in0", .peer = "out0", .ifindex = 10, .mac = "02:00:00:00:00:10" },
	{ .name = "out0", .ifindex = 11, .mac = "02:00:00:00:00:11", .mtu = 1400 },
	{ .name = "in1", .peer = "out1", .ifindex = 20, .mac = "02:00:00:00:00:20", .mtu = 9000 },
	{ .name = "out1", .ifindex = 21, .mac = "02:00:00:00:00:21" },
	{ .name = "closed0",
	  .peer = "closed1",
	  .ifindex = 30,
	  .mac = "02:00:00:00:00:30",
	  .no_forward4 = true,
	  .no_forward6 = true },
	{ .name = "closed1", .ifindex = 31, .mac = "02:00:00:00:00:31", .no_forward4 = true },
	{ .name = "down0", .peer = "down1", .ifindex = 40, .mac = "02:00:00:00:00:40" },
	{ .name = "down1", .ifindex = 41, .mac = "02:00:00:00:00:41", .down = true },
	{ .name = "small0",
	  .peer = "small1",
	  .ifindex = 50,
	  .mac = "02:00:00:00:00:50",
	  .mtu = 600 },
	{ .name = "small1", .ifindex = 51, .mac = "02:00:00:00:00:51", .mtu = 1280 },
};

static const struct net_addr addrs[] = {
	{ .link = "in0", .addr = "10.0.1.1/24" },
	{ .link = "in0", .addr = "10.0.1.2/24" },
	{ .link = "in0", .addr = "10.0.11.1/24" },
	{ .link = "out0", .addr = "10.0.2.1/24" },
	{ .link = "out0", .addr = "169.254.2.1/16", .scope = "link" },
	{ .link = "in1", .addr = "10.0.3.1/24" },
	{ .link = "out1", .addr = "10.0.4.1/28" },
	{ .link = "closed0", .addr = "10.0.5.1/24" },
	{ .link = "small0", .addr = "10.0.6.1/24" },
	{ .link = "in0", .addr = "2001:db8:1::1/64" },
	{ .link = "in0", .addr = "2001:db8:1::2/64" },
	{ .link = "out0", .addr = "2001:db8:2::1/64" },
	{ .link = "out0", .addr = "fd00:2::1/64" },
	{ .link = "in1", .addr = "2001:db8:3::1/64" },
	{ .link = "out1", .addr = "2001:db8:4::1/64", .deprecated = true },
	{ .link = "out1", .addr = "2001:db8:4::2/64" },
	{ .link = "closed0", .addr = "2001:db8:5::1/64" },
};

static const struct net_route routes[] = {
	{ "default", .hops = { NET_VIA("10.0.2.254", "out0") } },
	{ "10.1.0.0/16", .hops = { NET_VIA("10.0.2.2", "out0") }, .metric = 100 },
	{ "10.1.0.0/16", .hops = { NET_VIA("10.0.4.2", "out1") }, .metric = 50 },
	{ "10.1.2.0/24", .hops = { NET_VIA("10.0.4.3", "out1") }, .src = "10.0.3.1" },
	{ "10.1.2.128/25", .type = "blackhole" },
	{ "10.1.2.192/26", .type = "unreachable" },
	{ "10.1.2.224/27", .type = "prohibit" },
	{ "10.1.2.240/28", .type = "throw" },
	{ "10.2.0.0/16", .hops = { NET_ON("in1") } },
	{ "10.3.0.0/16", .hops = { NET_VIA("10.0.2.2", "out0") }, .mtu = 1000, .mtu_lock = 1 },
	{ "10.3.1.0/24", .hops = { NET_VIA("10.0.2.2", "out0") }, .mtu = 900 },
	{ "10.4.0.0/16", .hops = { { .via = "10.0.2.2", .dev = "out0", .weight = 1 },
	                           { .via = "10.0.4.2", .dev = "out1", .weight = 3 },
	                           { .via = "10.0.3.3", .dev = "in1", .weight = 2 } } },
	{ "10.5.0.0/16", .hops = { NET_VIA("2001:db8:4::5", "out1") } },
	{ "10.6.0.0/16", .hops = { NET_VIA("10.0.2.2", "out0") }, .tos = 0x10 },
	{ "10.6.0.0/16", .hops = { NET_VIA("10.0.4.2", "out1") } },
	{ "10.7.0.0/16", .hops = { NET_VIA("10.0.2.3", "out0") } },
	{ "10.7.1.0/24", .hops = { NET_VIA("10.0.2.4", "out0") } },
	{ "10.7.2.0/24", .hops = { NET_VIA("10.0.2.5", "out0") } },
	{ "10.7.3.0/24", .hops = { NET_VIA("10.0.2.6", "out0") } },
	{ "10.7.4.0/24", .hops = { NET_VIA("10.0.2.7", "out0") } },
	{ "10.7.5.0/24", .hops = { NET_VIA("10.0.2.8", "out0") } },
	{ "10.7.6.0/24", .hops = { NET_VIA("10.0.2.9", "out0") } },
	{ "10.8.0.0/16", .hops = { NET_ON("small0") } },
	{ "10.9.0.0/16", .hops = { NET_VIA("10.0.2.2", "out0") },
	  .encap = "seg6 mode encap segs fc00::1", .encap_bytes = 64 },
	{ "127.1.2.3/32", .hops = { NET_VIA("10.0.2.2", "out0") } },
	{ "10.10.0.0/16", .hops = { NET_ON("lo") } },
	{ "10.11.0.0/16", .hops = { { .via = "10.0.4.2", .dev = "out1", .weight = 1 },
	                            { .dev = "down0", .weight = 1, .down = true } } },
	{ "10.20.0.0/16", .table = 100, .hops = { NET_VIA("10.0.4.4", "out1") } },
	{ "10.1.2.0/24", .table = 100, .hops = { NET_VIA("10.0.3.3", "in1") } },
	{ "10.21.0.0/16", .table = 100, .type = "blackhole" },
	{ "10.22.0.0/16", .table = 253, .hops = { NET_VIA("10.0.2.2", "out0") } },
	{ "10.1.2.128/26", .table = 253, .hops = { NET_VIA("10.0.2.2", "out0") } },
	{ "default", .table = 200, .hops = { NET_VIA("10.0.3.3", "in1") } },
	{ "10.23.0.0/16", .table = 200, .hops = { NET_VIA("10.0.3.4", "in1") } },

	{ "default", .hops = { NET_VIA("2001:db8:2::fe", "out0") }, .metric = 1024 },
	{ "2001:db8:a::/48", .hops = { NET_VIA("2001:db8:2::2", "out0") }, .metric = 100 },
	{ "2001:db8:a::/48", .hops = { NET_VIA("2001:db8:4::3", "out1") }, .metric = 50 },
	{ "2001:db8:a:1::/64", .hops = { NET_VIA("2001:db8:4::3", "out1") }, .metric = 7,
	  .src = "2001:db8:3::1" },
	{ "2001:db8:b::/64", .type = "blackhole", .metric = 10 },
	{ "2001:db8:b:1::/64", .type = "unreachable", .metric = 10 },
	{ "2001:db8:b:2::/64", .type = "prohibit", .metric = 10 },
	{ "2001:db8:b:3::/64", .type = "throw", .metric = 10 },
	{ "2001:db8:c::/48", .hops = { NET_ON("in1") }, .metric = 20 },
	{ "2001:db8:d::/48", .hops = { NET_VIA("2001:db8:3::3", "in1") }, .metric = 20, .mtu = 1300,
	  .mtu_lock = 1 },
	{ "2001:db8:d:1::/64", .hops = { NET_VIA("2001:db8:3::3", "in1") }, .metric = 20,
	  .mtu = 1290 },
	{ "2001:db8:e::/48", .metric = 30,
	  .hops = { { .via = "2001:db8:2::2", .dev = "out0", .weight = 1 },
	            { .via = "2001:db8:4::3", .dev = "out1", .weight = 3 },
	            { .via = "2001:db8:3::3", .dev = "in1", .weight = 2 } } },
	/* The interface of the lookup, and the router's preference, choose among equals. */
	{ "2001:db8:f::/48", .hops = { NET_VIA("2001:db8:2::2", "out0") }, .metric = 30,
	  .pref = -1 },
	{ "2001:db8:f:1::/64", .hops = { NET_ON("out0") }, .metric = 30 },
	{ "2001:db8:f:1::/64", .hops = { NET_ON("in1") }, .metric = 31 },
	{ "2001:db8:10::/48", .hops = { NET_VIA("2001:db8:2::3", "out0") }, .metric = 30 },
	{ "2001:db8:10:1::/64", .hops = { NET_VIA("2001:db8:2::4", "out0") }, .metric = 30 },
	{ "2001:db8:10:2::/64", .hops = { NET_VIA("2001:db8:2::5", "out0") }, .metric = 30 },
	{ "2001:db8:10:3::/64", .hops = { NET_VIA("2001:db8:2::6", "out0") }, .metric = 30 },
	{ "2001:db8:10:4::/64", .hops = { NET_VIA("2001:db8:2::7", "out0") }, .metric = 30 },
	{ "2001:db8:11::/48", .hops = { NET_VIA("2001:db8:2::2", "out0") }, .metric = 30,
	  .encap = "seg6 mode encap segs fc00::1", .encap_bytes = 64 },
	{ "2001:db8:12::/48", .hops = { NET_ON("lo") }, .metric = 30 },
	{ "2001:db8:13::/48", .hops = { NET_VIA("2001:db8:2::2", "out0") }, .metric = 30,
	  .from = "2001:db8:99::/48" },
	{ "2001:db8:13::/48", .hops = { NET_VIA("2001:db8:4::3", "out1") }, .metric = 30 },
	{ "2001:db8:14::/48", .hops = { NET_VIA("2001:db8:4::3", "out1") }, .metric = 30,
	  .from = "2001:db8:99::/48" },
	{ "2001:db8:15::/48", .hops = { NET_ON("small1") }, .metric = 30 },
	{ "2001:db8:20::/48", .table = 100, .hops = { NET_VIA("2001:db8:4::3", "out1") },
	  .metric = 40 },
	{ "2001:db8:a:1::/64", .table = 100, .hops = { NET_VIA("2001:db8:3::3", "in1") },
	  .metric = 40 },
	{ "2001:db8:21::/48", .table = 100, .type = "blackhole", .metric = 40 },
	{ "default", .table = 200, .hops = { NET_VIA("2001:db8:3::3", "in1") }, .metric = 40 },
};

#define RULES(six, a, b)                                                                           \
	{ .ip6 = (six), .priority = 100, .from = (a), .table = 100 },                              \
	        { .ip6 = (six), .priority = 110, .mark = 5, .mask = 0xff, .table = 200 },          \
	        { .ip6 = (six), .priority = 120, .iif = "in1", .tos = 0x10, .table = 100 },        \
	        { .ip6 = (six), .priority = 130, .oif = "out1", .table = 100 },                    \
	        { .ip6 = (six),                                                                    \
		  .priority = 140,                                                                 \
		  .proto = "udp",                                                                  \
		  .dport = { 53, 53 },                                                             \
		  .table = 200 },                                                                  \
	        { .ip6 = (six), .priority = 150, .sport = { 1000, 2000 }, .table = 100 },          \
	        { .ip6 = (six), .priority = 160, .to = (b), .action = "prohibit" },                \
	        { .ip6 = (six),                                                                    \
		  .priority = 170,                                                                 \
		  .mark = 7,                                                                       \
		  .mask = 0xffffffff,                                                              \
		  .action = "blackhole" },                                                         \
	        { .ip6 = (six),                                                                    \
		  .priority = 180,                                                                 \
		  .mark = 8,                                                                       \
		  .mask = 0xffffffff,                                                              \
		  .action = "unreachable" },                                                       \
	        { .ip6 = (six), .priority = 190, .table = 200, .suppress = true, .iif = "in1" },   \
	{                                                                                          \
		.ip6 = (six), .priority = 195, .invert = true, .iif = "lo", .mark = 9,             \
		.mask = 0xffffffff, .table = 253                                                   \
	}

static const struct net_rule rules[] = {
	RULES(false, "10.99.0.0/16", "10.98.0.0/16"),
	RULES(true, "2001:db8:98::/48", "2001:db8:97::/48"),
};

static const struct net_neigh neighs[] = {
	{ "out0", "10.0.2.254", "02:aa:00:00:00:01", "permanent" },
	{ "out0", "10.0.2.2", "02:aa:00:00:00:02", "permanent" },
	{ "out1", "10.0.4.2", "02:aa:00:00:00:03", "reachable" },
	{ "out1", "10.0.4.3", "02:aa:00:00:00:04", "stale" },
	{ "out1", "10.0.4.4", "02:aa:00:00:00:05", "noarp" },
	{ "in1", "10.0.3.3", "02:aa:00:00:00:06", "delay" },
	{ "out0", "10.0.2.4", "02:aa:00:00:00:07", "probe" },
	{ "out0", "10.0.2.5", NULL, "failed" },
	{ "out0", "10.0.2.6", NULL, "incomplete" },
	{ "out0", "10.0.2.7", NULL, "none" },
	{ "out0", "10.0.2.8", "02:aa:00:00:00:08", "failed" },
	{ "out0", "10.0.2.9", "02:aa:00:00:00:99", "noarp" },
	{ "in1", "10.2.0.1", "02:aa:00:00:00:09", "permanent" },
	{ "out1", "2001:db8:4::5", "02:aa:00:00:00:0a", "permanent" },
	{ "out0", "2001:db8:2::fe", "02:aa:00:00:00:0b", "permanent" },
	{ "out0", "2001:db8:2::2", "02:aa:00:00:00:0c", "reachable" },
	{ "out1", "2001:db8:4::3", "02:aa:00:00:00:0d", "stale" },
	{ "in1", "2001:db8:3::3", "02:aa:00:00:00:0e", "delay" },
	{ "out0", "2001:db8:2::4", "02:aa:00:00:00:0f", "probe" },
	{ "out0", "2001:db8:2::5", NULL, "failed" },
	{ "out0", "2001:db8:2::6", NULL, "incomplete" },
	{ "out0", "2001:db8:2::7", "02:aa:00:00:00:99", "noarp" },
	{ "in1", "2001:db8:c::1", "02:aa:00:00:00:10", "permanent" },
};

#define PARTS                                                                                      \
	NETWORK_PART(link, links), NETWORK_PART(addr, addrs), NETWORK_PART(route, routes),         \
	        NETWORK_PART(neigh, neighs), .multipath_seed = 12345

/* Without rules Linux has another way through its tables; ports choose hops where it is said. */
const struct network fib_plain = { PARTS };
const struct network fib_ruled = { PARTS, NETWORK_PART(rule, rules), .multipath_policy = 1 };
