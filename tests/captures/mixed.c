/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/captures/frame.h"
#include "tests/captures/gen.h"

#include "vm/bytes.h"

#include <netinet/in.h>
#include <string.h>

#define A   "10.0.0.1"
#define B   "10.0.0.2"
#define VIP "192.0.2.80"
#define A6  "2001:db8:1::1"
#define B6  "2001:db8:2::2"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

#define IP4(...) (&(const struct ip4_opts){ __VA_ARGS__ })

static void
emit(struct out *o, struct frame *f)
{
	frame_end(f);
	out_packet(o, f->data, f->bytes, f->bytes, 1500);
}

/* As it stands: lengths and checksums are the caller's. */
static void
emit_raw(struct out *o, const struct frame *f)
{
	out_packet(o, f->data, f->bytes, f->bytes, 1500);
}

static void
arp(struct out *o, u8 oper, u8 target)
{
	u8 body[28] = { 0, 1, 8, 0, 6, 4, 0, oper, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1 };
	struct frame f;

	body[24] = 10;
	body[27] = target;
	frame_eth(&f, oper == 1 ? 0xff : 2, 1, 0x0806);
	frame_bytes(&f, body, sizeof(body));
	frame_fill(&f, 60);
	emit(o, &f);
}

static void
tcp(struct out *o, bool back, u32 seq, u8 flags, const char *text)
{
	struct frame f;

	frame_eth(&f, back ? 1 : 2, back ? 2 : 1, 0x0800);
	frame_ip4(&f, back ? IP4(.src = VIP, .dst = "10.0.0.1", .proto = IPPROTO_TCP)
	                   : IP4(.dst = VIP, .proto = IPPROTO_TCP));
	frame_tcp(&f, back ? 80 : 40000, back ? 40000 : 80, seq, flags & ACK ? seq + 7 : 0, flags);
	frame_text(&f, text);
	emit(o, &f);
}

static void
connections(struct out *o)
{
	tcp(o, true, 1, ACK, ""); /* of a connection that nobody saw begin */
	tcp(o, false, 100, SYN, "");
	tcp(o, true, 500, SYN | ACK, "");
	tcp(o, false, 101, ACK, "");
	tcp(o, false, 101, ACK | PSH, "GET /42 HTTP/1.1\r\nHost: a\r\n\r\n");
	tcp(o, false, 131, ACK | PSH, "GET /-0x1f HTTP/1.1\r\n\r\n padding");
	tcp(o, false, 161, ACK | PSH, "GET /index HTTP/1.1\r\n\r\n padding");
	tcp(o, true, 501, ACK | PSH, "HTTP/1.1 200 OK\r\n\r\n");
	tcp(o, true, 520, ACK | FIN, "");
	tcp(o, false, 190, RST, "");
	tcp(o, false, 200, SYN, "");
}

static void
udp(struct out *o, u16 sport, u16 dport, u32 frame_bytes_, bool no_csum)
{
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.dst = VIP, .proto = IPPROTO_UDP, .frag = 0x4000));
	f.keep_csum = no_csum;
	frame_udp(&f, sport, dport);
	frame_fill(&f, frame_bytes_);
	emit(o, &f);
}

static void
dns(struct out *o, const char *labels, u32 bytes, u8 questions)
{
	const u8 header[12] = { 0xab, 0xcd, 1, 0, 0, questions };
	static const u8 question[4] = { 0, 1, 0, 1 };
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_UDP));
	frame_udp(&f, 33000, 53);
	frame_bytes(&f, header, sizeof(header));
	frame_bytes(&f, labels, bytes);
	frame_bytes(&f, question, sizeof(question));
	emit(o, &f);
}

#define DNS(o, labels) dns(o, labels, sizeof(labels), 1)

static void
names(struct out *o)
{
	static const char endless[90] =
	        "\x3f"
	        "label of sixty-three bytes that makes the name longer than it";

	DNS(o, "\3www\7example\3org");
	DNS(o, "\3WwW\7EXAMPLE\3oRg");
	DNS(o, "\3bad\7example\3org");
	DNS(o, "");
	DNS(o, "\3www\300\14"); /* a pointer, which questions do not have */
	dns(o, endless, sizeof(endless), 1);
	dns(o, "\3www", 2, 0); /* ends within its name */
}

