/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_lwt.c - bpf_lwt_push_encap: headers put in front of a packet that is being routed.
 *
 * There is no route behind a packet here: where Linux asks its device for room, it is one like the
 * loopback, which a test run's packets have.
 */
#include "skb/skb_priv.h"

#include "skb/seg6.h"
#include "vm/bytes.h"

#include <errno.h>
#include <string.h>

#define MAX_HEADROOM  256u /* cf. include/net/lwtunnel.h: LWT_BPF_MAX_HEADROOM */
#define LL_RESERVED   16u  /* cf. include/linux/netdevice.h: LL_RESERVED_SPACE, of the loopback */
#define IP4_BYTES     20u
#define IP6_BYTES     40u
#define UDP_BYTES     8u
#define GRE_BYTES     4u
#define PROTO_IPIP    0u /* what Linux compares with: IPPROTO_IP */
#define PROTO_UDP     17u
#define PROTO_IPV6    41u
#define PROTO_GRE     47u
#define GRE_CSUM      0x80u /* in the first byte */
#define UDP_CHECK_OFF 6u

/* What an outer header says of itself. */
struct encap {
	const u8 *hdr;
	u32 bytes;
	bool v4;
	u32 l3_bytes;
	u8 proto;
};

/* 0 or -EINVAL */
static int
look_at(struct encap *e)
{
	u8 version = e->hdr[0] >> 4;

	e->v4 = version == 4;
	e->l3_bytes = e->v4 ? (e->hdr[0] & 0xfu) * 4 : IP6_BYTES;
	if ((version != 4 && version != 6) || e->bytes < e->l3_bytes)
		return -EINVAL;
	e->proto = e->hdr[e->v4 ? 9 : 6];
	if (e->proto == PROTO_UDP && e->bytes < e->l3_bytes + UDP_BYTES)
		return -EINVAL;
	return 0;
}

/* cf. net/core/lwt_bpf.c: handle_gso_type */
static void
gso_type(struct skb *skb, u32 type, u32 encap_bytes)
{
	skb->gso_type |= type | SKB_GSO_DODGY;
	skb->gso_size = (u16)(skb->gso_size - encap_bytes);
	skb->gso_segs = 0;
}

/* cf. net/core/lwt_bpf.c: handle_gso_encap */
static int
handle_gso_encap(struct skb *skb, const struct encap *e, const u8 *hdr)
{
	u32 l3 = e->v4 ? IP4_BYTES : IP6_BYTES;
	const u8 *next = hdr + l3;

	if (!(skb->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)))
		return -XB_ENOTSUPP;
	switch (e->proto) {
	case PROTO_GRE:
		if (l3 + GRE_BYTES > e->bytes)
			return -EINVAL;
		gso_type(skb, next[0] & GRE_CSUM ? SKB_GSO_GRE_CSUM : SKB_GSO_GRE, e->bytes);
		return 0;
	case PROTO_UDP:
		if (l3 + UDP_BYTES > e->bytes)
			return -EINVAL;
		gso_type(skb,
		         xb_ld16(next + UDP_CHECK_OFF) ? SKB_GSO_UDP_TUNNEL_CSUM
		                                       : SKB_GSO_UDP_TUNNEL,
		         e->bytes);
		return 0;
	case PROTO_IPIP:
	case PROTO_IPV6:
		gso_type(skb, e->v4 ? SKB_GSO_IPXIP4 : SKB_GSO_IPXIP6, e->bytes);
		return 0;
	default:
		return -EPROTONOSUPPORT;
	}
}

/* What Linux makes of a header that says it is shorter than any. */
static u16
ip_check(const u8 *hdr, u32 ihl)
{
	return ihl <= 4 ? xb_ld16(hdr) : xb_ip_fast_csum(hdr, ihl);
}

/* The headers are there. */
static void
finish_ip_encap(struct xb_skb *s, const struct encap *e, u8 *hdr)
{
	struct skb *skb = &s->skb;

	skb_clear_hash(s);
	skb->protocol = __builtin_bswap16(e->v4 ? ETH_P_IP : ETH_P_IPV6);
	if (e->v4 && xb_ld16(hdr + 10) == 0)
		xb_st16(hdr + 10, ip_check(hdr, e->l3_bytes / 4));
}

/* cf. net/core/lwt_bpf.c: bpf_lwt_push_ip_encap */
static int
lwt_push_ip_encap(struct xb_skb *s, const u8 *hdr, u32 bytes, bool ingress)
{
	struct encap e = { .hdr = hdr, .bytes = bytes };
	struct skb *skb = &s->skb;
	int ret;

	if (bytes < IP4_BYTES || bytes > MAX_HEADROOM)
		return -EINVAL;
	ret = look_at(&e);
	if (ret == 0)
		ret = skb_cow(s, bytes + (ingress ? skb->mac_len : LL_RESERVED));
	if (ret)
		return ret;
	skb->encapsulation = true;
	skb_push(s, bytes);
	memcpy(skb_data(s), hdr, bytes);
	if (ingress)
		skb_postpush_rcsum(s, 0, bytes);
	skb->net_off = skb->data_off;
	if (e.proto == PROTO_UDP)
		skb->trans_off = skb->net_off + e.l3_bytes;
	finish_ip_encap(s, &e, skb_data(s));
	return skb_is_gso(s) ? handle_gso_encap(skb, &e, skb_data(s)) : 0;
}

/* cf. net/core/filter.c: bpf_lwt_in_push_encap */
static u64
lwt_in_push_encap(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u32 type = (u32)a[1].u, bytes = (u32)a[3].u;
	int ret = -EINVAL;

	if (type == BPF_LWT_ENCAP_SEG6 || type == BPF_LWT_ENCAP_SEG6_INLINE)
		ret = skb_push_seg6_encap(s, type, a[2].mem, bytes);
	else if (type == BPF_LWT_ENCAP_IP)
		ret = lwt_push_ip_encap(s, a[2].mem, bytes, true);
	skb_sync(s);
	return skb_ret(ret);
}

/* cf. net/core/filter.c: bpf_lwt_xmit_push_encap */
static u64
lwt_xmit_push_encap(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret = -EINVAL;

	if ((u32)a[1].u == BPF_LWT_ENCAP_IP)
		ret = lwt_push_ip_encap(s, a[2].mem, (u32)a[3].u, false);
	skb_sync(s);
	return skb_ret(ret);
}

#define ROW(function, types)                                                                       \
	{                                                                                          \
		.id = BPF_FUNC_lwt_push_encap, .name = "lwt_push_encap", .fn = function,           \
		.args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE },                       \
		.prog_types = (types), .source = "net/core/filter.c: bpf_" #function,              \
	}

static const struct xb_helper rows[] = {
	ROW(lwt_in_push_encap, SKB_BIT(LWT_IN)),
	ROW(lwt_xmit_push_encap, SKB_XMIT),
};

SKB_TABLE(skb_helpers_lwt);
