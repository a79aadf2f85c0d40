/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib.h - routing: a flow through the world's rules and tables to a next hop and its neighbour.
 *
 * A lookup goes rules -> table -> longest prefix -> next hop, as Linux's does, with what Linux does
 * differently for the two families. It changes nothing and keeps nothing.
 *
 * Differs: no path MTU was learned, and no route is cached; all interfaces that are up have a
 * carrier. A next hop of a multipath route is chosen with xb_world.multipath_seed; Linux takes a
 * random number of each boot where that is 0.
 */
#ifndef XB_EMU_FIB_H
#define XB_EMU_FIB_H

#include "emu/world.h"

/* BPF_FIB_LOOKUP_MARK, which older uapi headers lack; the mark lies where smac does. */
#define XB_FIB_LOOKUP_MARK (1u << 5)

/* What is looked up (cf. include/net/flow.h: struct flowi4, flowi6). */
struct xb_fib_flow {
	u8 family;           /* AF_INET, AF_INET6 */
	u8 src[16], dst[16]; /* wire order; all zeros: any */
	__be32 flowinfo;     /* IPv6: flow label and traffic class */
	u8 tos;              /* IPv4 */
	u8 proto;            /* IPPROTO_* */
	__be16 sport, dport; /* wire order */
	u32 iif, oif;        /* ifindex; 0: none. Lookups for output come from the loopback */
	u32 mark;
	bool no_src; /* IPv6: `src` is not known, and no rule with `from` matches */
	bool strict; /* IPv6: through `oif` alone (cf. RT6_LOOKUP_F_IFACE) */
	bool routes; /* IPv6: for a packet's route: one that throws is none, and rules suppress */
	u32 l3mdev;  /* ifindex of the VRF; 0: found by the lookup */
	bool l3mdev_is_iif, l3mdev_is_oif; /* where it was found */
};

struct xb_fib_result {
	const struct xb_world_route *route;
	const struct xb_world_hop *hop;   /* NULL where the route has none: blackholes */
	const struct xb_world_link *link; /* the hop's; or NULL */
};

/* Where a packet goes on its way out. */
struct xb_fib_next {
	const struct xb_world_route
	        *route; /* NULL: none, and the destination is taken as on link */
	const struct xb_world_link *link;
	struct xb_world_addr addr;          /* the gateway, or the destination */
	const struct xb_world_neigh *neigh; /* of that address on the interface; or NULL */
};

/*
 * Looks up a flow by the rules: 0 and *res, or -errno: -ENETUNREACH (no route), of IPv4 also
 * -EINVAL, -EHOSTUNREACH, -EACCES (blackhole, unreachable, prohibit, as route or as rule). IPv6's
 * routes of these types are results. What the lookup learns of VRFs is left in the flow. (cf.
 * include/net/ip_fib.h: fib_lookup, net/ipv6/fib6_rules.c: fib6_lookup)
 */
int xb_fib_lookup(const struct xb_world *w, struct xb_fib_flow *flow, struct xb_fib_result *res);

/* The same in one table, 0 being main: -EAGAIN where nothing is found (cf. fib_table_lookup,
 * fib6_table_lookup).
 */
int xb_fib_lookup_table(const struct xb_world *w, u32 table, const struct xb_fib_flow *flow,
                        struct xb_fib_result *res);

/* Chooses the hop of a multipath route (cf. fib_select_path, fib6_select_path). */
void xb_fib_select_path(const struct xb_world *w, const struct xb_fib_flow *flow,
                        struct xb_fib_result *res);

/* The MTU that forwarding sees (cf. ip_mtu_from_fib_result, ip6_mtu_from_fib6). */
u32 xb_fib_mtu(const struct xb_fib_result *res, u8 family);

/* The source address for an IPv4 route, zeros where there is none (cf. fib_result_prefsrc). */
void xb_fib_src4(const struct xb_world *w, const struct xb_fib_result *res, u8 src[4]);

/*
 * The source address for an IPv6 destination, by RFC 6724, through an interface. False where there
 * is none. (cf. net/ipv6/addrconf.c: ipv6_dev_get_saddr)
 */
bool xb_fib_src6(const struct xb_world *w, const struct xb_world_link *link, const u8 dst[16],
                 u8 src[16]);

/*
 * The way out for a flow with `oif` set, as for bpf_redirect_neigh without a next hop: 0, or
 * -errno. `iif` is set here. (cf. net/ipv4/route.c: ip_route_output_key_hash_rcu,
 * net/ipv6/route.c: ip6_route_output_flags)
 */
int xb_fib_output(const struct xb_world *w, struct xb_fib_flow *flow, struct xb_fib_next *next);

/*
 * What the route of a packet that came in says: 0 or -errno, of one that leads to this host
 * -EINVAL. `table` 0: by the rules; otherwise in that table alone, and -EINVAL where there is no
 * such. (cf. net/ipv6/seg6_local.c: seg6_lookup_any_nexthop, net/ipv6/route.c: ip6_pol_route)
 */
int xb_fib_input6(const struct xb_world *w, u32 table, struct xb_fib_flow *flow);

/*
 * The neighbour's entry through which a packet goes to an address; a loopback has one for all. NULL
 * where there is none. (cf. __ipv4_neigh_lookup_noref)
 */
const struct xb_world_neigh *xb_fib_neigh(const struct xb_world *w,
                                          const struct xb_world_link *link,
                                          const struct xb_world_addr *addr);

/* The table that the VRF of an interface, or that the interface as a VRF, has; 0: none. */
u32 xb_fib_l3mdev_table(const struct xb_world *w, const struct xb_world_link *link);

/*
 * bpf_fib_lookup but for what depends on the packet: BPF_FIB_LKUP_RET_* or -errno. Flags and size
 * are the caller's to check. `check_mtu`: against tot_len. (cf. net/core/filter.c:
 * bpf_ipv4_fib_lookup, bpf_ipv6_fib_lookup)
 */
int xb_fib_lookup_params(const struct xb_world *w, struct bpf_fib_lookup *params, u32 flags,
                         bool check_mtu);

/* Whether these are flags and size for bpf_fib_lookup: 0 or -EINVAL. */
int xb_fib_check_args(u32 bytes, u64 flags);

/* What bpf_check_mtu is asked. */
struct xb_mtu_check {
	u32 ifindex; /* 0: the packet's own */
	/* Of the packet. One that the world does not know has Ethernet's MTU. */
	u32 own_ifindex;
	u32 bytes; /* of the packet, with its link-layer header */
	s32 len_diff;
	u64 flags, flags_known;
};

/*
 * bpf_check_mtu for a packet that is not cut: BPF_MTU_CHK_RET_SUCCESS or FRAG_NEEDED, or -errno.
 * *mtu_len has the length of the packet from its network header on, or 0, and then the MTU; it
 * stays after an error, where 6.1 made it 0. (cf. net/core/filter.c: bpf_xdp_check_mtu)
 */
int xb_mtu_check(const struct xb_world *w, const struct xb_mtu_check *check, u32 *mtu_len);

#endif