static void
icmp(struct out *o, u8 type, u8 code, u32 bytes)
{
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_ICMP));
	frame_icmp(&f, type, code, 0x1122, 9);
	frame_fill(&f, bytes);
	emit(o, &f);
}

static void
fragments(struct out *o)
{
	static const u16 frags[] = { 0x2000, 0x2000 | 25, 50 };
	struct frame f;

	for (u32 i = 0; i < XB_ARRAY_SIZE(frags); i++) {
		frame_eth(&f, 2, 1, 0x0800);
		frame_ip4(&f, IP4(.proto = IPPROTO_UDP, .id = 0x77, .frag = frags[i]));
		if (i == 0)
			frame_udp(&f, 1000, 2000);
		frame_fill(&f, 34 + 200);
		emit(o, &f);
	}
}

static void
options4(struct out *o)
{
	static const u8 record_route[12] = { 7, 11, 4 }, no_ops[40] = { 1, 1, 1, 1 };
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_UDP, .options = record_route, .option_bytes = 12));
	frame_udp(&f, 5, 6);
	emit(o, &f);
	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_TCP, .options = no_ops, .option_bytes = 40));
	frame_tcp(&f, 5, 6, 7, 0, SYN);
	emit(o, &f);
}

static void
vlans(struct out *o)
{
	static const struct {
		u16 type, tci;
	} stacks[][4] = {
		{ { 0x8100, 5 } },
		{ { 0x8100, 0xe005 } },
		{ { 0x8100, 0 } },
		{ { 0x88a8, 100 }, { 0x8100, 5 } },
		{ { 0x8100, 1 }, { 0x8100, 2 }, { 0x8100, 3 } },
	};
	struct frame f;

	for (u32 i = 0; i < XB_ARRAY_SIZE(stacks); i++) {
		frame_eth(&f, 2, 1, stacks[i][0].type);
		for (u32 j = 0; stacks[i][j].type; j++)
			frame_vlan(&f, stacks[i][j].tci,
			           stacks[i][j + 1].type ? stacks[i][j + 1].type : 0x0800);
		frame_ip4(&f, IP4(.proto = IPPROTO_UDP));
		frame_udp(&f, 7000, 7001);
		frame_text(&f, "behind tags");
		emit(o, &f);
	}
	frame_eth(&f, 2, 1, 0x8100);
	frame_bytes(&f, "\0\5", 2); /* ends within the tag */
	emit_raw(o, &f);
}

static void
ip6(struct out *o)
{
	static const u8 chain[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING,
		                    IPPROTO_FRAGMENT, IPPROTO_AH };
	struct frame f;

	frame_eth(&f, 2, 1, 0x86dd);
	frame_ip6(&f, A6, B6, IPPROTO_TCP, 64);
	frame_tcp(&f, 1025, 443, 1, 0, SYN);
	emit(o, &f);
	frame_eth(&f, 2, 1, 0x86dd);
	frame_ip6(&f, A6, B6, IPPROTO_ICMPV6, 1);
	frame_icmp(&f, 128, 0, 3, 4);
	emit(o, &f);
	for (u32 n = 1; n <= XB_ARRAY_SIZE(chain); n++) {
		frame_eth(&f, 2, 1, 0x86dd);
		frame_ip6(&f, A6, "fe80::1", chain[0], 255);
		for (u32 i = 0; i < n; i++)
			frame_ext6(&f, chain[i], i + 1 < n ? chain[i + 1] : IPPROTO_UDP,
			           chain[i] == IPPROTO_FRAGMENT ? 0 : (u8)(i + 1), IPPROTO_UDP);
		frame_udp(&f, 546, 547);
		frame_text(&f, "extension headers");
		emit(o, &f);
	}
	frame_eth(&f, 2, 1, 0x86dd);
	frame_ip6(&f, A6, B6, IPPROTO_HOPOPTS, 64);
	frame_ext6(&f, IPPROTO_HOPOPTS, IPPROTO_HOPOPTS, 200, IPPROTO_UDP);
	emit(o, &f);
	f.bytes = 60; /* the extension header says more than there is */
	emit_raw(o, &f);
}

