/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/link.h"
#include "vm/bytes.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <pcap/sll.h>
#include <stdio.h>
#include <string.h>

/* Where libpcap's number on Linux is not the file's. Tests compare this with libpcap's own table.
 */
static const struct {
	u16 linktype;
	u16 dlt;
} dlts[] = {
	{ 100, DLT_ATM_RFC1483 }, { 101, DLT_RAW },      { 102, DLT_SLIP_BSDOS },
	{ 103, DLT_PPP_BSDOS },   { 106, DLT_ATM_CLIP },
};

#define MAX_CAPLEN (256u << 10)

/* Link types with longer packets than others. Tests compare this with libpcap's own limits. */
static const struct {
	u16 linktype;
	u32 bytes;
} max_caplens[] = {
	{ DLT_DBUS, 128u << 20 },
	{ DLT_EBHSCR, 8u << 20 },
	{ DLT_USBPCAP, 1u << 20 },
};

/* Bit 1 of the first byte: addresses that are handed out locally. */
static const u8 made_up_dst[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 0x01 };
static const u8 made_up_src[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 0x02 };

int
xb_link_to_dlt(u16 linktype)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(dlts); i++)
		if (dlts[i].linktype == linktype)
			return dlts[i].dlt;
	return linktype;
}

const char *
xb_link_name(u16 linktype, char buf[XB_LINK_NAME_LEN])
{
	const char *name = pcap_datalink_val_to_name(xb_link_to_dlt(linktype));

	if (name)
		snprintf(buf, XB_LINK_NAME_LEN, "%s", name);
	else
		snprintf(buf, XB_LINK_NAME_LEN, "%u", linktype);
	return buf;
}

u32
xb_link_max_caplen(u16 linktype)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(max_caplens); i++)
		if (max_caplens[i].linktype == linktype)
			return max_caplens[i].bytes;
	return MAX_CAPLEN;
}

static void
set_hdr(struct xb_link_ether *out, u16 ethertype, u32 strip_bytes)
{
	memcpy(out->hdr, made_up_dst, ETH_ALEN);
	memcpy(out->hdr + ETH_ALEN, made_up_src, ETH_ALEN);
	xb_st_be16(out->hdr + 2 * ETH_ALEN, ethertype);
	out->hdr_len = sizeof(out->hdr);
	out->strip_bytes = (u8)strip_bytes;
}

/* cf. RFC 1112, section 6.4: the low 23 bits of the group. */
static void
set_ipv4_group(u8 *mac, const u8 *ip)
{
	const u8 group[ETH_ALEN] = { 0x01, 0x00, 0x5e, ip[1] & 0x7f, ip[2], ip[3] };

	if (xb_ld_be32(ip) == INADDR_BROADCAST)
		memset(mac, 0xff, ETH_ALEN);
	else if (ip[0] >> 4 == 0xe)
		memcpy(mac, group, ETH_ALEN);
}

/* cf. RFC 2464, section 7: the low 32 bits of the group. */
static void
set_ipv6_group(u8 *mac, const u8 *ip)
{
	const u8 group[ETH_ALEN] = { 0x33, 0x33, ip[12], ip[13], ip[14], ip[15] };

	if (ip[0] == 0xff)
		memcpy(mac, group, ETH_ALEN);
}

/* Broadcast and multicast destinations, as far as the header was captured. */
static void
set_group(struct xb_link_ether *out, u16 ethertype, const u8 *ip, u32 len)
{
	const u32 ipv4_dst = 16, ipv6_dst = 24;

	if (ethertype == ETHERTYPE_IP && len >= ipv4_dst + 4)
		set_ipv4_group(out->hdr, ip + ipv4_dst);
	else if (ethertype == ETHERTYPE_IPV6 && len >= ipv6_dst + 16)
		set_ipv6_group(out->hdr, ip + ipv6_dst);
}

static int
too_short(u32 caplen, u32 want, struct xb_err *err)
{
	xb_err_set(err, XB_ERR_FILE, "a packet of %u bytes; its link header has %u", caplen, want);
	return 1;
}

static int
from_ip(u16 ethertype, const u8 *data, u32 caplen, u32 strip_bytes, struct xb_link_ether *out)
{
	set_hdr(out, ethertype, strip_bytes);
	set_group(out, ethertype, data + strip_bytes, caplen - strip_bytes);
	return 0;
}

/* LINKTYPE_RAW: the version says which IP it is. */
static int
from_raw(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	if (!caplen)
		return too_short(caplen, 1, err);
	if (data[0] >> 4 == 4)
		return from_ip(ETHERTYPE_IP, data, caplen, 0, out);
	if (data[0] >> 4 == 6)
		return from_ip(ETHERTYPE_IPV6, data, caplen, 0, out);
	xb_err_set(err, XB_ERR_FILE, "a raw packet of IP version %u", data[0] >> 4);
	return 1;
}

static int
from_ipv4(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	(void)err;
	return from_ip(ETHERTYPE_IP, data, caplen, 0, out);
}

static int
from_ipv6(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	(void)err;
	return from_ip(ETHERTYPE_IPV6, data, caplen, 0, out);
}

/*
 * A BSD address family: IPv4 is 2 everywhere, IPv6 is 24 on NetBSD and OpenBSD, 28 on FreeBSD, 30
 * on Darwin, and 10 is Linux's. cf. www.tcpdump.org/linktypes/LINKTYPE_NULL.html
 */
