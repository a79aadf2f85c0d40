/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/captures/frame.h"

#include "vm/bytes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static u8 *
append(struct frame *f, u32 bytes)
{
	u8 *p = f->data + f->bytes;

	if (bytes > FRAME_MAX_BYTES - f->bytes)
		abort();
	memset(p, 0, bytes);
	f->bytes += bytes;
	return p;
}

static void
put_mac(u8 *p, u8 last)
{
	static const u8 prefix[5] = { 0x02 };

	memcpy(p, prefix, sizeof(prefix));
	p[5] = last;
	if (last == 0xff)
		memset(p, 0xff, 6);
}

static void
put_addr(int family, const char *text, u8 *p)
{
	if (inet_pton(family, text, p) != 1)
		abort(); /* a typing error in the generator */
}

void
frame_eth(struct frame *f, u8 dst, u8 src, u16 type)
{
	u8 *p;

	f->bytes = 0;
	f->ip_off = f->ip6_off = f->l4_off = FRAME_NONE;
	f->l4_proto = 0;
	f->keep_csum = false;
	p = append(f, 14);
	put_mac(p, dst);
	put_mac(p + 6, src);
	xb_st_be16(p + 12, type);
}

void
frame_vlan(struct frame *f, u16 tci, u16 type)
{
	u8 *p = append(f, 4);

	xb_st_be16(p, tci);
	xb_st_be16(p + 2, type);
}

void
frame_ip4(struct frame *f, const struct ip4_opts *opts)
{
	u8 *p;

	f->ip_off = f->bytes;
	f->ip6_off = FRAME_NONE;
	p = append(f, 20 + opts->option_bytes);
	p[0] = (u8)(0x45 + opts->option_bytes / 4);
	p[1] = opts->tos;
	xb_st_be16(p + 4, opts->id);
	xb_st_be16(p + 6, opts->frag);
	p[8] = opts->ttl ? opts->ttl : 64;
	p[9] = opts->proto;
	put_addr(AF_INET, opts->src ? opts->src : "10.0.0.1", p + 12);
	put_addr(AF_INET, opts->dst ? opts->dst : "10.0.0.2", p + 16);
	if (opts->option_bytes)
		memcpy(p + 20, opts->options, opts->option_bytes);
	f->l4_proto = opts->proto;
	f->keep_csum = (opts->frag & 0x3fff) != 0;
}

void
frame_ip6(struct frame *f, const char *src, const char *dst, u8 next, u8 hops)
{
	u8 *p;

	f->ip6_off = f->bytes;
	f->ip_off = FRAME_NONE;
	p = append(f, 40);
	p[0] = 0x60;
	p[6] = next;
	p[7] = hops;
	put_addr(AF_INET6, src, p + 8);
	put_addr(AF_INET6, dst, p + 24);
	f->l4_proto = next;
}

void
frame_ext6(struct frame *f, u8 type, u8 next, u8 units, u8 l4)
{
	u32 bytes = type == IPPROTO_AH ? (units + 2u) * 4 : (units + 1u) * 8;
	u8 *p = append(f, bytes);

	p[0] = next;
	p[1] = units;
	if (type == IPPROTO_HOPOPTS || type == IPPROTO_DSTOPTS) {
		p[2] = 1; /* PadN */
		p[3] = (u8)(bytes - 4);
	}
	f->l4_proto = l4;
}

static u8 *
layer4(struct frame *f, u32 bytes)
{
	f->l4_off = f->bytes;
	return append(f, bytes);
}

void
frame_udp(struct frame *f, u16 sport, u16 dport)
{
	u8 *p = layer4(f, 8);

	xb_st_be16(p, sport);
	xb_st_be16(p + 2, dport);
}

void
frame_tcp(struct frame *f, u16 sport, u16 dport, u32 seq, u32 ack, u8 flags)
{
	u8 *p = layer4(f, 20);

	xb_st_be16(p, sport);
	xb_st_be16(p + 2, dport);
	xb_st_be32(p + 4, seq);
	xb_st_be32(p + 8, ack);
	p[12] = 5 << 4;
	p[13] = flags;
	xb_st_be16(p + 14, 64240);
}

void
frame_tcp_options(struct frame *f, const void *options, u32 bytes)
{
	frame_bytes(f, options, bytes);
	f->data[f->l4_off + 12] = (u8)((5 + bytes / 4) << 4);
}

void
frame_icmp(struct frame *f, u8 type, u8 code, u16 id, u16 seq)
{
	u8 *p = layer4(f, 8);

	p[0] = type;
	p[1] = code;
	xb_st_be16(p + 4, id);
	xb_st_be16(p + 6, seq);
}

void
frame_bytes(struct frame *f, const void *data, u32 bytes)
{
	memcpy(append(f, bytes), data, bytes);
}

void
frame_text(struct frame *f, const char *text)
{
	frame_bytes(f, text, (u32)strlen(text));
}

void
frame_fill(struct frame *f, u32 bytes)
{
	while (f->bytes < bytes) {
		u8 *p = append(f, 1);

		*p = (u8)(f->bytes * 7);
	}
}

/* Sums 16-bit words in wire order; an odd byte counts as the upper half. */
static u32
sum_words(u32 sum, const u8 *p, u32 bytes)
{
	for (u32 i = 0; i + 1 < bytes; i += 2)
		sum += xb_ld_be16(p + i);
	if (bytes & 1)
		sum += (u32)p[bytes - 1] << 8;
	return sum;
}

static u16
fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static u32
pseudo_header(const struct frame *f, u32 bytes)
{
	u32 sum = bytes + f->l4_proto;

	if (f->ip_off != FRAME_NONE)
		return sum_words(sum, f->data + f->ip_off + 12, 8);
	return sum_words(sum, f->data + f->ip6_off + 8, 32);
}

static void
end_layer4(struct frame *f)
{
	u8 *p = f->data + f->l4_off;
	u32 bytes = f->bytes - f->l4_off;

	switch (f->l4_proto) {
	case IPPROTO_UDP:
		xb_st_be16(p + 4, (u16)bytes);
		if (!f->keep_csum)
			xb_st_be16(p + 6, fold(sum_words(pseudo_header(f, bytes), p, bytes)));
		break;
	case IPPROTO_TCP:
		if (!f->keep_csum)
			xb_st_be16(p + 16, fold(sum_words(pseudo_header(f, bytes), p, bytes)));
		break;
	case IPPROTO_ICMP:
		xb_st_be16(p + 2, fold(sum_words(0, p, bytes)));
		break;
	case IPPROTO_ICMPV6:
		xb_st_be16(p + 2, fold(sum_words(pseudo_header(f, bytes), p, bytes)));
		break;
	default:
		break;
	}
}

void
frame_end(struct frame *f)
{
	if (f->l4_off != FRAME_NONE)
		end_layer4(f);
	if (f->ip_off != FRAME_NONE) {
		u8 *p = f->data + f->ip_off;

		xb_st_be16(p + 2, (u16)(f->bytes - f->ip_off));
		xb_st_be16(p + 10, 0);
		xb_st_be16(p + 10, fold(sum_words(0, p, (p[0] & 15u) * 4)));
	}
	if (f->ip6_off != FRAME_NONE)
		xb_st_be16(f->data + f->ip6_off + 4, (u16)(f->bytes - f->ip6_off - 40));
}
