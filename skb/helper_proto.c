/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_proto.c - a packet from IPv4 to IPv6 and back, its type, its ECN bits, its time.
 */
#include "skb/skb_priv.h"

#include "vm/bytes.h"

#include <errno.h>
#include <linux/if_packet.h>

#define IP4_BYTES     20u
#define IP6_BYTES     40u
#define PROTO_IP      __builtin_bswap16(ETH_P_IP)
#define PROTO_IPV6    __builtin_bswap16(ETH_P_IPV6)
#define VLAN_MAX_TAGS 8u /* cf. include/linux/if_vlan.h: VLAN_MAX_DEPTH */

/* Their types: realtime, monotonic, TAI (cf. enum: BPF_SKB_CLOCK_*). */
enum { CLOCK_TYPE_REALTIME, CLOCK_TYPE_MONOTONIC, CLOCK_TYPE_TAI };

/* cf. net/core/filter.c: bpf_skb_proto_4_to_6, bpf_skb_proto_6_to_4 */
static void
gso_proto_changed(struct skb *skb, u32 from, u32 to)
{
	if (!skb->gso_size)
		return;
	if (skb->gso_type & from)
		skb->gso_type = (skb->gso_type & ~from) | to;
	skb->gso_type |= SKB_GSO_DODGY;
}

/* cf. net/core/filter.c: bpf_skb_proto_4_to_6 */
static int
proto_4_to_6(struct xb_skb *s)
{
	int ret = skb_cow(s, IP6_BYTES - IP4_BYTES);

	if (ret)
		return ret;
	skb_net_hdr_push(s, skb_mac_header_len(s), IP6_BYTES - IP4_BYTES);
	gso_proto_changed(&s->skb, SKB_GSO_TCPV4, SKB_GSO_TCPV6);
	s->skb.protocol = PROTO_IPV6;
	return 0;
}

/* cf. net/core/filter.c: bpf_skb_proto_6_to_4 */
static int
proto_6_to_4(struct xb_skb *s)
{
	int ret = skb_net_hdr_pop(s, skb_mac_header_len(s), IP6_BYTES - IP4_BYTES);

	if (ret)
		return ret;
	gso_proto_changed(&s->skb, SKB_GSO_TCPV6, SKB_GSO_TCPV4);
	s->skb.protocol = PROTO_IP;
	return 0;
}

/* cf. net/core/filter.c: bpf_skb_proto_xlat */
static int
proto_xlat(struct xb_skb *s, u16 to)
{
	u16 from = s->skb.protocol;
	int ret = -XB_ENOTSUPP;

	if (from == PROTO_IP && to == PROTO_IPV6)
		ret = proto_4_to_6(s);
	else if (from == PROTO_IPV6 && to == PROTO_IP)
		ret = proto_6_to_4(s);
	if (ret == 0)
		skb_clear_hash(s);
	return ret;
}

/* cf. net/core/filter.c: bpf_skb_change_proto */
static u64
skb_change_proto(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret;

	if (a[2].u)
		return skb_ret(-EINVAL);
	ret = proto_xlat(s, (u16)a[1].u);
	skb_sync(s);
	return skb_ret(ret);
}

/* cf. net/core/filter.c: bpf_skb_change_type */
static u64
skb_change_type(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u32 type = (u32)a[1].u;

	if (s->skb.pkt_type > PACKET_OTHERHOST || type > PACKET_OTHERHOST)
		return skb_ret(-EINVAL);
	s->skb.pkt_type = (u8)type;
	skb_ctx_sync(s);
	return 0;
}

/*
 * The EtherType behind all tags in the packet; 0 where they end with it, or are too many. mac_len,
 * if it is known, includes the first of them. cf. include/linux/if_vlan.h: __vlan_get_protocol
 */
static u16
vlan_get_protocol(const struct xb_skb *s)
{
	u32 off = s->skb.mac_len ? s->skb.mac_len - SKB_VLAN_BYTES : ETH_HLEN, tags = 0;
	u16 type = s->skb.protocol;
	u8 tag[SKB_VLAN_BYTES]; /* TCI, then the type */

	while (skb_is_vlan_type(type)) {
		if (skb_copy_bits(s, off, tag, sizeof(tag)) || ++tags == VLAN_MAX_TAGS)
			return 0;
		type = xb_ld16(tag + 2);
		off += SKB_VLAN_BYTES;
	}
	return type;
}

#define ECN_MASK 3u /* CE; 0: not capable */

/* The checksum makes up for it, so that the packet's sum stays. cf. include/net/inet_ecn.h */
static int
ip4_ecn_set_ce(u8 *ip)
{
	u8 ecn = ip[1] & ECN_MASK;
	u16 sum = xb_ld16(ip + 10), add;

	if (ecn == 0 || ecn == ECN_MASK)
		return ecn != 0;
	add = __builtin_bswap16((u16)(0xfffc + ecn)); /* minus 2 or 1, in ones' complement */
	sum = (u16)(sum + add);
	xb_st16(ip + 10, (u16)(sum + (sum < add)));
	ip[1] |= ECN_MASK;
	return 1;
}

/* cf. include/net/inet_ecn.h: IP6_ECN_set_ce */
static int
ip6_ecn_set_ce(struct skb *skb, u8 *ip)
{
	u32 from = xb_ld32(ip);

	if (!(ip[1] >> 4 & ECN_MASK))
		return 0;
	ip[1] |= ECN_MASK << 4;
	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->csum = xb_csum_add(xb_csum_sub(skb->csum, from), xb_ld32(ip));
	return 1;
}

/* cf. net/core/filter.c: bpf_skb_ecn_set_ce; include/net/inet_ecn.h: INET_ECN_set_ce */
static u64
skb_ecn_set_ce(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u16 type = vlan_get_protocol(s);
	u32 bytes = type == PROTO_IP ? IP4_BYTES : IP6_BYTES;
	u32 end = s->skb.data_off + s->skb.linear;
	u8 *ip = s->base + s->skb.net_off;

	(void)a;
	if ((type != PROTO_IP && type != PROTO_IPV6) || bytes > s->skb.linear ||
	    bytes + s->skb.net_off > end)
		return 0;
	return (u64)(type == PROTO_IP ? ip4_ecn_set_ce(ip) : ip6_ecn_set_ce(&s->skb, ip));
}

/*
 * Any time goes with the wall clock's type; 6.1 took none but 0. cf. net/core/filter.c:
 * bpf_skb_set_tstamp
 */
static u64
skb_set_tstamp(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u64 tstamp = a[1].u;
	u32 type = (u32)a[2].u;

	if (s->skb.protocol != PROTO_IP && s->skb.protocol != PROTO_IPV6)
		return skb_ret(-EOPNOTSUPP);
	if (type > CLOCK_TYPE_TAI || (type != CLOCK_TYPE_REALTIME && !tstamp))
		return skb_ret(-EINVAL);
	s->skb.tstamp = tstamp;
	s->skb.tstamp_type = (u8)type;
	skb_ctx_sync(s);
	return 0;
}

static const struct xb_helper rows[] = {
	SKB_ROW(skb_change_proto, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW(skb_change_type, XB_ARG_CTX, XB_ARG_ANY),
	SKB_ROW_OF(skb_ecn_set_ce, SKB_TC | SKB_CGROUP, XB_ARG_CTX),
	SKB_ROW(skb_set_tstamp, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_proto);
