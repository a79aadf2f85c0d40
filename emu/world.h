/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world.h - the network around: interfaces, addresses, routes, rules, neighbours, sockets, cgroups.
 *
 * It is what helpers ask (bpf_fib_lookup, bpf_check_mtu, bpf_sk_lookup_tcp, ...), and nothing of it
 * changes while programs run. Without a file it is what a test run sees: the loopback, no routes,
 * no sockets. Addresses are in wire order; an IPv4 address is the first 4 bytes of its 16.
 *
 * Arrays are owned by the world, in the order of the file but for what a comment says.
 */
#ifndef XB_EMU_WORLD_H
#define XB_EMU_WORLD_H

#include "emu/emu.h"
#include "emu/sock.h"

#define XB_WORLD_LOOPBACK 1u /* ifindex of "lo" */

struct xb_world_addr {
	u8 family; /* AF_INET, AF_INET6; 0: none */
	u8 prefix; /* length in bits, where it is a prefix */
	u8 bytes[16];
};

/* An interface (ip -j link). */
struct xb_world_link {
	u32 ifindex;
	char name[16];
	u8 mac[6], broadcast[6];
	u32 mtu;
	u32 hard_header_len; /* 14 for Ethernet and the loopback, 0 without a link layer */
	bool no_mac;         /* its type has no link layer (cf. dev_is_mac_header_xmit) */
	char kind[16];       /* "veth", "vlan", ...; empty: hardware */
	u32 group;
	bool up;
	bool no_carrier;         /* it is up, and sends nothing */
	u32 master;              /* ifindex of its VRF or bridge; 0: none */
	u32 vrf_table;           /* of a VRF: its table; else 0 */
	u32 parent;              /* of a VLAN: the interface below; else 0 */
	u16 vlan_proto, vlan_id; /* of a VLAN; proto in wire order */
	u32 peer;            /* of a veth: the ifindex of its other end, 0 where that is unknown */
	bool peer_elsewhere; /* that end is in another network namespace */
	bool forwarding4, forwarding6;           /* net.ipv4.conf.NAME.forwarding, net.ipv6... */
	bool ignore_linkdown4, ignore_linkdown6; /* ...ignore_routes_with_linkdown */
	char xdp[128], tc[128];                  /* programs attached, "FILE:NAME"; empty: none */
};

/* An address of an interface (ip -j addr). */
struct xb_world_ifaddr {
	u32 ifindex;
	struct xb_world_addr local; /* with the prefix's length */
	struct xb_world_addr peer;  /* of a point-to-point link, with its prefix; family 0: none */
	struct xb_world_addr broadcast; /* IPv4's; family 0: none */
	u8 scope;                       /* RT_SCOPE_* */
	u32 metric;                     /* of its connected route; 0: the family's */
	u32 flags;                      /* IFA_F_* */
};

struct xb_world_hop {
	u32 ifindex; /* 0: told by the gateway */
	struct xb_world_addr
	        gateway; /* family 0: on link; may be of another family than the route */
	u32 weight;      /* from 1 */
	bool dead;       /* not to be used: its interface is down */
	bool linkdown;   /* there is no carrier */
	bool onlink;
	bool encap;      /* a lightweight tunnel (SRv6, MPLS, ...) wraps what goes there */
	u32 encap_bytes; /* that it takes off the MTU: SRv6's headers */
};

/* A route (ip -j route show table all). */
struct xb_world_route {
	struct xb_world_addr dst; /* prefix 0: default */
	struct xb_world_addr src; /* IPv6's `from`; family 0: any */
	struct xb_world_addr prefsrc;
	u32 table; /* 254 main, 255 local, 253 default */
	u8 type;   /* RTN_* */
	u8 scope;  /* RT_SCOPE_* */
	u8 tos;
	u32 metric;    /* the smaller wins */
	u32 mtu;       /* RTAX_MTU; 0: the interface's */
	bool mtu_lock; /* of `mtu`: no path MTU discovery; forwarding looks at no other */
	s8 pref;       /* IPv6: router preference, -1 low, 0 medium, 1 high */
	u32 realm;
	u8 protocol;               /* RTPROT_* */
	struct xb_world_hop *hops; /* hop_cnt, at least one for RTN_UNICAST; owned */
	u32 hop_cnt;
};

/* A rule (ip -j rule), in order of priority. */
struct xb_world_rule {
	u8 family;
	u32 priority;
	struct xb_world_addr src, dst; /* family 0: any */
	char iif[16], oif[16];         /* empty: any */
	u32 mark, mark_mask;           /* mask 0: any */
	u8 tos;
	bool invert, l3mdev;
	u8 action;                                      /* FR_ACT_* */
	u32 table;                                      /* of FR_ACT_TO_TBL */
	s32 suppress_prefixlength;                      /* -1: no */
	u8 ip_proto;                                    /* 0: any */
	u16 sport_from, sport_to, dport_from, dport_to; /* host order; 0, 0: any */
	u32 goto_priority;                              /* of FR_ACT_GOTO */
	u32 uid_from, uid_to;                           /* the range of socket owners; 0, 0: any */
	u64 tun_id;                                     /* 0: any */
	bool suppress_group; /* routes out of interfaces of suppress_ifgroup do not count */
	u32 suppress_ifgroup;
};

/* A neighbour (ip -j neigh). */
struct xb_world_neigh {
	u32 ifindex;
	struct xb_world_addr addr;
	u8 mac[6]; /* zeros where it is not known */
	u16 state; /* NUD_* */
};

