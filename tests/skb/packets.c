/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/skb/packets.h"

#include "vm/bytes.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define PAYLOAD 20u

/* From outside in. Zero is "none" everywhere. */
struct desc {
	const char *name;
	u8 mac[6];       /* the destination's */
	u16 tags[2];     /* ethertypes of VLAN tags */
	u16 type;        /* ETH_P_IP, ETH_P_IPV6, or one without a header known here */
	u16 inner;       /* ETH_P_IP, ETH_P_IPV6: one more header, in IPv4 */
	u8 l4;           /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6 */
	u8 tos;          /* or traffic class */
	u8 option_bytes; /* IPv4's options, or hop-by-hop options; 4-byte NOPs, or one of 8 */
	bool no_csum;
	bool fragment;
	u32 bytes; /* in all; 0: with PAYLOAD */
};

/* clang-format off */
static const struct desc descs[] = {
	[TCP4]      = { "TCP4",      .type = ETH_P_IP, .l4 = IPPROTO_TCP },
	[UDP4]      = { "UDP4",      .type = ETH_P_IP, .l4 = IPPROTO_UDP },
	[ICMP4]     = { "ICMP4",     .type = ETH_P_IP, .l4 = IPPROTO_ICMP },
	[TCP6]      = { "TCP6",      .type = ETH_P_IPV6, .l4 = IPPROTO_TCP },
	[UDP6]      = { "UDP6",      .type = ETH_P_IPV6, .l4 = IPPROTO_UDP },
	[ICMP6]     = { "ICMP6",     .type = ETH_P_IPV6, .l4 = IPPROTO_ICMPV6 },
	[ARP]       = { "ARP",       .type = ETH_P_ARP },
	[VLAN]      = { "VLAN",      .tags = { ETH_P_8021Q }, .type = ETH_P_IP, .l4 = IPPROTO_TCP },
	[QINQ]      = { "QINQ",      .tags = { ETH_P_8021AD, ETH_P_8021Q }, .type = ETH_P_IP, .l4 = IPPROTO_TCP },
	[VLAN6]     = { "VLAN6",     .tags = { ETH_P_8021Q }, .type = ETH_P_IPV6, .l4 = IPPROTO_TCP },
	[IPIP]      = { "IPIP",      .type = ETH_P_IP, .inner = ETH_P_IP, .l4 = IPPROTO_TCP },
	[SIT]       = { "SIT",       .type = ETH_P_IP, .inner = ETH_P_IPV6, .l4 = IPPROTO_TCP },
	[OPT4]      = { "OPT4",      .type = ETH_P_IP, .l4 = IPPROTO_TCP, .option_bytes = 8 },
	[HBH6]      = { "HBH6",      .type = ETH_P_IPV6, .l4 = IPPROTO_TCP, .option_bytes = 8 },
	[FRAG4]     = { "FRAG4",     .type = ETH_P_IP, .l4 = IPPROTO_UDP, .fragment = true },
	[UDP0]      = { "UDP0",      .type = ETH_P_IP, .l4 = IPPROTO_UDP, .no_csum = true },
	[ECT4]      = { "ECT4",      .type = ETH_P_IP, .l4 = IPPROTO_TCP, .tos = 2 },
	[ECT6]      = { "ECT6",      .type = ETH_P_IPV6, .l4 = IPPROTO_TCP, .tos = 2 },
	[OTHERHOST] = { "OTHERHOST", { 2, 0, 0, 0, 0, 2 }, .type = ETH_P_IP, .l4 = IPPROTO_TCP },
	[MULTICAST] = { "MULTICAST", { 1, 0, 0x5e, 0, 0, 1 }, .type = ETH_P_IP, .l4 = IPPROTO_UDP },
	[BROADCAST] = { "BROADCAST", { 255, 255, 255, 255, 255, 255 }, .type = ETH_P_IP, .l4 = IPPROTO_UDP },
	[ETHER]     = { "ETHER",     .type = 0x88b5, .bytes = 14 },
	[UNKNOWN]   = { "UNKNOWN",   .type = 0x88b5, .bytes = 64 },
	[LARGE]     = { "LARGE",     .type = ETH_P_IP, .l4 = IPPROTO_TCP, .bytes = PACKET_MAX_BYTES },
	[LARGE6]    = { "LARGE6",    .type = ETH_P_IPV6, .l4 = IPPROTO_TCP, .bytes = PACKET_MAX_BYTES },
};
/* clang-format on */

/* Where a checksum of layer 4 lies in its header. */
static u32
l4_csum_off(u8 l4)
{
	return l4 == IPPROTO_TCP ? 16 : l4 == IPPROTO_UDP ? 6 : 2;
}

static u32
l4_header_bytes(u8 l4)
{
	return l4 == IPPROTO_TCP ? 20 : l4 ? 8 : 0;
}

static u32
add16(const u8 *data, u32 bytes, u32 sum)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		sum += i % 2 ? data[i] : (u32)data[i] << 8;
	return sum;
}

/* RFC 1071 */
static u16
fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static u8 *
put_ether(u8 *at, const struct desc *d)
{
	const u8 source[6] = { 2, 0, 0, 0, 0, 1 };
	u32 i;

	memcpy(at, d->mac, 6);
	memcpy(at + 6, source, 6);
	at += 12;
	for (i = 0; i < 2 && d->tags[i]; i++, at += 4) {
		xb_st_be16(at, d->tags[i]);
		xb_st_be16(at + 2, d->tags[i] == ETH_P_8021AD ? 200 : 3u << 13 | 100);
	}
	xb_st_be16(at, d->type);
	return at + 2;
}

