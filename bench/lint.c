/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/lint.h"

#include "skb/csum.h"
#include "vm/bytes.h"

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#define MAX_VLANS  2
#define MAX_LEVELS 4

#define BIT(kind)  XB_LINT_BIT(XB_LINT_##kind)
#define LENGTHS    (BIT(IP_LEN) | BIT(UDP_LEN))
#define CSUMS      (BIT(TCP_CSUM) | BIT(UDP_CSUM) | BIT(ICMP_CSUM))
#define EVERYTHING (LENGTHS | CSUMS | BIT(IP_CSUM))

/* cf. include/uapi/linux/ipv6.h, seg6.h: types of routing headers */
enum { RT_SOURCE = 0, RT_MOBILE = 2, RT_SEGMENTS = 4 };
/* What <linux/in.h> does not have in all releases. */
enum { PROTO_ETHERNET = 143 };

const char *const xb_lint_names[] = {
#define X(kind, name, words) [XB_LINT_##kind] = name,
	XB_LINT_KINDS(X)
#undef X
};

const char *const xb_lint_words[] = {
#define X(kind, name, words) [XB_LINT_##kind] = words,
	XB_LINT_KINDS(X)
#undef X
};

/* Where the walk stands. All that has been walked lies before `off`: off <= end. */
struct walk {
	const struct xb_lint_in *in;
	u32 off;
	u32 end; /* of the innermost header's packet, by its own length */
	/* Of the innermost IP header. */
	const u8 *saddr, *daddr; /* daddr: the last one, where a routing header goes on */
	bool v6;
	u8 proto;
	bool hidden; /* the transport header or its checksum: fragments */
	/* Kinds that are wrong; that cannot be judged. */
	u32 wrong;
	u32 unknown;
};

/* The next header, of which `bytes` are needed. NULL where the packet or the capture has fewer. */
static const u8 *
peek(const struct walk *w, u32 bytes)
{
	u32 end = w->end < w->in->caplen ? w->end : w->in->caplen;

	return end > w->off && bytes <= end - w->off ? w->in->data + w->off : NULL;
}

/* Ends the walk at what is no IP header, or one that the capture cut off. */
static bool
lost(struct walk *w, u32 level)
{
	if (level == 0)
		w->unknown |= EVERYTHING;
	else if (w->end > w->in->caplen)
		w->unknown |= CSUMS;
	return false;
}

/*
 * Ends the walk: nothing is where a wrong length says it is. Around a packet that the capture cut
 * short it is no wrong one: a program that puts a header there finds no more than was captured.
 */
static bool
wrong_length(struct walk *w)
{
	if (w->end != w->in->caplen || w->in->len <= w->in->caplen)
		w->wrong |= BIT(IP_LEN);
	w->unknown |= CSUMS | BIT(UDP_LEN);
	return false;
}

/* An IP header that is not whole: cut by the frame's end, or by the capture's. */
static bool
no_header(struct walk *w, u32 level, u32 bytes)
{
	return w->end - w->off < bytes ? wrong_length(w) : lost(w, level);
}

/* The same of IPv4, whose checksum nobody could see. */
static bool
no_header4(struct walk *w, u32 level, u32 bytes)
{
	w->unknown |= BIT(IP_CSUM);
	return no_header(w, level, bytes);
}

/* The EtherType behind the tags, 0 where there is none. */
static u16
ethernet(struct walk *w)
{
	const u8 *p = peek(w, ETH_HLEN);
	u16 type;

	if (!p)
		return 0;
	type = xb_ld_be16(p + 12);
	w->off += ETH_HLEN;
	for (u32 i = 0; i < MAX_VLANS && (type == ETH_P_8021Q || type == ETH_P_8021AD); i++) {
		p = peek(w, 4);
		if (!p)
			return 0;
		type = xb_ld_be16(p + 2);
		w->off += 4;
	}
	return type;
}

/*
 * The pseudo-header has the address where the packet will arrive, which a routing header on its
 * way there holds as its last one; Segment Routing counts down to its first (RFC 8754, 4.1).
 */