static void
tunnels(struct out *o)
{
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_IPIP));
	frame_ip4(&f, IP4(.src = "172.16.0.1", .dst = VIP, .proto = IPPROTO_UDP));
	frame_udp(&f, 9, 10);
	frame_text(&f, "inner");
	emit(o, &f);
	xb_st_be16(f.data + 16, (u16)(f.bytes - 14)); /* the outer header's length */
	emit_raw(o, &f);
}

static void
sizes(struct out *o)
{
	static const u32 bytes[] = { 60,   64,   65,   127,  128,  255,  576,  1400,
		                     1414, 1514, 3519, 3520, 3521, 4096, 7616, 9000 };

	for (u32 i = 0; i < XB_ARRAY_SIZE(bytes); i++)
		udp(o, (u16)(10000 + i), 443, bytes[i], i & 1);
}

static void
hops(struct out *o)
{
	struct frame f;

	for (u8 ttl = 0; ttl <= 2; ttl++) {
		frame_eth(&f, 2, 1, 0x0800);
		frame_ip4(&f, IP4(.proto = IPPROTO_UDP, .id = (u16)(0xfe00 + ttl)));
		f.data[14 + 8] = ttl;
		frame_udp(&f, 33434, 33435);
		emit(o, &f);
	}
}

static void
not_ip(struct out *o)
{
	static const u8 stp[] = { 0x42, 0x42, 3, 0, 0, 0, 0, 0, 0x80, 1 };
	struct frame f;

	frame_eth(&f, 0xff, 1, 46); /* 802.3: a length */
	memcpy(f.data, "\x01\x80\xc2\0\0\0", 6);
	frame_bytes(&f, stp, sizeof(stp));
	frame_fill(&f, 60);
	emit(o, &f);
	frame_eth(&f, 2, 1, 0x88cc);
	memcpy(f.data, "\x01\x80\xc2\0\0\x0e", 6);
	frame_fill(&f, 61);
	emit(o, &f);
	frame_eth(&f, 0, 0, 0);
	frame_fill(&f, 77);
	memset(f.data, 0, 12);
	emit(o, &f);
}

/* Headers that promise what does not follow. */
static void
malformed(struct out *o)
{
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	emit_raw(o, &f); /* 14 bytes */
	frame_bytes(&f, "\x45", 1);
	emit_raw(o, &f); /* 15 */
	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_TCP));
	frame_end(&f);
	emit_raw(o, &f); /* nothing behind the IP header */
	f.data[14] = 0x44;
	emit_raw(o, &f); /* a header of 16 bytes */
	f.data[14] = 0x4f;
	emit_raw(o, &f); /* of 60 */
	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.proto = IPPROTO_UDP));
	frame_bytes(&f, "\0\1\0", 3);
	frame_end(&f);
	emit_raw(o, &f); /* ends within the ports */
	frame_eth(&f, 2, 1, 0x86dd);
	frame_bytes(&f, "\x60\0\0\0", 4);
	emit_raw(o, &f);
	f.bytes = 10;
	emit_raw(o, &f); /* shorter than Ethernet */
}

static void
truncated(struct out *o)
{
	struct frame f;

	frame_eth(&f, 2, 1, 0x0800);
	frame_ip4(&f, IP4(.dst = VIP, .proto = IPPROTO_UDP));
	frame_udp(&f, 1, 443);
	frame_fill(&f, 1000);
	frame_end(&f);
	out_packet(o, f.data, 64, f.bytes, 1500);
	out_packet(o, f.data, 30, f.bytes, 1500);
}

void
gen_mixed(struct out *o)
{
	arp(o, 1, 2);
	arp(o, 2, 2);
	arp(o, 1, 99);
	connections(o);
	names(o);
	icmp(o, 8, 0, 98);
	icmp(o, 0, 0, 98);
	icmp(o, 3, 3, 70);
	fragments(o);
	options4(o);
	vlans(o);
	ip6(o);
	tunnels(o);
	sizes(o);
	hops(o);
	not_ip(o);
	malformed(o);
	truncated(o);
}