static int
from_family(u32 family, const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	switch (family) {
	case 2:
		return from_ip(ETHERTYPE_IP, data, caplen, 4, out);
	case 10:
	case 24:
	case 28:
	case 30:
		return from_ip(ETHERTYPE_IPV6, data, caplen, 4, out);
	default:
		xb_err_set(err, XB_ERR_FILE, "a packet of address family %u, which is not IP",
		           family);
		return 1;
	}
}

/* In the byte order of the machine that captured it, which may be either. */
static int
from_null(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	u32 family;

	if (caplen < 4)
		return too_short(caplen, 4, err);
	family = xb_ld32(data);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	return from_family(family, data, caplen, out, err);
}

static int
from_loop(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	if (caplen < 4)
		return too_short(caplen, 4, err);
	return from_family(xb_ld_be32(data), data, caplen, out, err);
}

/* What the two cooked headers say. */
struct cooked {
	u16 pkt_type;
	u16 protocol;
	u16 addr_len;
	const u8 *addr;
	u32 hdr_len;
};

static int
from_cooked(const struct cooked *c, const u8 *data, u32 caplen, struct xb_link_ether *out,
            struct xb_err *err)
{
	u32 rest = caplen - c->hdr_len;
	u16 ethertype = c->protocol;

	/* 802.3 frames have their length where others have a protocol. */
	if (ethertype == LINUX_SLL_P_802_2 || ethertype == LINUX_SLL_P_802_3)
		ethertype = (u16)(rest < ETH_DATA_LEN ? rest : ETH_DATA_LEN);
	else if (ethertype < ETH_P_802_3_MIN) {
		xb_err_set(err, XB_ERR_FILE, "a cooked packet of protocol 0x%04x, not an EtherType",
		           ethertype);
		return 1;
	}
	set_hdr(out, ethertype, c->hdr_len);
	if (c->addr_len == ETH_ALEN)
		memcpy(out->hdr + ETH_ALEN, c->addr, ETH_ALEN);
	if (c->pkt_type == LINUX_SLL_BROADCAST)
		memset(out->hdr, 0xff, ETH_ALEN);
	else if (c->pkt_type == LINUX_SLL_MULTICAST)
		set_group(out, ethertype, data + c->hdr_len, rest);
	return 0;
}

static int
from_sll(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	struct cooked c = { .hdr_len = SLL_HDR_LEN };

	if (caplen < c.hdr_len)
		return too_short(caplen, c.hdr_len, err);
	c.pkt_type = xb_ld_be16(data + offsetof(struct sll_header, sll_pkttype));
	c.addr_len = xb_ld_be16(data + offsetof(struct sll_header, sll_halen));
	c.addr = data + offsetof(struct sll_header, sll_addr);
	c.protocol = xb_ld_be16(data + offsetof(struct sll_header, sll_protocol));
	return from_cooked(&c, data, caplen, out, err);
}

static int
from_sll2(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err)
{
	struct cooked c = { .hdr_len = SLL2_HDR_LEN };

	if (caplen < c.hdr_len)
		return too_short(caplen, c.hdr_len, err);
	c.pkt_type = data[offsetof(struct sll2_header, sll2_pkttype)];
	c.addr_len = data[offsetof(struct sll2_header, sll2_halen)];
	c.addr = data + offsetof(struct sll2_header, sll2_addr);
	c.protocol = xb_ld_be16(data + offsetof(struct sll2_header, sll2_protocol));
	return from_cooked(&c, data, caplen, out, err);
}

/* The link types that an Ethernet header can be made up for. */
static const struct {
	u16 linktype;
	int (*from)(const u8 *data, u32 caplen, struct xb_link_ether *out, struct xb_err *err);
} links[] = {
	{ XB_LINKTYPE_RAW, from_raw },         { XB_LINKTYPE_IPV4, from_ipv4 },
	{ XB_LINKTYPE_IPV6, from_ipv6 },       { XB_LINKTYPE_LINUX_SLL, from_sll },
	{ XB_LINKTYPE_LINUX_SLL2, from_sll2 }, { XB_LINKTYPE_NULL, from_null },
	{ XB_LINKTYPE_LOOP, from_loop },       { XB_LINKTYPE_RAW_DLT, from_raw },
};

enum xb_link_kind
xb_link_kind(u16 linktype)
{
	if (linktype == XB_LINKTYPE_ETHERNET)
		return XB_LINK_ETHERNET;
	for (size_t i = 0; i < XB_ARRAY_SIZE(links); i++)
		if (links[i].linktype == linktype)
			return XB_LINK_MADE_UP;
	return XB_LINK_UNSUPPORTED;
}

int
xb_link_to_ether(u16 linktype, const u8 *data, u32 caplen, struct xb_link_ether *out,
                 struct xb_err *err)
{
	char name[XB_LINK_NAME_LEN];

	if (XB_LIKELY(linktype == XB_LINKTYPE_ETHERNET)) {
		out->hdr_len = out->strip_bytes = 0;
		return 0;
	}
	for (size_t i = 0; i < XB_ARRAY_SIZE(links); i++)
		if (links[i].linktype == linktype)
			return links[i].from(data, caplen, out, err);
	return xb_err_set(err, XB_ERR_FILE, "link type %s is not supported",
	                  xb_link_name(linktype, name));
}
