/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_room.c - a packet that gets longer or shorter: at its front, at its end, between headers.
 *
 * What comes to it is zeros; who asked for it fills in headers and lengths.
 */
#include "skb/skb_priv.h"

#include <errno.h>
#include <string.h>

#define IP4_BYTES     20u
#define IP6_BYTES     40u
#define PROTO_IP      __builtin_bswap16(ETH_P_IP)
#define PROTO_IPV6    __builtin_bswap16(ETH_P_IPV6)
#define MAX_DIFF      0xfffu
#define CSUM_BYTES    2u
#define GSO_BY_FRAGS  0xffffu /* cf. include/linux/skbuff.h */
#define DECAP_L3_IPV4 (1ull << 7)
#define DECAP_L3_IPV6 (1ull << 8)
#define DECAP_L3_MASK (DECAP_L3_IPV4 | DECAP_L3_IPV6)
#define ENCAP_L2_MASK BPF_F_ADJ_ROOM_ENCAP_L2(0xff)
#define ENCAP_L3_MASK (BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 | BPF_F_ADJ_ROOM_ENCAP_L3_IPV6)
#define ENCAP_L4_MASK (BPF_F_ADJ_ROOM_ENCAP_L4_GRE | BPF_F_ADJ_ROOM_ENCAP_L4_UDP)

/* Flags with which a packet may shrink; all that there are. */
#define SHRINK_MASK (BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_NO_CSUM_RESET | DECAP_L3_MASK)
#define ROOM_MASK                                                                                  \
	(SHRINK_MASK | ENCAP_L3_MASK | ENCAP_L4_MASK | BPF_F_ADJ_ROOM_ENCAP_L2_ETH | ENCAP_L2_MASK)

/* One call of skb_adjust_room. */
struct room {
	u32 mode, diff;
	bool shrink;
	u64 flags;
	u32 off; /* of the place, from data on */
};

static bool
is_ip(u16 proto)
{
	return proto == PROTO_IP || proto == PROTO_IPV6;
}

/* cf. net/core/filter.c: bpf_skb_net_base_len */
static u32
net_base_len(u16 proto)
{
	return proto == PROTO_IP ? IP4_BYTES : IP6_BYTES;
}