static void
routing(struct walk *w, const u8 *p, u32 bytes)
{
	if (!p[3] || bytes < 24)
		return; /* no segments left */
	if (p[2] == RT_SEGMENTS)
		w->daddr = p + 8;
	else if (p[2] == RT_SOURCE || p[2] == RT_MOBILE)
		w->daddr = p + 8 + (bytes - 8) / 16 * 16 - 16;
	else
		w->hidden = true;
}

/* Bytes of the extension header `proto` that starts with these 8. 0: it is none. */
static u32
extension_bytes(u8 proto, const u8 *p)
{
	switch (proto) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (p[1] + 1u) * 8;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return (p[1] + 2u) * 4;
	default:
		return 0;
	}
}

static bool
is_extension(u8 proto)
{
	static const u8 any[8];

	return extension_bytes(proto, any);
}

/* Goes on to the payload, as all of these. False at the end of the walk. */
static bool
extensions(struct walk *w)
{
	while (is_extension(w->proto) && !w->hidden) {
		const u8 *p = peek(w, 8);
		u32 bytes = p ? extension_bytes(w->proto, p) : 8;

		if (!peek(w, bytes))
			return no_header(w, 1, bytes);
		if (w->proto == IPPROTO_ROUTING)
			routing(w, p, bytes);
		if (w->proto == IPPROTO_FRAGMENT)
			w->hidden = xb_ld_be16(p + 2) & 0xfff9; /* offset, more fragments */
		w->proto = p[0];
		w->off += bytes;
	}
	return true;
}

static bool
ipv4(struct walk *w, u32 level)
{
	const u8 *p = peek(w, 20);
	u32 hdr_bytes, total;

	if (!p)
		return no_header4(w, level, 20);
	hdr_bytes = (p[0] & 15u) * 4;
	total = xb_ld_be16(p + 2);
	if (p[0] >> 4 != 4 || hdr_bytes < 20)
		return lost(w, level);
	if (!peek(w, hdr_bytes))
		return no_header4(w, level, hdr_bytes);
	if (xb_ip_fast_csum(p, hdr_bytes / 4))
		w->wrong |= BIT(IP_CSUM);
	if (!total && w->end - w->off > 0xffff)
		total = w->end - w->off; /* BIG TCP */
	if (total < hdr_bytes || total > w->end - w->off)
		return wrong_length(w);
	w->end = w->off + total;
	w->off += hdr_bytes;
	w->saddr = p + 12;
	w->daddr = p + 16;
	w->v6 = false;
	w->proto = p[9];
	w->hidden = xb_ld_be16(p + 6) & 0x3fff; /* more fragments, offset */
	return w->proto == IPPROTO_AH ? extensions(w) : true;
}

static bool
ipv6(struct walk *w, u32 level)
{
	const u8 *p = peek(w, 40);
	u32 payload;

	if (!p)
		return no_header(w, level, 40);
	if (p[0] >> 4 != 6)
		return lost(w, level);
	payload = xb_ld_be16(p + 4);
	w->off += 40;
	if (payload > w->end - w->off)
		return wrong_length(w);
	if (payload || p[6] != IPPROTO_HOPOPTS) /* a jumbogram's length is the frame's */
		w->end = w->off + payload;
	w->saddr = p + 8;
	w->daddr = p + 24;
	w->v6 = true;
	w->proto = p[6];
	w->hidden = false;
	return extensions(w);
}

static bool
network(struct walk *w, u16 type, u32 level)
{
	if (type == ETH_P_IP)
		return ipv4(w, level);
	if (type == ETH_P_IPV6)
		return ipv6(w, level);
	return lost(w, level);
}

static __wsum
pseudo_header(const struct walk *w, u32 bytes)
{
	if (w->v6)
		return xb_csum_ipv6_nofold(w->saddr, w->daddr, bytes, w->proto, 0);
	return xb_csum_tcpudp_nofold(xb_ld32(w->saddr), xb_ld32(w->daddr), bytes, w->proto, 0);
}

/*
 * The sum from here on. Where a partial checksum lies further in, what it covers will add up to its
 * field's inverse once it is finished (cf. include/linux/skbuff.h: lco_csum).
 */
