/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fib_priv.h - what the two families' lookups share.
 *
 * A hop's interface that is down makes the hop a dead one, whatever the world says of it.
 */
#ifndef XB_EMU_FIB_PRIV_H
#define XB_EMU_FIB_PRIV_H

#include "emu/fib.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* fib.c: whether the first `bits` of both are the same. */
bool fib_prefix_equal(const u8 *a, const u8 *b, u32 bits);

/* Whether an address is in a prefix; in all where it has no family. */
static inline bool
fib_prefix_has(const struct xb_world_addr *prefix, const u8 *addr)
{
	return prefix->family == 0 || fib_prefix_equal(prefix->bytes, addr, prefix->prefix);
}

static inline bool
fib_addr_is_any(const u8 *addr, u32 bytes)
{
	static const u8 zeros[16];

	return !memcmp(addr, zeros, bytes);
}

/* IPv6 addresses that belong to a link, and so are not forwarded (cf. rt6_need_strict). */
static inline bool
fib_need_strict(const u8 *addr)
{
	bool loopback = fib_addr_is_any(addr, 15) && addr[15] == 1;

	return addr[0] == 0xff || (addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80) || loopback;
}

/* The interface of a hop, or NULL. */
const struct xb_world_link *fib_hop_link(const struct xb_world *w, const struct xb_world_hop *hop);
bool fib_hop_is_dead(const struct xb_world *w, const struct xb_world_hop *hop);

/* Whether the family has other rules than those that it starts with. */
bool fib_has_custom_rules(const struct xb_world *w, u8 family);

/* fib4.c */
int fib4_table_lookup(const struct xb_world *w, u32 table, const struct xb_fib_flow *flow,
                      struct xb_fib_result *res);
void fib4_select_path(const struct xb_world *w, const struct xb_fib_flow *flow,
                      struct xb_fib_result *res);

/* fib6.c. -EAGAIN where there is no route; those that refuse are results. */
int fib6_table_lookup(const struct xb_world *w, u32 table, u32 oif, const struct xb_fib_flow *flow,
                      struct xb_fib_result *res);
void fib6_select_path(const struct xb_world *w, const struct xb_fib_flow *flow,
                      struct xb_fib_result *res);

/*
 * fib_hash.c: 31 bits of a flow for the choice among hops (cf. net/ipv4/route.c:
 * fib_multipath_hash, net/ipv6/route.c: rt6_multipath_hash).
 */
u32 fib_multipath_hash(const struct xb_world *w, const struct xb_fib_flow *flow);

/*
 * The greatest hash for which hop i of a route is taken, -1 where it is dead (cf.
 * net/ipv4/fib_semantics.c: fib_rebalance, net/ipv6/route.c: rt6_multipath_rebalance).
 */
s64 fib_upper_bound(const struct xb_world *w, const struct xb_world_route *route, u32 i);

#endif
