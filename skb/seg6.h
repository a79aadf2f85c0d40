/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seg6.h - IPv6 segment routing headers in packets: checked, put in, and what programs of
 * lwt_seg6local may do with theirs.
 */
#ifndef XB_SKB_SEG6_H
#define XB_SKB_SEG6_H

#include "skb/skb_priv.h"

/* Whether a routing header of `bytes` is a whole one (cf. net/ipv6/seg6.c: seg6_validate_srh). */
bool skb_seg6_validate(const u8 *srh, u32 bytes, bool reduced);

/*
 * Puts such a header into the packet, or in front of it with an IPv6 header: 0 or -errno, also of
 * the route to its first segment (cf. net/core/filter.c: bpf_push_seg6_encap). The caller syncs.
 */
int skb_push_seg6_encap(struct xb_skb *s, u32 type, const u8 *srh, u32 bytes);

/*
 * What the route to an address would say: 0 or -errno. NULL: the packet's own destination (cf.
 * net/ipv6/seg6_local.c: seg6_lookup_nexthop).
 */
int skb_seg6_lookup_nexthop(const struct xb_skb *s, const u8 *addr, u32 table);

/* The offset from data of an extension header, or -errno (cf. ipv6_find_hdr). */
int skb_find_ipv6_hdr(const struct xb_skb *s, u8 target);

#endif