static bool
sum_up(const struct walk *w, u32 bytes, __wsum sum, __wsum *total)
{
	const struct xb_lint_in *in = w->in;
	const u8 *p = in->data + w->off;

	if (in->partial && in->csum_start > w->off && in->csum_start < w->off + bytes) {
		u64 field = (u64)in->csum_start + in->csum_offset;

		if (field + 2 > in->caplen)
			return false;
		sum = xb_csum_partial(p, in->csum_start - w->off, sum);
		*total = xb_csum_block_add(sum, ~xb_csum_unfold(xb_ld16(in->data + field)),
		                           in->csum_start - w->off);
		return true;
	}
	if (bytes > in->caplen - w->off)
		return false;
	*total = xb_csum_partial(p, bytes, sum);
	return true;
}

/*
 * Judges the checksum of a header and what it carries, `bytes` from here on; `sum` is that of what
 * it covers besides. The field itself, at `field_off`, was seen by the caller.
 */
static void
check_sum(struct walk *w, enum xb_lint_kind kind, u32 field_off, u32 bytes, __wsum sum)
{
	const struct xb_lint_in *in = w->in;
	__wsum total;

	if (in->partial && in->csum_start == w->off && in->csum_offset == field_off) {
		total = xb_csum_add(sum, (u16)~xb_ld16(in->data + w->off + field_off));
	} else if (!sum_up(w, bytes, sum, &total)) {
		w->unknown |= CSUMS;
		return;
	}
	if (xb_csum_fold(total))
		w->wrong |= XB_LINT_BIT(kind);
}

static void
hide_transport(struct walk *w)
{
	w->unknown |= CSUMS;
	if (w->proto == IPPROTO_UDP)
		w->unknown |= BIT(UDP_LEN);
}

/* The transport header, of which `bytes` are needed. */
static const u8 *
transport_header(struct walk *w, u32 bytes)
{
	const u8 *p = peek(w, bytes);

	if (!p && w->end - w->off < bytes)
		wrong_length(w);
	else if (!p)
		hide_transport(w);
	return p;
}

static u16
tcp(struct walk *w)
{
	u32 bytes = w->end - w->off;

	if (transport_header(w, 20))
		check_sum(w, XB_LINT_TCP_CSUM, 16, bytes, pseudo_header(w, bytes));
	return 0;
}

static u16
icmp(struct walk *w)
{
	if (transport_header(w, 4))
		check_sum(w, XB_LINT_ICMP_CSUM, 2, w->end - w->off, 0);
	return 0;
}

static u16
icmpv6(struct walk *w)
{
	u32 bytes = w->end - w->off;

	if (transport_header(w, 4))
		check_sum(w, XB_LINT_ICMP_CSUM, 2, bytes, pseudo_header(w, bytes));
	return 0;
}

/* What a GRE header of version 0 carries; 0 where that is no IP packet. */
static u16
gre(struct walk *w)
{
	const u8 *p = peek(w, 4);
	u32 flags, bytes;

	if (!p)
		return 0;
	flags = xb_ld_be16(p);
	if (flags & 0x4007) /* RFC 1701's routing; version */
		return 0;
	/* checksum, key, sequence number */
	bytes = 4u + (flags >> 15 & 1) * 4 + (flags >> 13 & 1) * 4 + (flags >> 12 & 1) * 4;
	if (!peek(w, bytes))
		return 0;
	w->off += bytes;
	return xb_ld_be16(p + 2);
}

static u16
vxlan(struct walk *w)
{
	const u8 *p = peek(w, 8);

	if (!p || p[0] != 0x08)
		return 0;
	w->off += 8;
	return ETH_P_TEB;
}

static u16
geneve(struct walk *w)
{
	const u8 *p = peek(w, 8);
	u32 bytes;

	if (!p || p[0] >> 6)
		return 0;
	bytes = 8 + (p[0] & 63u) * 4;
	if (!peek(w, bytes))
		return 0;
	w->off += bytes;
	return xb_ld_be16(p + 2);
}