/* What TCP was cut by may change; a datagram's length may not. */
static bool
gso_allows(const struct xb_skb *s, u64 flags)
{
	if (!skb_is_gso(s) || s->skb.gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
		return true;
	return s->skb.gso_type & SKB_GSO_UDP_L4 && flags & BPF_F_ADJ_ROOM_FIXED_GSO;
}

/* cf. net/core/filter.c: bpf_skb_net_grow */
static int
encap_check(const struct xb_skb *s, const struct room *r)
{
	u32 l2_bytes = (u32)(r->flags >> BPF_ADJ_ROOM_ENCAP_L2_SHIFT);

	if ((r->flags & ENCAP_L3_MASK) == ENCAP_L3_MASK ||
	    (r->flags & ENCAP_L4_MASK) == ENCAP_L4_MASK)
		return -EINVAL;
	if (r->flags & BPF_F_ADJ_ROOM_ENCAP_L2_ETH && l2_bytes < ETH_HLEN)
		return -EINVAL;
	if (s->skb.encapsulation)
		return -EALREADY;
	return l2_bytes > r->diff ? -EINVAL : 0;
}

/* The room is there; the outer headers start where the inner ones did. */
static void
encap(struct skb *skb, u64 flags)
{
	bool ip6 = flags & BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;

	skb->encapsulation = true;
	if (flags & ENCAP_L4_MASK)
		skb->trans_off = skb->net_off + (ip6 ? IP6_BYTES : IP4_BYTES);
	skb->protocol = ip6 ? PROTO_IPV6 : PROTO_IP;
}

static u32
encap_gso_type(u64 flags)
{
	static const struct {
		u64 flag;
		u32 gso_type;
	} types[] = {
		{ BPF_F_ADJ_ROOM_ENCAP_L4_UDP, SKB_GSO_UDP_TUNNEL },
		{ BPF_F_ADJ_ROOM_ENCAP_L4_GRE, SKB_GSO_GRE },
		{ BPF_F_ADJ_ROOM_ENCAP_L3_IPV6, SKB_GSO_IPXIP6 },
		{ BPF_F_ADJ_ROOM_ENCAP_L3_IPV4, SKB_GSO_IPXIP4 },
	};

	for (size_t i = 0; flags & ENCAP_L3_MASK && i < XB_ARRAY_SIZE(types); i++)
		if (flags & types[i].flag)
			return types[i].gso_type;
	return 0;
}

/* `by` 16 bits, in two's complement. */
static void
gso_changed(struct skb *skb, u64 flags, u32 by, u32 gso_type)
{
	if (!skb->gso_size)
		return;
	if (!(flags & BPF_F_ADJ_ROOM_FIXED_GSO) && skb->gso_size != GSO_BY_FRAGS)
		skb->gso_size = (u16)(skb->gso_size + by);
	skb->gso_type |= SKB_GSO_DODGY | gso_type;
	skb->gso_segs = 0;
}

/* cf. net/core/filter.c: bpf_skb_net_grow */
static int
net_grow(struct xb_skb *s, const struct room *r)
{
	bool tunnel = r->flags & ENCAP_L3_MASK;
	int ret;

	if (!gso_allows(s, r->flags))
		return -XB_ENOTSUPP;
	ret = skb_cow(s, r->diff);
	if (ret == 0 && tunnel)
		ret = encap_check(s, r);
	if (ret)
		return ret;
	skb_net_hdr_push(s, r->off, r->diff);
	if (tunnel)
		encap(&s->skb, r->flags);
	gso_changed(&s->skb, r->flags, 0 - r->diff, encap_gso_type(r->flags));
	return 0;
}

/* cf. net/core/filter.c: bpf_skb_net_shrink */
static int
net_shrink(struct xb_skb *s, const struct room *r)
{
	int ret;

	if (r->flags & ~SHRINK_MASK)
		return -EINVAL;
	if (!gso_allows(s, r->flags))
		return -XB_ENOTSUPP;
	ret = skb_net_hdr_pop(s, r->off, r->diff);
	if (ret)
		return ret;
	if (r->flags & DECAP_L3_MASK)
		s->skb.protocol = r->flags & DECAP_L3_IPV6 ? PROTO_IPV6 : PROTO_IP;
	gso_changed(&s->skb, r->flags, r->diff, 0);
	return 0;
}

/* What is left behind the MAC header, at least: the IP header of what was inside, if that is told.
 */
static u32
len_min(const struct xb_skb *s, u64 flags)
{
	switch (flags & DECAP_L3_MASK) {
	case DECAP_L3_IPV4:
		return IP4_BYTES;
	case DECAP_L3_IPV6:
		return IP6_BYTES;
	default:
		return net_base_len(s->skb.protocol);
	}
}

static bool
len_fits(const struct xb_skb *s, const struct room *r)
{
	u32 cur = s->skb.len - skb_network_offset(s);

	if (r->shrink)
		return r->diff < cur && cur - r->diff >= len_min(s, r->flags);
	return s->skb.len + r->diff <= SKB_MAX_ALLOC || skb_is_gso(s);
}

/* cf. net/core/filter.c: bpf_skb_adjust_room */
static int
room_check(const struct xb_skb *s, const struct room *r)
{
	u64 decap = r->flags & DECAP_L3_MASK;

	if (r->flags & ~ROOM_MASK)
		return -EINVAL;
	if (r->diff > MAX_DIFF)
		return -EFAULT;
	if (!is_ip(s->skb.protocol) || r->mode > BPF_ADJ_ROOM_MAC)
		return -XB_ENOTSUPP;
	if (decap && (!r->shrink || decap == DECAP_L3_MASK))
		return -EINVAL;
	return len_fits(s, r) ? 0 : -XB_ENOTSUPP;
}

/* cf. net/core/filter.c: bpf_skb_adjust_room */
static u64
skb_adjust_room(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	s32 len_diff = (s32)a[1].u;
	struct room r = {
		.diff = len_diff < 0 ? 0 - (u32)len_diff : (u32)len_diff,
		.shrink = len_diff < 0,
		.mode = (u32)a[2].u,
		.flags = a[3].u,
	};
	int ret = room_check(s, &r);

	if (ret)
		return skb_ret(ret);
	r.off = skb_mac_header_len(s);
	if (r.mode == BPF_ADJ_ROOM_NET)
		r.off += net_base_len(s->skb.protocol);
	ret = r.shrink ? net_shrink(s, &r) : net_grow(s, &r);
	if (ret == 0 && !(r.flags & BPF_F_ADJ_ROOM_NO_CSUM_RESET))
		skb_reset_checksum_unnecessary(&s->skb);
	skb_sync(s);
	return skb_ret(ret);
}

/* cf. net/core/filter.c: __bpf_skb_min_len */
static u32
min_len(const struct xb_skb *s)
{
	s32 off = (s32)skb_network_offset(s);
	u32 min = off > 0 ? (u32)off : 0;

	if (s->skb.trans_off != SKB_UNSET) {
		off = (s32)(s->skb.trans_off - s->skb.data_off);
		if (off > 0)
			min = (u32)off;
	}
	return min;
}

/* The sum of the whole packet is given up: cf. net/core/filter.c: bpf_skb_grow_rcsum */
static int
grow_tail(struct xb_skb *s, u32 len)
{
	struct skb *skb = &s->skb;
	u32 more = len - skb->len;
	int ret;

	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->ip_summed = XB_CHECKSUM_NONE;
	ret = skb_cow_tail(s, more);
	if (ret)
		return ret;
	memset(skb_data(s) + skb->len, 0, more);
	skb->len = len;
	skb->linear = len;
	return 0;
}

/* A partial checksum that no longer lies in the packet is no more. cf. bpf_skb_trim_rcsum */
static void
trim_tail(struct skb *skb, u32 len)
{
	s64 start = (s64)skb->csum_start - skb->data_off;

	if (skb->ip_summed == XB_CHECKSUM_PARTIAL &&
	    (start < 0 || len < start + skb->csum_offset + CSUM_BYTES))
		skb->ip_summed = XB_CHECKSUM_NONE;
	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->ip_summed = XB_CHECKSUM_NONE;
	skb->len = len;
	skb->linear = len;
}

/* cf. include/linux/skbuff.h: skb_gso_reset */
static void
gso_reset(struct skb *skb)
{
	skb->gso_size = 0;
	skb->gso_segs = 0;
	skb->gso_type = 0;
}

/* cf. net/core/filter.c: __bpf_skb_change_tail */
static int
change_tail(struct xb_skb *s, u32 len, u64 flags)
{
	int ret;

	if (flags || len > SKB_MAX_ALLOC || len < min_len(s))
		return -EINVAL;
	if (s->skb.encapsulation)
		return -XB_ENOTSUPP;
	ret = skb_ensure_writable(s, s->skb.len);
	if (ret == 0 && len > s->skb.len)
		ret = grow_tail(s, len);
	else if (ret == 0 && len < s->skb.len)
		trim_tail(&s->skb, len);
	if (ret == 0 && skb_is_gso(s))
		gso_reset(&s->skb);
	return ret;
}

/* cf. net/core/filter.c: bpf_skb_change_tail */
static u64
skb_change_tail(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret = change_tail(s, (u32)a[1].u, a[2].u);

	skb_sync(s);
	return skb_ret(ret);
}

/* cf. net/core/filter.c: __bpf_skb_change_head */
static int
change_head(struct xb_skb *s, u32 room, u64 flags)
{
	struct skb *skb = &s->skb;
	int ret;

	if (flags || room > INT32_MAX || (!skb_is_gso(s) && skb->len + room > SKB_MAX_ALLOC))
		return -EINVAL;
	ret = skb_cow(s, room);
	if (ret)
		return ret;
	skb_push(s, room);
	memset(skb_data(s), 0, room);
	skb->mac_off = skb->data_off;
	skb->mac_len = (u16)skb_mac_header_len(s);
	return 0;
}

/* cf. net/core/filter.c: bpf_skb_change_head */
static u64
skb_change_head(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret = change_head(s, (u32)a[1].u, a[2].u);

	skb_sync(s);
	return skb_ret(ret);
}

static const struct xb_helper rows[] = {
	SKB_ROW(skb_adjust_room, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW_OF(skb_change_tail, SKB_TC | SKB_XMIT | SKB_STREAM, XB_ARG_CTX, XB_ARG_ANY,
	           XB_ARG_ANY),
	SKB_ROW_OF(skb_change_head, SKB_TC | SKB_XMIT | SKB_STREAM, XB_ARG_CTX, XB_ARG_ANY,
	           XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_room);
