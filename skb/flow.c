/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Headers are looked at one after the other. Each has a function that takes what it has to tell
 * and says what comes next. What the kernel returns for a header that is cut or unknown (bad) is
 * the same here as what it does for one with nothing behind it (good): the hash is of the keys that
 * were found so far.
 */
#include "skb/flow.h"

#include "vm/bytes.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#define MAX_STEPS     16u /* cf. net/core/flow_dissector.c: MAX_FLOW_DISSECT_HDRS */
#define IP4_BYTES     20u
#define IP6_BYTES     40u
#define IP4_MF        0x2000u
#define IP4_OFFSET    0x1fffu
#define IP6_LABEL     0x000fffffu
#define VLAN_VID      0x0fffu
#define PPPOE_VER1    0x1100u /* version 1, type 1, code 0 */
#define BATADV_BYTES  10u
#define BATADV_IS_UNI 0x400fu /* a unicast packet of version 15 */

/* PPP's protocols (RFC 1661 and after) */
#define PPP_IP      0x0021u
#define PPP_IPV6    0x0057u
#define PPP_MPLS_UC 0x0281u
#define PPP_MPLS_MC 0x0283u

/* GRE's flags (RFC 2784, RFC 2890, RFC 2637) */
#define GRE_CSUM      0x8000u
#define GRE_ROUTING   0x4000u
#define GRE_KEY       0x2000u
#define GRE_SEQ       0x1000u
#define GRE_ACK       0x0080u
#define GRE_VERSION   0x0007u
#define GRE_PROTO_PPP 0x880bu

#define TIPC_KEEPALIVE 0x0e080000u /* a link protocol's message that is a probe */

enum next {
	NEXT_NONE,
	NEXT_PROTO, /* the header of EtherType w->proto */
	NEXT_IP,    /* the header of IP protocol w->ip_proto */
};

struct walk {
	const u8 *l3;
	u32 bytes, off;
	const struct xb_flow_packet *packet;
	struct xb_flow_keys *keys;
	u16 proto; /* host order */
	u8 ip_proto;
	bool tagged, fragment;
};

/* The next header of at least `bytes`, or NULL. */
static const u8 *
header(const struct walk *w, u32 off, u32 bytes)
{
	if (off > w->bytes || bytes > w->bytes - off)
		return NULL;
	return w->l3 + off;
}

static enum next
next_proto(struct walk *w, u32 header_bytes, u16 proto)
{
	w->off += header_bytes;
	w->proto = proto;
	return NEXT_PROTO;
}

static enum next
ip4(struct walk *w)
{
	const u8 *h = header(w, w->off, IP4_BYTES);

	if (!h || (h[0] & 0xf) < 5)
		return NEXT_NONE;
	w->off += (h[0] & 0xfu) * 4;
	w->ip_proto = h[9];
	w->keys->addrs = XB_FLOW_ADDRS_IP4;
	memcpy(w->keys->ip4, h + 12, sizeof(w->keys->ip4));
	if (xb_ld_be16(h + 6) & (IP4_MF | IP4_OFFSET)) {
		w->fragment = true;
		return NEXT_NONE;
	}
	return NEXT_IP;
}

static enum next
ip6(struct walk *w)
{
	const u8 *h = header(w, w->off, IP6_BYTES);

	if (!h)
		return NEXT_NONE;
	w->off += IP6_BYTES;
	w->ip_proto = h[6];
	w->keys->addrs = XB_FLOW_ADDRS_IP6;
	memcpy(w->keys->ip6, h + 8, sizeof(w->keys->ip6));
	if (xb_ld_be32(h) & IP6_LABEL) {
		w->keys->flow_label = xb_ld_be32(h) & IP6_LABEL;
		return NEXT_NONE;
	}
	return NEXT_IP;
}

/* The first tag is what lies beside the packet, where something does. */
static enum next
vlan(struct walk *w)
{
	bool beside = !w->tagged && w->packet->vlan_present;
	const u8 *h = beside ? NULL : header(w, w->off, 4);
	u16 tpid = w->proto, tci = beside ? w->packet->vlan_tci : 0;

	if (beside) {
		w->proto = __builtin_bswap16(w->packet->protocol);
	} else if (h) {
		tci = xb_ld_be16(h);
		next_proto(w, 4, xb_ld_be16(h + 2));
	} else {
		return NEXT_NONE;
	}
	if (!w->tagged)
		w->keys->vlan = (struct xb_flow_vlan){
			.vid = tci & VLAN_VID,
			.prio = tci >> 13,
			.tpid = __builtin_bswap16(tpid),
			.type = __builtin_bswap16(w->proto),
		};
	w->tagged = true;
	return NEXT_PROTO;
}