/* Tunnels, by UDP's destination port; they may leave out its checksum over IPv6. */
static const struct tunnel {
	u16 port;
	u16 (*walk)(struct walk *w); /* into the packet that it carries; NULL: not walked */
} tunnels[] = {
	{ 2152, NULL },   /* GTP-U */
	{ 4341, NULL },   /* LISP */
	{ 4754, NULL },   /* GRE in UDP */
	{ 4789, vxlan },  /* VXLAN */
	{ 4790, NULL },   /* VXLAN-GPE */
	{ 5555, NULL },   /* Foo over UDP, as ip-fou(8) has it */
	{ 6080, NULL },   /* GUE */
	{ 6081, geneve }, /* Geneve */
	{ 6635, NULL },   /* MPLS in UDP */
	{ 8472, vxlan },  /* VXLAN, as Linux had it before the port was assigned */
};

static const struct tunnel *
tunnel_by_port(u16 port)
{
	for (u32 i = 0; i < XB_ARRAY_SIZE(tunnels); i++)
		if (tunnels[i].port == port)
			return &tunnels[i];
	return NULL;
}

static u16
udp(struct walk *w)
{
	const u8 *p = transport_header(w, 8);
	u32 payload = w->end - w->off, bytes;
	const struct tunnel *t;
	bool partial;

	if (!p)
		return 0;
	bytes = xb_ld_be16(p + 4);
	if (!bytes && payload > 0xffff)
		bytes = payload; /* a jumbogram */
	if (bytes != payload)
		w->wrong |= BIT(UDP_LEN);
	if (bytes < 8 || bytes > payload) {
		w->unknown |= CSUMS;
		return 0;
	}
	t = tunnel_by_port(xb_ld_be16(p + 2));
	partial = w->in->partial && w->in->csum_start == w->off;
	if (xb_ld16(p + 6) || partial)
		check_sum(w, XB_LINT_UDP_CSUM, 6, bytes, pseudo_header(w, bytes));
	else if (w->v6 && !t)
		w->wrong |= BIT(UDP_CSUM);
	if (!t || !t->walk)
		return 0;
	w->off += 8;
	return t->walk(w);
}

/* Beyond the IP header: the EtherType of what lies inside, 0 at the end of the walk. */
static u16
transport(struct walk *w)
{
	if (w->hidden) {
		hide_transport(w);
		return 0;
	}
	switch (w->proto) {
	case IPPROTO_TCP:
		return tcp(w);
	case IPPROTO_UDP:
		return udp(w);
	case IPPROTO_ICMP:
		return w->v6 ? 0 : icmp(w);
	case IPPROTO_ICMPV6:
		return w->v6 ? icmpv6(w) : 0;
	case IPPROTO_GRE:
		return gre(w);
	case IPPROTO_IPIP:
		return ETH_P_IP;
	case IPPROTO_IPV6:
		return ETH_P_IPV6;
	case PROTO_ETHERNET:
		return ETH_P_TEB;
	default:
		return 0;
	}
}

static void
judge(struct walk *w, const struct xb_lint_in *in)
{
	u16 type;

	*w = (struct walk){ .in = in, .end = in->len > in->caplen ? in->len : in->caplen };
	type = ethernet(w);
	for (u32 level = 0; level < MAX_LEVELS; level++) {
		if (type == ETH_P_TEB)
			type = ethernet(w);
		if (!network(w, type, level))
			return;
		type = transport(w);
		if (!type)
			return;
	}
	lost(w, 0);
}

/* The kinds of the same classes. */
static u32
classes(u32 kinds)
{
	return kinds | (kinds & CSUMS ? CSUMS : 0) | (kinds & LENGTHS ? LENGTHS : 0);
}

u32
xb_lint(const struct xb_lint_in *before, const struct xb_lint_in *after)
{
	struct walk now, then;

	judge(&now, after);
	if (XB_LIKELY(!now.wrong))
		return 0;
	judge(&then, before);
	return now.wrong & ~classes(then.wrong) & ~then.unknown;
}

u32
xb_lint_packet(const struct xb_lint_in *in)
{
	struct walk w;

	judge(&w, in);
	return w.wrong;
}
