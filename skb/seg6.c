/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/seg6.h"

#include "emu/fib.h"
#include "vm/bytes.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define IP6_BYTES     40u
#define SRH_BYTES     8u /* in front of the segments */
#define SRH_TYPE      4u
#define SEGMENT_BYTES 16u
#define TLV_BYTES     2u
#define NEXTHDR_OFF   6u
#define SADDR_OFF     8u
#define DADDR_OFF     24u
#define PROTO_IPV6    41u
#define HBH           0u
#define ROUTING       43u
#define FRAGMENT      44u
#define AUTH          51u
#define NO_NEXT       59u
#define DEST          60u

/* Places in a segment routing header. */
enum { SRH_NEXTHDR, SRH_HDRLEN, SRH_TYPE_OFF, SRH_LEFT, SRH_FIRST, SRH_FLAGS };

bool
skb_seg6_validate(const u8 *srh, u32 bytes, bool reduced)
{
	u32 off;

	if (bytes < SRH_BYTES || srh[SRH_TYPE_OFF] != SRH_TYPE)
		return false;
	if ((srh[SRH_HDRLEN] + 1u) * 8 != bytes)
		return false;
	if (!reduced && srh[SRH_LEFT] > srh[SRH_FIRST])
		return false;
	if (srh[SRH_FIRST] > srh[SRH_HDRLEN] / 2 - 1 || srh[SRH_LEFT] > srh[SRH_FIRST] + 1)
		return false;
	off = SRH_BYTES + (srh[SRH_FIRST] + 1u) * SEGMENT_BYTES;
	if (off > bytes)
		return false;
	while (off < bytes) {
		if (bytes - off < TLV_BYTES || TLV_BYTES + srh[off + 1] > bytes - off)
			return false;
		off += TLV_BYTES + srh[off + 1];
	}
	return true;
}

/* cf. net/ipv6/seg6_local.c: seg6_lookup_any_nexthop */
int
skb_seg6_lookup_nexthop(const struct xb_skb *s, const u8 *addr, u32 table)
{
	const u8 *ip = s->base + s->skb.net_off;
	struct xb_fib_flow flow = { .family = AF_INET6,
		                    .flowinfo = xb_ld32(ip) & __builtin_bswap32(0x0fffffff),
		                    .proto = ip[NEXTHDR_OFF],
		                    .iif = s->ctx->ifindex,
		                    .mark = s->ctx->mark };

	memcpy(flow.src, ip + SADDR_OFF, sizeof(flow.src));
	memcpy(flow.dst, addr ? addr : ip + DADDR_OFF, sizeof(flow.dst));
	return xb_fib_input6(s->emu->world, table, &flow);
}

/*
 * An address of the interface, as the tunnel's source; zeros where there is none. cf.
 * net/ipv6/seg6_iptunnel.c: set_tun_src
 */
static void
set_tun_src(const struct xb_skb *s, u8 *addr)
{
	const struct xb_world *w = s->emu->world;

	memset(addr, 0, 16);
	for (u32 i = 0; i < w->addr_cnt; i++)
		if (w->addrs[i].ifindex == s->ctx->ifindex &&
		    w->addrs[i].local.family == AF_INET6) {
			memcpy(addr, w->addrs[i].local.bytes, 16);
			return;
		}
}

/* The MAC header, as far as it is known, comes to lie in front. cf. skb_mac_header_rebuild */
static void
mac_header_rebuild(struct xb_skb *s)
{
	struct skb *skb = &s->skb;
	u32 to = skb->data_off - skb->mac_len;

	memmove(s->base + to, s->base + skb->mac_off, skb->mac_len);
	skb->mac_off = to;
}

static const u8 *
first_segment(const u8 *srh)
{
	return srh + SRH_BYTES + srh[SRH_FIRST] * SEGMENT_BYTES;
}

static void
set_payload_len(struct xb_skb *s, u8 *ip)
{
	xb_st16(ip + 4, __builtin_bswap16((u16)(s->skb.len - IP6_BYTES)));
}

