/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/captures/frame.h"
#include "tests/captures/gen.h"

#include <netinet/in.h>
#include <string.h>

#define A       "10.0.0.1"
#define B       "10.0.0.2"
#define VIP     "192.0.2.80"
#define PUBLIC  "198.51.100.20"
#define A6      "2001:db8:1::1"
#define B6      "2001:db8:2::2"
#define NAT64   "64:ff9b::c000:250" /* the VIP */
#define GATEWAY "172.16.0.1"

#define IP4_TYPE  0x0800
#define IP6_TYPE  0x86dd
#define MPLS_TYPE 0x8847

#define SYN 2
#define ACK 16

#define IP4(...) (&(const struct ip4_opts){ __VA_ARGS__ })

static void
emit(struct out *o, struct frame *f)
{
	frame_end(f);
	out_packet(o, f->data, f->bytes, f->bytes, 1000);
}

/* TCP's options by name, as a SYN has them. */
static void
syns(struct out *o)
{
	static const struct {
		const char *options;
		u32 bytes;
	} rows[] = {
		{ "\2\4\5\xb4\4\2\10\12\0\0\0\1\0\0\0\0\1\3\3\7", 20 }, /* as Linux does */
		{ "\1\2\4\5\xb4\1\1\1", 8 },                            /* at an odd offset */
		{ "\2\4\2\x18", 4 },                                    /* 536 */
		{ "\3\0\2\4\5\xb4\0\0", 8 },                            /* a length of 0 */
		{ "\0\2\4\5\xb4\0\0\0", 8 },                            /* behind the end */
		{ "\2\3\5\0", 4 },                                      /* too short */
		{ "\x1e\x28\2\4", 4 },                                  /* longer than the header */
	};
	struct frame f;

	for (u32 i = 0; i < 2 * XB_ARRAY_SIZE(rows); i++) {
		frame_eth(&f, 2, 1, i & 1 ? IP6_TYPE : IP4_TYPE);
		if (i & 1)
			frame_ip6(&f, A6, B6, IPPROTO_TCP, 64);
		else
			frame_ip4(&f, IP4(.dst = VIP, .proto = IPPROTO_TCP, .frag = 0x4000));
		frame_tcp(&f, (u16)(41000 + i), 443, i, 0, SYN);
		frame_tcp_options(&f, rows[i / 2].options, rows[i / 2].bytes);
		emit(o, &f);
	}
}

/* A queue's worth of packets with each of the four ECN values, and DSCP beside them. */
static void
congestion(struct out *o)
{
	static const u8 classes[] = { 0, 1, 2, 3, 0xb8, 0x8a };
	struct frame f;

	for (u32 i = 0; i < 4 * XB_ARRAY_SIZE(classes); i++) {
		u8 class = classes[i / 4];

		frame_eth(&f, 2, 1, i & 1 ? IP6_TYPE : IP4_TYPE);
		if (i & 1) {
			frame_ip6(&f, A6, B6, IPPROTO_UDP, 64);
			f.data[14] = (u8)(0x60 | class >> 4);
			f.data[15] = (u8)(class << 4);
		} else {
			frame_ip4(&f, IP4(.dst = VIP, .proto = IPPROTO_UDP, .tos = class));
		}
		frame_udp(&f, 5004, 5005);
		frame_fill(&f, 700);
		emit(o, &f);
	}
}

static void
inner4(struct frame *f)
{
	frame_eth(f, 4, 3, IP4_TYPE);
	frame_ip4(f, IP4(.src = A, .dst = VIP, .proto = IPPROTO_UDP));
	frame_udp(f, 10001, 443);
	frame_text(f, "inner");
	frame_end(f);
}

static void
inner6(struct frame *f)
{
	frame_eth(f, 4, 3, IP6_TYPE);
	frame_ip6(f, A6, B6, IPPROTO_TCP, 64);
	frame_tcp(f, 1025, 443, 1, 0, SYN);
	frame_end(f);
}

/* A packet of IPv4 or IPv6 from one gateway to another, with `inner` from `off` on in it. */
static void
tunnel(struct out *o, u8 proto, const char *shim, u32 shim_bytes, const struct frame *inner,
       u32 off)
{
	struct frame f;

	frame_eth(&f, 2, 1, IP4_TYPE);
	frame_ip4(&f, IP4(.src = GATEWAY, .dst = B, .proto = proto));
	frame_bytes(&f, shim, shim_bytes);
	frame_bytes(&f, inner->data + off, inner->bytes - off);
	emit(o, &f);
	frame_eth(&f, 2, 1, IP6_TYPE);
	frame_ip6(&f, "fd00::1", "fd00::2", proto, 64);
	frame_bytes(&f, shim, shim_bytes);
	frame_bytes(&f, inner->data + off, inner->bytes - off);
	emit(o, &f);
}

static void
vxlan(struct out *o, const struct frame *inner)
{
	struct frame f;

	frame_eth(&f, 2, 1, IP4_TYPE);
	frame_ip4(&f, IP4(.src = GATEWAY, .dst = B, .proto = IPPROTO_UDP));
	frame_udp(&f, 50000, 4789);
	frame_bytes(&f, "\10\0\0\0\0\0\x2a\0", 8);
	frame_bytes(&f, inner->data, inner->bytes);
	emit(o, &f);
}

static void
mpls(struct out *o, const struct frame *inner, u8 hops)
{
	const u8 entry[4] = { 0, 0x3e, 0x81, hops }; /* label 1000, bottom of stack */
	struct frame f;

	frame_eth(&f, 2, 1, MPLS_TYPE);
	frame_bytes(&f, entry, sizeof(entry));
	frame_bytes(&f, inner->data + 14, inner->bytes - 14);
	emit(o, &f);
}