/* A socket (ss). */
struct xb_world_sock {
	struct xb_sock *sock; /* how programs see it; made when the world is given to an emulator */
	struct xb_sock_info info;
	u32 bound_ifindex; /* SO_BINDTODEVICE; 0: none */
	u64 netns;         /* cookie of its network namespace; 0: the world's own */
	bool reuseport, v6only, transparent;
	struct bpf_tcp_sock tcp; /* what bpf_tcp_sock() shows of it */
};

struct xb_world_cgroup {
	u64 id;
	u64 parent; /* id; 0 for the root */
	u32 level;  /* 0 for the root */
	u32 classid;
	char path[256]; /* below the root, "/system.slice" */
};

/* A conntrack entry. Ports in wire order; for ICMP type and code are in dport. */
struct xb_world_ct {
	u8 proto;
	struct xb_world_addr src, dst, reply_src, reply_dst;
	u16 sport, dport, reply_sport, reply_dport;
	u32 status, mark, timeout_s;
	u16 zone;
	u8 tcp_state;
};

/* A transform in the packet's security path (bpf_skb_get_xfrm_state). */
struct xb_world_xfrm {
	u32 reqid;
	__be32 spi;
	struct xb_world_addr remote;
};

/* What packets were wrapped in that come in by an interface (bpf_skb_get_tunnel_key). */
struct xb_world_tunnel {
	u32 ifindex;
	struct xb_world_addr remote, local; /* of one family: the other end, and this one */
	u32 id;
	u8 tos, ttl;
	u32 label;               /* IPv6: 20 bits */
	bool key, csum, seq, df; /* what of `id`, checksum, number, DF bit the header had */
	u32 opts_bytes;          /* a multiple of 4 */
	u8 opts[255];            /* of Geneve, VXLAN (GBP), ERSPAN */
};

struct xb_world {
	struct xb_world_link *links; /* in order of ifindex */
	struct xb_world_ifaddr *addrs;
	struct xb_world_route *routes; /* longest prefix first, IPv4's largest tos, smallest metric;
	                                * then the file's order, and what is implied last */
	struct xb_world_rule *rules;
	struct xb_world_neigh *neighs;
	struct xb_world_sock *socks;
	struct xb_world_cgroup *cgroups;
	struct xb_world_ct *cts;
	struct xb_world_xfrm *xfrms;
	struct xb_world_tunnel *tunnels;
	u32 link_cnt, addr_cnt, route_cnt, rule_cnt, neigh_cnt, sock_cnt, cgroup_cnt, ct_cnt,
	        xfrm_cnt, tunnel_cnt;
	u64 netns_cookie;
	/* net.ipv4.fib_multipath_hash_seed; 0: a random one of the machine, unknown */
	u32 multipath_seed;
	/* net.ipv4.fib_multipath_hash_policy and IPv6's: 0 addresses, 1 ports too */
	u8 multipath_policy4, multipath_policy6;
	u8 tcp_syncookies;          /* net.ipv4.tcp_syncookies: 0, 1, 2 */
	u8 syncookie_key[2][2][16]; /* secrets of SYN cookies: two keys for IPv4's, for IPv6's */
	bool given;                 /* by a file: interfaces that are not in it do not exist */
};

/* What a test run sees. NULL and err where there is no memory. */
struct xb_world *xb_world_new(struct xb_err *err);

/* NULL is allowed. */
void xb_world_free(struct xb_world *w);

/*
 * Reads the JSON of a world (docs/world.md says what it looks like). Errors: XB_ERR_FILE, with
 * line, column and the path inside: "line 3, column 7: links[0].mtu: expected a number".
 */
struct xb_world *xb_world_parse(const char *text, size_t bytes, struct xb_err *err);

/* A file that a live machine's commands wrote; its name says which. */
struct xb_world_file {
	const char *name;
	const char *text; /* NUL-terminated */
	size_t bytes;
};

/* The names of the files that there may be, from 0 on; NULL behind the last. */
const char *xb_world_file_name(u32 i);

/*
 * Makes a world of the files of a live machine (docs/world.md says which commands write them), of
 * which any may be missing. Errors as of xb_world_parse(), with the file's name in front.
 */
struct xb_world *xb_world_parse_files(const struct xb_world_file *files, u32 cnt,
                                      struct xb_err *err);

/*
 * The emulator asks this world from now on; it becomes the emulator's, which frees it. Sockets are
 * made. Before any program runs. -1 and err where there is no memory.
 */
int xb_world_set(struct xb_emu *emu, struct xb_world *w, struct xb_err *err);

/*
 * Whether there may be such an interface: of a world that a file gives, those that are in it; else
 * any number. (cf. net/core/dev.c: dev_get_by_index_rcu)
 */
bool xb_world_has_ifindex(const struct xb_world *w, u32 ifindex);

/* NULL: there is no such interface. */
static inline const struct xb_world_link *
xb_world_link(const struct xb_world *w, u32 ifindex)
{
	for (u32 i = 0; i < w->link_cnt; i++)
		if (w->links[i].ifindex == ifindex)
			return &w->links[i];
	return NULL;
}

const struct xb_world_link *xb_world_link_named(const struct xb_world *w, const char *name);

/* The neighbour's entry on an interface, or NULL. */
const struct xb_world_neigh *xb_world_neigh(const struct xb_world *w, u32 ifindex,
                                            const struct xb_world_addr *addr);

#endif