static enum next
ppp(struct walk *w, u32 header_bytes, u16 proto)
{
	switch (proto) {
	case PPP_IP:
		return next_proto(w, header_bytes, ETH_P_IP);
	case PPP_IPV6:
		return next_proto(w, header_bytes, ETH_P_IPV6);
	case PPP_MPLS_UC:
		return next_proto(w, header_bytes, ETH_P_MPLS_UC);
	case PPP_MPLS_MC:
		return next_proto(w, header_bytes, ETH_P_MPLS_MC);
	}
	return NEXT_NONE;
}

static enum next
pppoe(struct walk *w)
{
	const u8 *h = header(w, w->off, 8);

	if (!h || xb_ld_be16(h) != PPPOE_VER1)
		return NEXT_NONE;
	return ppp(w, 8, xb_ld_be16(h + 6));
}

static enum next
tipc(struct walk *w)
{
	const u8 *h = header(w, w->off, 16);

	if (!h)
		return NEXT_NONE;
	w->keys->addrs = XB_FLOW_ADDRS_TIPC;
	if ((xb_ld_be32(h) & TIPC_KEEPALIVE) != TIPC_KEEPALIVE)
		w->keys->tipc = xb_ld32(h + 12);
	else
		w->keys->tipc = 0;
	return NEXT_NONE;
}

/* An Ethernet frame inside. */
static enum next
batadv(struct walk *w)
{
	const u8 *h = header(w, w->off, BATADV_BYTES + ETH_HLEN);

	if (!h || xb_ld_be16(h) != BATADV_IS_UNI)
		return NEXT_NONE;
	return next_proto(w, BATADV_BYTES + ETH_HLEN, xb_ld_be16(h + BATADV_BYTES + 2 * ETH_ALEN));
}

static enum next
hsr(struct walk *w)
{
	const u8 *h = header(w, w->off, 6);

	return h ? next_proto(w, 6, xb_ld_be16(h + 4)) : NEXT_NONE;
}

/* Those that lead to others, or have a key. Of all others the number alone is one. */
static const struct {
	u16 proto;
	enum next (*fn)(struct walk *w);
} protos[] = {
	{ ETH_P_IP, ip4 },        { ETH_P_IPV6, ip6 },      { ETH_P_8021Q, vlan },
	{ ETH_P_8021AD, vlan },   { ETH_P_PPP_SES, pppoe }, { ETH_P_TIPC, tipc },
	{ ETH_P_BATMAN, batadv }, { ETH_P_PRP, hsr },       { ETH_P_HSR, hsr },
};

/* A key: of version 1, PPTP's, the call alone, behind the payload's length. */
static bool
gre_key(struct walk *w, u32 off, bool pptp)
{
	const u8 *h = header(w, off, 4);

	if (!h)
		return false;
	w->keys->gre_key = xb_ld32(h);
	if (pptp)
		w->keys->gre_key &= __builtin_bswap32(0xffff);
	return true;
}

/* What is in version 0. */
static enum next
gre_inner(struct walk *w, u32 bytes)
{
	const u8 *h;

	if (w->proto != ETH_P_TEB)
		return next_proto(w, bytes, w->proto);
	h = header(w, w->off + bytes, ETH_HLEN);
	return h ? next_proto(w, bytes + ETH_HLEN, xb_ld_be16(h + 2 * ETH_ALEN)) : NEXT_NONE;
}

/* What is in version 1: PPP, of which two protocols are known. */
static enum next
gre_ppp(struct walk *w, u32 bytes)
{
	const u8 *h = header(w, w->off + bytes, 4);
	u16 proto = h ? xb_ld_be16(h + 2) : 0;

	if (!h || (proto != PPP_IP && proto != PPP_IPV6))
		return NEXT_NONE;
	return ppp(w, bytes + 4, proto);
}

/* cf. net/core/flow_dissector.c: __skb_flow_dissect_gre */
static enum next
gre(struct walk *w)
{
	const u8 *h = header(w, w->off, 4);
	u32 flags = h ? xb_ld_be16(h) : 0, bytes = 4;
	bool pptp = flags & GRE_VERSION;

	if (!h || flags & GRE_ROUTING || (flags & GRE_VERSION) > 1)
		return NEXT_NONE;
	w->proto = xb_ld_be16(h + 2);
	if (pptp && !(w->proto == GRE_PROTO_PPP && flags & GRE_KEY))
		return NEXT_NONE;
	bytes += flags & GRE_CSUM ? 4 : 0;
	if (flags & GRE_KEY) {
		if (!gre_key(w, w->off + bytes, pptp))
			return NEXT_NONE;
		bytes += 4;
	}
	bytes += flags & GRE_SEQ ? 4 : 0;
	bytes += pptp && flags & GRE_ACK ? 4 : 0;
	return pptp ? gre_ppp(w, bytes) : gre_inner(w, bytes);
}

