/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/captures/frame.h"
#include "tests/captures/gen.h"

#include <netinet/in.h>

#define SERVER      "192.0.2.10"
#define SERVER6     "2001:db8::10"
#define SERVER_MAC  0x10
#define GATEWAY_MAC 0x01

#define FIN 1
#define SYN 2
#define RST 4
#define PSH 8
#define ACK 16

static void
emit(struct out *o, struct frame *f, u32 step_us)
{
	out_packet(o, f->data, f->bytes, f->bytes, step_us);
}

static void
ip4(struct frame *f, const char *src, u8 proto)
{
	const struct ip4_opts opts = { .src = src, .dst = SERVER, .proto = proto, .ttl = 57 };

	frame_eth(f, SERVER_MAC, GATEWAY_MAC, 0x0800);
	frame_ip4(f, &opts);
}

static void
tcp4(struct out *o, const char *src, u16 sport, u16 dport, u32 seq, u8 flags, const char *text)
{
	struct frame f;

	ip4(&f, src, IPPROTO_TCP);
	frame_tcp(&f, sport, dport, seq, flags & ACK ? 9000 : 0, flags);
	frame_text(&f, text);
	frame_end(&f);
	emit(o, &f, 700);
}

static void
udp4(struct out *o, const char *src, u16 sport, u16 dport, const void *data, u32 bytes)
{
	struct frame f;

	ip4(&f, src, IPPROTO_UDP);
	frame_udp(&f, sport, dport);
	frame_bytes(&f, data, bytes);
	frame_end(&f);
	emit(o, &f, 900);
}

static void
ping4(struct out *o, const char *src, u16 seq)
{
	struct frame f;

	ip4(&f, src, IPPROTO_ICMP);
	frame_icmp(&f, 8, 0, 0x77, seq);
	frame_fill(&f, 98);
	frame_end(&f);
	emit(o, &f, 1000);
}

static void
tcp6(struct out *o, const char *src, u16 sport, u16 dport, u8 flags, const char *text)
{
	struct frame f;

	frame_eth(&f, SERVER_MAC, GATEWAY_MAC, 0x86dd);
	frame_ip6(&f, src, SERVER6, IPPROTO_TCP, 60);
	frame_tcp(&f, sport, dport, 1, flags & ACK ? 9000 : 0, flags);
	frame_text(&f, text);
	frame_end(&f);
	emit(o, &f, 800);
}

static void
arp(struct out *o)
{
	static const u8 request[28] = { 0,   1, 8, 0, 6, 4, 0, 1, 2, 0, 0,   0, 0, 1,
		                        192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 192, 0, 2, 10 };
	struct frame f;

	frame_eth(&f, 0xff, GATEWAY_MAC, 0x0806);
	frame_bytes(&f, request, sizeof(request));
	out_packet(o, f.data, f.bytes, f.bytes, 400);
}

/* A browser fetches a page. */
static void
visit(struct out *o, const char *src, u16 sport, u16 dport)
{
	tcp4(o, src, sport, dport, 1, SYN, "");
	tcp4(o, src, sport, dport, 2, ACK, "");
	tcp4(o, src, sport, dport, 2, ACK | PSH, "GET / HTTP/1.1\r\nHost: www.example\r\n\r\n");
	for (u32 i = 1; i <= 4; i++)
		tcp4(o, src, sport, dport, 40, ACK, "");
	tcp4(o, src, sport, dport, 40, ACK | FIN, "");
}

/* Somebody tries doors. */
static void
scan(struct out *o, const char *src)
{
	static const u16 ports[] = {
		21, 22, 23, 25, 80, 110, 139, 443, 445, 1433, 3306, 3389, 8080
	};

	for (u32 i = 0; i < XB_ARRAY_SIZE(ports); i++)
		tcp4(o, src, (u16)(40000 + i), ports[i], 1, SYN, "");
}

static void
dns_answer(struct out *o)
{
	static const u8 answer[] = { 0x12, 0x34, 0x81, 0x80, 0, 1,    0,   1,   0,   0,   0,   0,
		                     3,    'w',  'w',  'w',  7, 'e',  'x', 'a', 'm', 'p', 'l', 'e',
		                     0,    0,    1,    0,    1, 0xc0, 12,  0,   1,   0,   1,   0,
		                     0,    0,    60,   0,    4, 192,  0,   2,   80 };

	udp4(o, "192.0.2.53", 53, 40001, answer, sizeof(answer));
}

/* The second half of a datagram: no ports in it. */
static void
late_fragment(struct out *o)
{
	const struct ip4_opts opts = { .src = "203.0.113.99",
		                       .dst = SERVER,
		                       .proto = IPPROTO_UDP,
		                       .ttl = 50,
		                       .id = 7,
		                       .frag = 185 };
	struct frame f;

	frame_eth(&f, SERVER_MAC, GATEWAY_MAC, 0x0800);
	frame_ip4(&f, &opts);
	frame_fill(&f, 234);
	frame_end(&f);
	emit(o, &f, 500);
}

void
gen_demo(struct out *o)
{
	static const u8 ntp[48] = { 0x23 };

	arp(o);
	dns_answer(o);
	visit(o, "203.0.113.7", 51000, 443);
	ping4(o, "203.0.113.7", 1);
	scan(o, "198.51.100.66");
	visit(o, "203.0.113.25", 51001, 80);
	for (u16 i = 1; i <= 3; i++)
		tcp4(o, "203.0.113.200", (u16)(52000 + i), 23, i, SYN, "");
	udp4(o, "203.0.113.40", 47000, 123, ntp, sizeof(ntp));
	tcp6(o, "2001:db8:5::7", 53000, 443, SYN, "");
	tcp6(o, "2001:db8:5::7", 53000, 443, ACK, "");
	tcp6(o, "2001:db8:bad::1", 53001, 443, SYN, "");
	tcp6(o, "2001:db8:bad::2", 53001, 22, SYN, "");
	tcp6(o, "2001:db8:5::8", 53002, 3389, SYN, "");
	late_fragment(o);
	for (u16 i = 1; i <= 4; i++)
		udp4(o, "198.51.100.9", 19, (u16)(1024 + i), "flood", 5);
	tcp4(o, "192.0.2.33", 50100, 22, 1, SYN, "");
	tcp4(o, "192.0.2.33", 50100, 22, 2, ACK, "");
	tcp4(o, "192.0.2.33", 50100, 22, 2, ACK | PSH, "SSH-2.0-OpenSSH\r\n");
	ping4(o, "203.0.113.7", 2);
	ping4(o, "198.51.100.66", 1);
	visit(o, "203.0.113.77", 51002, 443);
	tcp4(o, "203.0.113.77", 51003, 443, 1, RST, "");
}
