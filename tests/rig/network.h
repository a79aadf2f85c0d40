/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * network.h - a network as rows: made by ip(8) in a network namespace for the kernel, and as a
 * world for the emulator.
 *
 * What Linux adds by itself is added to the world too: the loopback's address, and the routes that
 * come with an address. Interfaces have no link-local addresses of their own. Addresses are text.
 */
#ifndef XB_TESTS_RIG_NETWORK_H
#define XB_TESTS_RIG_NETWORK_H

#include "emu/world.h"

/* One end of a veth pair. The loopback is there without a row. */
struct net_link {
	const char *name;
	const char *peer; /* of the end that is made first; the other one's row follows */
	u32 ifindex;
	const char *mac;
	u32 mtu; /* 0: 1500 */
	bool down;
	bool no_forward4, no_forward6;
};

struct net_addr {
	const char *link, *addr; /* "10.0.1.1/24" */
	bool deprecated;
	const char *scope; /* "link", "host"; NULL: global */
};

struct net_hop {
	const char *via, *dev; /* via NULL: on link */
	u32 weight;
	bool down; /* its interface has no row that says so, but is set down after the route is made
	            */
};

/* clang-format off */
#define NET_VIA(gateway, link) { .via = (gateway), .dev = (link) }
#define NET_ON(link)           { .dev = (link) }
/* clang-format on */

struct net_route {
	const char *dst, *type; /* "default"; type NULL: unicast */
	u32 table;              /* 0: main */
	struct net_hop hops[4];
	const char *from, *src;
	u32 metric; /* of IPv6 never 0 */
	u32 mtu, mtu_lock;
	u8 tos;
	s8 pref;
	const char *encap; /* "seg6 mode encap segs fc00::1" */
	u32 encap_bytes;   /* what that takes off the MTU */
};

struct net_rule {
	bool ip6;
	u32 priority;
	const char *from, *to, *iif, *oif;
	u32 mark, mask;
	u8 tos;
	const char *proto; /* "tcp" */
	u16 sport[2], dport[2];
	bool invert, suppress; /* suppress_prefixlength 0 */
	const char *action;    /* "blackhole", ...; NULL: lookup of */
	u32 table;
};

struct net_neigh {
	const char *dev, *addr, *mac, *nud; /* mac NULL: none */
};

/* A socket bound to an address, which need not be one of the network's: TCP's listen. */
struct net_sock {
	const char *proto, *addr; /* "tcp", "udp" */
	u16 port;
	u32 mark;
	bool v6only;
};

struct network {
	const struct net_link *links;
	const struct net_addr *addrs;
	const struct net_route *routes;
	const struct net_rule *rules; /* beside the first ones */
	const struct net_neigh *neighs;
	const struct net_sock *socks;
	u32 link_cnt, addr_cnt, route_cnt, rule_cnt, neigh_cnt, sock_cnt;
	u32 multipath_seed, multipath_policy;
	bool lo_down, lo_forwards;
	u8 tcp_syncookies; /* 0: 1, as it is at first */
};

/* How each of its parts is written: NETWORK(links, my_links). */
#define NETWORK_PART(part, rows) .part##s = (rows), .part##_cnt = XB_ARRAY_SIZE(rows)

/* Whether one can be made here; where not, it is said why. */
bool network_permitted(void);

/*
 * Makes it, in a network namespace that this process moves to. False, and said so, where that is
 * not permitted or there is no ip(8). Ends the process where a row is refused, or where the kernel
 * has other routes than the world: the rows are wrong. This is for children too, where no test can
 * fail.
 */
bool network_open(const struct network *net);

/* The same as a world, of a cookie. */
struct xb_world *network_world(const struct network *net, u64 netns_cookie);

/* Makes the sockets, which stay open, in this process's namespace; network_open() does it. */
void network_open_socks(const struct network *net);

/* Adds them to a world; network_world() does it. */
void network_add_socks(struct xb_world *w, const struct network *net);

/* The cookie of this process's network namespace. */
u64 network_cookie(void);

/* Parses "10.0.0.0/8", "2001:db8::1", "default" is of no family. */
struct xb_world_addr network_addr(const char *text);

#endif