/* Class and flow label are the inner header's. cf. seg6_iptunnel.c: __seg6_do_srh_encap */
static int
do_srh_encap(struct xb_skb *s, const u8 *srh, u32 bytes)
{
	bool v6 = s->skb.protocol == __builtin_bswap16(ETH_P_IPV6);
	u8 inner[IP6_BYTES] = { 0x60 }, *ip;
	int ret = skb_cow(s, IP6_BYTES + bytes + s->skb.mac_len);

	if (ret)
		return ret;
	if (v6)
		memcpy(inner, s->base + s->skb.net_off, sizeof(inner));
	skb_push(s, IP6_BYTES + bytes);
	s->skb.net_off = s->skb.data_off;
	mac_header_rebuild(s);
	ip = skb_data(s);
	memcpy(ip, inner, 4);
	ip[0] = (u8)(0x60 | (inner[0] & 0xf));
	ip[6] = ROUTING;
	ip[7] = v6 ? inner[7] : 64; /* the default of an interface */
	memcpy(ip + IP6_BYTES, srh, bytes);
	ip[IP6_BYTES + SRH_NEXTHDR] = PROTO_IPV6;
	memcpy(ip + DADDR_OFF, first_segment(srh), SEGMENT_BYTES);
	set_tun_src(s, ip + SADDR_OFF);
	set_payload_len(s, ip);
	skb_postpush_rcsum(s, 0, IP6_BYTES + bytes);
	return 0;
}

/* cf. net/ipv6/seg6_iptunnel.c: __seg6_do_srh_inline */
static int
do_srh_inline(struct xb_skb *s, const u8 *srh, u32 bytes)
{
	u8 old[IP6_BYTES], *ip;
	int ret = skb_cow(s, bytes + s->skb.mac_len);

	if (ret)
		return ret;
	memcpy(old, s->base + s->skb.net_off, sizeof(old));
	skb_postpull_rcsum(s, skb_network_offset(s), IP6_BYTES);
	skb_push(s, bytes);
	s->skb.net_off = s->skb.data_off;
	mac_header_rebuild(s);
	ip = skb_data(s);
	memcpy(ip, old, sizeof(old));
	memcpy(ip + IP6_BYTES, srh, bytes);
	ip[IP6_BYTES + SRH_NEXTHDR] = ip[6];
	ip[6] = ROUTING;
	memcpy(ip + IP6_BYTES + SRH_BYTES, ip + DADDR_OFF, SEGMENT_BYTES);
	memcpy(ip + DADDR_OFF, first_segment(ip + IP6_BYTES), SEGMENT_BYTES);
	set_payload_len(s, ip);
	skb_postpush_rcsum(s, 0, IP6_BYTES + bytes);
	return 0;
}

int
skb_push_seg6_encap(struct xb_skb *s, u32 type, const u8 *srh, u32 bytes)
{
	int ret;

	if (!skb_seg6_validate(srh, bytes, false))
		return -EINVAL;
	if (type == BPF_LWT_ENCAP_SEG6_INLINE) {
		if (s->skb.protocol != __builtin_bswap16(ETH_P_IPV6))
			return -EBADMSG;
		ret = do_srh_inline(s, srh, bytes);
	} else {
		s->skb.encapsulation = true;
		ret = do_srh_encap(s, srh, bytes);
	}
	if (ret)
		return ret;
	s->skb.trans_off = s->skb.data_off + IP6_BYTES;
	return skb_seg6_lookup_nexthop(s, NULL, 0);
}

/* cf. net/ipv6/exthdrs_core.c: ipv6_ext_hdr */
static bool
is_ext_hdr(u8 type)
{
	return type == HBH || type == ROUTING || type == FRAGMENT || type == AUTH ||
	       type == NO_NEXT || type == DEST;
}

static u32
hdr_bytes(u8 type, const u8 *hdr)
{
	if (type == FRAGMENT)
		return 8;
	return type == AUTH ? (hdr[1] + 2u) * 4 : (hdr[1] + 1u) * 8;
}

int
skb_find_ipv6_hdr(const struct xb_skb *s, u8 target)
{
	u32 at = skb_network_offset(s) + IP6_BYTES;
	u8 type = s->base[s->skb.net_off + 6], hdr[4];

	for (;;) {
		bool found = type == target;

		if (!is_ext_hdr(type) || type == NO_NEXT)
			return found ? (int)at : -ENOENT;
		if (skb_copy_bits(s, at, hdr, type == FRAGMENT || type == ROUTING ? 4 : 2))
			return -EBADMSG;
		if (type == FRAGMENT && xb_ld_be16(hdr + 2) & ~7u && !found)
			return -ENOENT;
		if (found)
			return (int)at;
		if (s->skb.len - at < hdr_bytes(type, hdr))
			return -EBADMSG;
		at += hdr_bytes(type, hdr);
		type = hdr[0];
	}
}