static void
tunnels(struct out *o)
{
	struct frame four, six;

	inner4(&four);
	inner6(&six);
	tunnel(o, IPPROTO_IPIP, "", 0, &four, 14);
	tunnel(o, IPPROTO_IPV6, "", 0, &six, 14);
	tunnel(o, IPPROTO_GRE, "\0\0\x8\0", 4, &four, 14);
	tunnel(o, IPPROTO_GRE, "\x20\0\x86\xdd\0\0\0\7", 8, &six, 14); /* with a key */
	tunnel(o, IPPROTO_GRE, "\0\0\x65\x58", 4, &four, 0);           /* Ethernet */
	vxlan(o, &four);
	vxlan(o, &six);
	mpls(o, &four, 64);
	mpls(o, &six, 1);
}

static void
udp4(struct out *o, const char *src, const char *dst, u16 sport, u16 dport)
{
	struct frame f;

	frame_eth(&f, 1, 2, IP4_TYPE);
	frame_ip4(&f, IP4(.src = src, .dst = dst, .proto = IPPROTO_UDP));
	frame_udp(&f, sport, dport);
	frame_text(&f, "answer");
	emit(o, &f);
}

static void
tcp4(struct out *o, const char *src, const char *dst, u16 sport, u16 dport)
{
	struct frame f;

	frame_eth(&f, 1, 2, IP4_TYPE);
	frame_ip4(&f, IP4(.src = src, .dst = dst, .proto = IPPROTO_TCP));
	frame_tcp(&f, sport, dport, 1000, 2, SYN | ACK);
	emit(o, &f);
}

/* What comes back to where addresses were translated. */
static void
answers(struct out *o)
{
	udp4(o, VIP, A, 443, 10001);
	udp4(o, "10.0.0.99", A, 8443, 10001);
	tcp4(o, "10.0.0.99", A, 8080, 40000);
	udp4(o, VIP, PUBLIC, 443, 20000);
	tcp4(o, VIP, PUBLIC, 80, 20000);
	udp4(o, VIP, PUBLIC, 443, 60000); /* nobody's */
}

static void
from6(struct out *o, const char *src, const char *dst, u8 proto, u32 bytes)
{
	struct frame f;

	frame_eth(&f, 2, 1, IP6_TYPE);
	frame_ip6(&f, src, dst, proto, 64);
	if (proto == IPPROTO_TCP)
		frame_tcp(&f, 42000, 80, 1, 0, SYN);
	else if (proto == IPPROTO_UDP)
		frame_udp(&f, 42001, 53);
	else if (proto == IPPROTO_ICMPV6)
		frame_icmp(&f, 128, 0, 9, 1);
	frame_fill(&f, bytes);
	emit(o, &f);
}

static void
translated(struct out *o)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_SCTP };

	for (u32 i = 0; i < XB_ARRAY_SIZE(protos); i++)
		from6(o, A6, NAT64, protos[i], 90);
	from6(o, "fd00:1::5", B6, IPPROTO_UDP, 80);
	from6(o, "fd00:1::5", B6, IPPROTO_TCP, 81);
	from6(o, "fd00:1::5", B6, IPPROTO_ICMPV6, 100);
	from6(o, B6, "2001:db8:f::5", IPPROTO_UDP, 80);
	from6(o, B6, "2001:db8:f::5", IPPROTO_SCTP, 80);
	from6(o, A6, B6, IPPROTO_UDP, 1500);
}

static void
dns6(struct out *o)
{
	struct frame f;

	frame_eth(&f, 2, 1, IP6_TYPE);
	frame_ip6(&f, A6, B6, IPPROTO_UDP, 64);
	frame_udp(&f, 33000, 53);
	frame_bytes(&f, "\xab\xcd\1\0\0\1\0\0\0\0\0\0\3WWW\7example\3org\0\0\x1c\0\1", 33);
	emit(o, &f);
}

/* A neighbour is asked for, as in the life of every link. */
static void
solicitation(struct out *o)
{
	struct frame f;

	frame_eth(&f, 0xff, 1, IP6_TYPE);
	memcpy(f.data, "\x33\x33\xff\0\0\2", 6);
	frame_ip6(&f, A6, "ff02::1:ff00:2", IPPROTO_ICMPV6, 255);
	frame_icmp(&f, 135, 0, 0, 0);
	frame_bytes(&f, "\x20\1\xd\xb8\0\2\0\0\0\0\0\0\0\0\0\2\1\1\2\0\0\0\0\1", 24);
	emit(o, &f);
}

/* An option with a mark of 0x2a; frames to everybody, to many, and to the loopback interface. */
static void
others(struct out *o)
{
	static const u8 macs[][6] = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		                      { 1, 0, 0x5e, 0, 0, 1 },
		                      { 0 } };
	static const u8 option[8] = { 0x5e, 8, 0, 0, 0, 0, 0, 0x2a };
	struct frame f;

	frame_eth(&f, 2, 1, IP4_TYPE);
	frame_ip4(&f, IP4(.dst = VIP, .proto = IPPROTO_UDP, .options = option, .option_bytes = 8));
	frame_udp(&f, 8, 9);
	emit(o, &f);
	for (u32 i = 0; i < XB_ARRAY_SIZE(macs); i++) {
		frame_eth(&f, 2, 1, IP4_TYPE);
		memcpy(f.data, macs[i], 6);
		frame_ip4(&f, IP4(.dst = i ? "224.0.0.1" : B, .proto = IPPROTO_UDP));
		frame_udp(&f, 67, 68);
		emit(o, &f);
	}
}

void
gen_overlay(struct out *o)
{
	syns(o);
	congestion(o);
	tunnels(o);
	answers(o);
	translated(o);
	dns6(o);
	solicitation(o);
	others(o);
}