/* `bytes` with the header. */
static u8 *
put_ip4(u8 *at, const struct desc *d, u32 bytes, u8 proto, u32 option_bytes)
{
	const u8 addrs[8] = { 192, 0, 2, 1, 192, 0, 2, 2 };
	u32 header = 20 + option_bytes;

	memset(at, 1, header); /* options are NOPs */
	at[0] = (u8)(0x40 | header / 4);
	at[1] = d->tos;
	xb_st_be16(at + 2, (u16)bytes);
	xb_st_be16(at + 4, 0x1234);
	xb_st_be16(at + 6, d->fragment ? 185 : 0x4000);
	at[8] = 64;
	at[9] = proto;
	memset(at + 10, 0, 2);
	memcpy(at + 12, addrs, 8);
	xb_st_be16(at + 10, fold(add16(at, header, 0)));
	return at + header;
}

static u8 *
put_ip6(u8 *at, const struct desc *d, u32 bytes, u8 proto, u32 option_bytes)
{
	const u8 addr[15] = { 0x20, 1, 0xd, 0xb8 };
	const u8 options[8] = { proto, 0, 1, 4 }; /* PadN */

	memset(at, 0, 8);
	at[0] = (u8)(0x60 | d->tos >> 4);
	at[1] = (u8)(d->tos << 4);
	xb_st_be16(at + 4, (u16)(bytes - 40));
	at[6] = option_bytes ? IPPROTO_HOPOPTS : proto;
	at[7] = 64;
	memcpy(at + 8, addr, 15);
	at[23] = 1;
	memcpy(at + 24, addr, 15);
	at[39] = 2;
	memcpy(at + 40, options, option_bytes);
	return at + 40 + option_bytes;
}

static u8 *
put_l3(u8 *at, const struct desc *d, u32 bytes)
{
	u8 inner = d->inner == ETH_P_IP ? IPPROTO_IPIP : IPPROTO_IPV6;
	u8 *start = at;

	if (d->type == ETH_P_IP)
		at = put_ip4(at, d, bytes, d->inner ? inner : d->l4, d->option_bytes);
	if (d->type == ETH_P_IPV6)
		at = put_ip6(at, d, bytes, d->l4, d->option_bytes);
	bytes -= (u32)(at - start);
	if (d->inner == ETH_P_IP)
		at = put_ip4(at, d, bytes, d->l4, 0);
	if (d->inner == ETH_P_IPV6)
		at = put_ip6(at, d, bytes, d->l4, 0);
	return at;
}

static void
put_ports(u8 *at, const struct desc *d, u32 bytes)
{
	xb_st_be16(at, 1000);
	xb_st_be16(at + 2, 2000);
	if (d->l4 == IPPROTO_UDP) {
		xb_st_be16(at + 4, (u16)bytes);
		return;
	}
	xb_st_be32(at + 4, 0x01020304);
	xb_st_be32(at + 8, 0x05060708);
	xb_st_be16(at + 12, 0x5018); /* ACK, PSH */
	xb_st_be16(at + 14, 0x2000);
}

/* The addresses end where layer 4 begins, or before one header of options. */
static u32
pseudo_sum(const u8 *l4, const struct desc *d, u32 bytes)
{
	bool six = d->inner ? d->inner == ETH_P_IPV6 : d->type == ETH_P_IPV6;
	u32 addr_bytes = six ? 32 : 8;

	return add16(l4 - d->option_bytes - addr_bytes, addr_bytes, bytes + d->l4);
}

/* The payload is there already. */
static void
put_l4(u8 *at, const struct desc *d, u32 bytes)
{
	u32 sum = 0;

	memset(at, 0, l4_header_bytes(d->l4));
	if (d->l4 == IPPROTO_TCP || d->l4 == IPPROTO_UDP)
		put_ports(at, d, bytes);
	else
		at[0] = d->l4 == IPPROTO_ICMP ? 8 : 128;
	if (d->no_csum)
		return;
	if (d->l4 != IPPROTO_ICMP)
		sum = pseudo_sum(at, d, bytes);
	xb_st_be16(at + l4_csum_off(d->l4), fold(add16(at, bytes, sum)));
}

static void
put_arp(u8 *at)
{
	static const u8 request[28] = { 0,   1, 8, 0, 6, 4, 0, 1, 2, 0, 0,   0, 0, 1,
		                        192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 2 };

	memcpy(at, request, sizeof(request));
}

static u32
header_bytes(const struct desc *d)
{
	u32 bytes = 14 + d->option_bytes;

	bytes += d->tags[0] ? 4 : 0;
	bytes += d->tags[1] ? 4 : 0;
	bytes += d->type == ETH_P_IP ? 20 : d->type == ETH_P_IPV6 ? 40 : 0;
	bytes += d->inner == ETH_P_IP ? 20 : d->inner == ETH_P_IPV6 ? 40 : 0;
	return bytes + (d->fragment ? 0 : l4_header_bytes(d->l4));
}

const char *
packet_name(enum packet packet)
{
	return descs[packet].name;
}

u32
packet_build(enum packet packet, u8 *to)
{
	const struct desc *d = &descs[packet];
	u32 header = header_bytes(d), i;
	u32 bytes = d->type == ETH_P_ARP ? 42 : d->bytes ? d->bytes : header + PAYLOAD;
	u8 *at = put_ether(to, d);

	for (i = header; i < bytes; i++)
		to[i] = (u8)((i - header) * 7 + 1);
	at = put_l3(at, d, bytes - (u32)(at - to));
	if (d->l4 && !d->fragment)
		put_l4(at, d, bytes - (u32)(at - to));
	if (d->type == ETH_P_ARP)
		put_arp(at);
	return bytes;
}