/* Hop-by-hop, routing and destination options. */
static enum next
ip6_options(struct walk *w)
{
	const u8 *h = header(w, w->off, 2);

	if (w->proto != ETH_P_IPV6 || !h)
		return NEXT_NONE;
	w->ip_proto = h[0];
	w->off += (h[1] + 1u) * 8;
	return NEXT_IP;
}

static enum next
ip6_fragment(struct walk *w)
{
	const u8 *h = header(w, w->off, 8);

	if (w->proto != ETH_P_IPV6 || !h)
		return NEXT_NONE;
	w->fragment = true;
	w->ip_proto = h[0];
	return NEXT_NONE;
}

static enum next
ip4_inner(struct walk *w)
{
	return next_proto(w, 0, ETH_P_IP);
}

static enum next
ip6_inner(struct walk *w)
{
	return next_proto(w, 0, ETH_P_IPV6);
}

static enum next
mpls_inner(struct walk *w)
{
	return next_proto(w, 0, ETH_P_MPLS_UC);
}

static const struct {
	u8 ip_proto;
	enum next (*fn)(struct walk *w);
} ip_protos[] = {
	{ IPPROTO_GRE, gre },
	{ IPPROTO_HOPOPTS, ip6_options },
	{ IPPROTO_ROUTING, ip6_options },
	{ IPPROTO_DSTOPTS, ip6_options },
	{ IPPROTO_FRAGMENT, ip6_fragment },
	{ IPPROTO_IPIP, ip4_inner },
	{ IPPROTO_IPV6, ip6_inner },
	{ IPPROTO_MPLS, mpls_inner },
};

/* Where the ports are, or an SPI (cf. include/linux/in.h: proto_ports_offset). */
static const struct {
	u8 ip_proto, off;
} port_offs[] = {
	{ IPPROTO_TCP, 0 },  { IPPROTO_UDP, 0 },     { IPPROTO_DCCP, 0 }, { IPPROTO_ESP, 0 },
	{ IPPROTO_SCTP, 0 }, { IPPROTO_UDPLITE, 0 }, { IPPROTO_AH, 4 },
};

/* Those of a header further out are forgotten. */
static void
ports(struct walk *w)
{
	const u8 *h = NULL;

	for (size_t i = 0; i < XB_ARRAY_SIZE(port_offs); i++)
		if (port_offs[i].ip_proto == w->ip_proto)
			h = header(w, w->off + port_offs[i].off, 4);
	if (h)
		memcpy(w->keys->ports, h, sizeof(w->keys->ports));
	else
		memset(w->keys->ports, 0, sizeof(w->keys->ports));
}

static enum next
find_proto(struct walk *w)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(protos); i++)
		if (protos[i].proto == w->proto)
			return protos[i].fn(w);
	return NEXT_NONE;
}

static enum next
find_ip_proto(struct walk *w)
{
	enum next next = NEXT_NONE;

	for (size_t i = 0; i < XB_ARRAY_SIZE(ip_protos); i++)
		if (ip_protos[i].ip_proto == w->ip_proto) {
			next = ip_protos[i].fn(w);
			break;
		}
	if (!w->fragment)
		ports(w);
	return next;
}

void
xb_flow_dissect(const struct xb_flow_packet *packet, struct xb_flow_keys *keys)
{
	struct walk w = {
		.l3 = packet->l3, .bytes = packet->bytes, .packet = packet, .keys = keys
	};
	enum next next = NEXT_PROTO;

	memset(keys, 0, sizeof(*keys));
	w.proto = __builtin_bswap16(packet->vlan_present ? packet->vlan_proto : packet->protocol);
	/* An IP header and what is in it are one step. */
	for (u32 i = 0; i < MAX_STEPS && next != NEXT_NONE; i++) {
		if (next == NEXT_PROTO)
			next = find_proto(&w);
		if (next == NEXT_IP)
			next = find_ip_proto(&w);
	}
	keys->proto = __builtin_bswap16(w.proto);
	keys->ip_proto = w.ip_proto;
}
