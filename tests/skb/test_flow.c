/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_flow.c - which packets are of one flow. The hash itself cannot be compared: Linux's key is a
 * secret. But packets that have the same hash there must have the same one here, and all others
 * another.
 */
#include "skb/flow.h"

#include "skb/skb.h"
#include "tests/insns.h"
#include "tests/rig/backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define MAX_BYTES 512
#define ETH_BYTES 14

/* Headers, as bytes; all have their numbers in wire order. */
#define MACS                                                                                       \
	"\0\0\0\0\0\0"                                                                             \
	"\2\0\0\0\0\1"
#define IP     "\x08\x00"
#define IP6    "\x86\xdd"
#define MPLS   "\x88\x47"
#define TAG    "\x81\x00"
#define STAG   "\x88\xa8"
#define TEB    "\x65\x58"
#define PPPOE  "\x88\x64"
#define TIPC   "\x88\xca"
#define BATMAN "\x43\x05"
#define HSR    "\x89\x2f"
#define PRP    "\x88\xfb"
#define ODD    "\x88\xb5" /* an EtherType that nobody knows */

#define ICMP     "\x01"
#define TCP      "\x06"
#define UDP      "\x11"
#define IN4      "\x04"
#define IN6      "\x29"
#define GRE      "\x2f"
#define ESP      "\x32"
#define AH       "\x33"
#define SCTP     "\x84"
#define DCCP     "\x21"
#define UDPLITE  "\x88"
#define MPLSIP   "\x89"
#define OSPF     "\x59"
#define HOP      "\0"
#define ROUTING  "\x2b"
#define FRAGMENT "\x2c"
#define DSTOPTS  "\x3c"
#define NONEXT   "\x3b"

#define A4 "\xc0\0\2\1"
#define B4 "\xc0\0\2\2"
#define C4 "\xc0\0\2\3"
#define A6 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define B6 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
#define C6 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\3"
#define P1 "\x03\xe8" /* 1000 */
#define P2 "\x07\xd0" /* 2000 */
#define P3 "\x07\xd1" /* 2001 */

#define IP_FRAG(frag, proto, src, dst) "\x45\0\0\x28\0\1" frag "\x40" proto "\0\0" src dst
#define IP_(proto, src, dst)           IP_FRAG("\x40\0", proto, src, dst)
#define IP6_(label, next, src, dst)    "\x60" label "\0\x14" next "\x40" src dst
#define L0                             "\0\0\0"
#define OPT(next)                      next "\0\0\0\0\0\0\0"
#define REST                           "\0\0\0\1\0\0\0\2\x50\x10\0\1\0\0\0\0"

/* The flow that most are of, or are not. */
#define CONN            IP_(TCP, A4, B4) P1 P2 REST
#define CONN6           IP6_(L0, TCP, A6, B6) P1 P2 REST
#define OUT_(proto)     IP_(proto, A4, C4)
#define OUT6_(next)     IP6_(L0, next, A6, C6)
#define TAG_(tci, type) tci type
#define TAG5            TAG "\0\1" TAG "\0\2" TAG "\0\3" TAG "\0\4" TAG "\0\5"
#define OPT5            OPT(HOP) OPT(DSTOPTS) OPT(HOP) OPT(DSTOPTS) OPT(DSTOPTS)

struct row {
	const char *name;
	const char
	        *like; /* another row, before this one, that is of the same flow; NULL: of none */
	const char *data; /* behind the MAC addresses */
	u32 bytes;
	bool odd;   /* of the emulator alone: the kernel's hash is random */
	bool push;  /* its tag, VID 100, is pushed by the program and not among the bytes */
	bool ports; /* flow_keys_have_l4 */
};

#define PACKET(...) .data = (__VA_ARGS__), .bytes = sizeof(__VA_ARGS__) - 1
#define L4          .ports = true

/* clang-format off */
static const struct row rows[] = {
	{ "connection", NULL, PACKET(IP CONN), L4 },
	{ "other direction", "connection", PACKET(IP IP_(TCP, B4, A4) P2 P1 REST), L4 },
	{ "ports swapped", "connection", PACKET(IP IP_(TCP, A4, B4) P2 P1 REST), L4 },
	{ "addresses swapped", "connection", PACKET(IP IP_(TCP, B4, A4) P1 P2 REST), L4 },
	{ "payload", "connection", PACKET(IP CONN "payload"), L4 },
	{ "ports alone", "connection", PACKET(IP IP_(TCP, A4, B4) P1 P2), L4 },
	{ "TOS, TTL, id, checksum", "connection", PACKET(IP "\x45\x10\0\x99\5\6\x40\0\1" TCP "\7\7" A4 B4 P1 P2 REST), L4 },
	{ "fragments allowed", "connection", PACKET(IP IP_FRAG("\0\0", TCP, A4, B4) P1 P2 REST), L4 },
	{ "reserved bit", "connection", PACKET(IP IP_FRAG("\x80\0", TCP, A4, B4) P1 P2 REST), L4 },
	{ "options", "connection", PACKET(IP "\x46\0\0\x28\0\1\x40\0\x40" TCP "\0\0" A4 B4 "\1\1\1\1" P1 P2 REST), L4 },
	{ "most options", "connection", PACKET(IP "\x4f\0\0\x28\0\1\x40\0\x40" TCP "\0\0" A4 B4 "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" P1 P2 REST), L4 },
	{ "version 6 in IPv4", "connection", PACKET(IP "\x65\0\0\x28\0\1\x40\0\x40" TCP "\0\0" A4 B4 P1 P2 REST), L4 },
	{ "other port", NULL, PACKET(IP IP_(TCP, A4, B4) P1 P3 REST), L4 },
	{ "other address", NULL, PACKET(IP IP_(TCP, A4, C4) P1 P2 REST), L4 },
	{ "port 0", NULL, PACKET(IP IP_(TCP, A4, B4) "\0\0" P2 REST), L4 },
	{ "UDP", NULL, PACKET(IP IP_(UDP, A4, B4) P1 P2 REST), L4 },
	{ "SCTP", NULL, PACKET(IP IP_(SCTP, A4, B4) P1 P2 REST), L4 },
	{ "DCCP", NULL, PACKET(IP IP_(DCCP, A4, B4) P1 P2 REST), L4 },
	{ "UDP-Lite", NULL, PACKET(IP IP_(UDPLITE, A4, B4) P1 P2 REST), L4 },
	{ "UDP-Lite, other port", NULL, PACKET(IP IP_(UDPLITE, A4, B4) P1 P3 REST), L4 },
	{ "ESP", NULL, PACKET(IP IP_(ESP, A4, B4) "\1\2\3\4" REST), L4 },
	{ "ESP, other SPI", NULL, PACKET(IP IP_(ESP, A4, B4) "\1\2\3\5" REST), L4 },
	{ "ESP, SPI swapped", "ESP", PACKET(IP IP_(ESP, B4, A4) "\3\4\1\2" REST), L4 },
	{ "AH", NULL, PACKET(IP IP_(AH, A4, B4) "\6\4\0\0\1\2\3\4" REST), L4 },
	{ "AH, other header", "AH", PACKET(IP IP_(AH, A4, B4) "\7\5\1\2\1\2\3\4" REST), L4 },
	{ "AH, other SPI", NULL, PACKET(IP IP_(AH, A4, B4) "\6\4\0\0\1\2\3\5" REST), L4 },
	{ "AH cut", NULL, PACKET(IP IP_(AH, A4, B4) "\6\4\0\0\1\2\3") },
	{ "OSPF", NULL, PACKET(IP IP_(OSPF, A4, B4) REST) },
	{ "OSPF, other bytes", "OSPF", PACKET(IP IP_(OSPF, B4, A4) P1 P2 P3) },
	{ "ping", NULL, PACKET(IP IP_(ICMP, A4, B4) "\x08\0\0\0\0\1\0\1") },
	{ "pong", "ping", PACKET(IP IP_(ICMP, B4, A4) "\0\0\0\0\0\1\0\1") },
	{ "ping, other id", "ping", PACKET(IP IP_(ICMP, A4, B4) "\x08\0\0\0\0\2\0\1") },
	{ "ports cut", NULL, PACKET(IP IP_(TCP, A4, B4) "\3\xe8\7") },
	{ "no ports", "ports cut", PACKET(IP IP_(TCP, A4, B4)) },
	{ "ports of 0", "ports cut", PACKET(IP IP_(TCP, A4, B4) "\0\0\0\0" REST) },
	{ "later fragment", "ports cut", PACKET(IP IP_FRAG("\0\1", TCP, A4, B4) P1 P2 REST) },
	{ "first fragment", "ports cut", PACKET(IP IP_FRAG("\x20\0", TCP, A4, B4) P1 P2 REST) },
	{ "last fragment", "ports cut", PACKET(IP IP_FRAG("\x1f\xff", TCP, B4, A4) P3 P2 REST) },
	{ "fragment of UDP", NULL, PACKET(IP IP_FRAG("\x20\1", UDP, A4, B4) P1 P2 REST) },
	{ "fragment of a tunnel", NULL, PACKET(IP IP_FRAG("\x20\0", IN4, A4, C4) CONN) },
	{ "header of 16 bytes", NULL, PACKET(IP "\x44\0\0\x28\0\1\x40\0\x40" TCP "\0\0" A4 B4 P1 P2 REST) },

	{ "connection 6", NULL, PACKET(IP6 CONN6), L4 },
	{ "6: other direction", "connection 6", PACKET(IP6 IP6_(L0, TCP, B6, A6) P2 P1 REST), L4 },
	{ "6: ports swapped", "connection 6", PACKET(IP6 IP6_(L0, TCP, A6, B6) P2 P1 REST), L4 },
	{ "6: traffic class, hop limit", "connection 6", PACKET(IP6 "\x6a\xb0\0\0\0\x14" TCP "\1" A6 B6 P1 P2 REST), L4 },
	{ "6: other port", NULL, PACKET(IP6 IP6_(L0, TCP, A6, B6) P1 P3 REST), L4 },
	{ "6: other address", NULL, PACKET(IP6 IP6_(L0, TCP, A6, C6) P1 P2 REST), L4 },
	{ "6: UDP", NULL, PACKET(IP6 IP6_(L0, UDP, A6, B6) P1 P2 REST), L4 },
	{ "6: ping", NULL, PACKET(IP6 IP6_(L0, "\x3a", A6, B6) "\x80\0\0\0\0\1\0\1") },
	{ "6: label", NULL, PACKET(IP6 IP6_("\0\0\5", TCP, A6, B6) P1 P2 REST), L4 },
	{ "6: label, other ports", "6: label", PACKET(IP6 IP6_("\0\0\5", TCP, A6, B6) P1 P3 REST), L4 },
	{ "6: label, other direction", "6: label", PACKET(IP6 IP6_("\0\0\5", TCP, B6, A6) P2 P1 REST), L4 },
	{ "6: label and traffic class", "6: label", PACKET(IP6 IP6_("\xf0\0\5", TCP, B6, A6) P2 P1 REST), L4 },
	{ "6: other label", NULL, PACKET(IP6 IP6_("\x0f\xff\xff", TCP, A6, B6) P1 P2 REST), L4 },
	{ "6: label, UDP", NULL, PACKET(IP6 IP6_("\0\0\5", UDP, A6, B6) P1 P2 REST), L4 },
	{ "6: label, options", NULL, PACKET(IP6 IP6_("\0\0\5", HOP, A6, B6) OPT(TCP) P1 P2 REST), L4 },
	{ "6: hop-by-hop options", "connection 6", PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT(TCP) P1 P2 REST), L4 },
	{ "6: routing header", "connection 6", PACKET(IP6 IP6_(L0, ROUTING, A6, B6) OPT(TCP) P1 P2 REST), L4 },
	{ "6: destination options", "connection 6", PACKET(IP6 IP6_(L0, DSTOPTS, A6, B6) TCP "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0" P1 P2 REST), L4 },
	{ "6: two headers of options", "connection 6", PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT(DSTOPTS) OPT(TCP) P1 P2 REST), L4 },
	{ "6: options, other port", "6: other port", PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT(TCP) P1 P3 REST), L4 },
	{ "6: options of one byte", NULL, PACKET(IP6 IP6_(L0, HOP, A6, B6) "\6") },
	{ "6: options, then nothing", NULL, PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT(TCP)) },
	{ "6: options of 2 bytes", "6: options, then nothing", PACKET(IP6 IP6_(L0, HOP, A6, B6) "\6\0") },
	{ "6: 15 headers of options", "connection 6", PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT5 OPT5 OPT(HOP) OPT(HOP) OPT(HOP) OPT(HOP) OPT(TCP) P1 P2 REST), L4 },
	{ "6: 16 headers of options", "connection 6", PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT5 OPT5 OPT(HOP) OPT(HOP) OPT(HOP) OPT(HOP) OPT(HOP) OPT(TCP) P1 P2 REST), L4 },
	{ "6: 17 headers of options", "6: options of one byte", PACKET(IP6 IP6_(L0, HOP, A6, B6) OPT5 OPT5 OPT5 OPT(HOP) OPT(TCP) P1 P2 REST) },
	{ "6: no next header", NULL, PACKET(IP6 IP6_(L0, NONEXT, A6, B6) P1 P2 REST) },
	{ "6: first fragment", "6: options, then nothing", PACKET(IP6 IP6_(L0, FRAGMENT, A6, B6) TCP "\0\0\1\0\0\0\1" P1 P2 REST) },
	{ "6: later fragment", "6: first fragment", PACKET(IP6 IP6_(L0, FRAGMENT, A6, B6) TCP "\0\1\0\0\0\0\1" P1 P3 REST) },
	{ "6: fragment that is all", "6: first fragment", PACKET(IP6 IP6_(L0, FRAGMENT, B6, A6) TCP "\0\0\0\0\0\0\1" P1 P2 REST) },
	{ "6: fragment of UDP", NULL, PACKET(IP6 IP6_(L0, FRAGMENT, A6, B6) UDP "\0\0\1\0\0\0\1" P1 P2 REST) },
	{ "6: fragment cut", NULL, PACKET(IP6 IP6_(L0, FRAGMENT, A6, B6) TCP "\0\0\1\0\0\0") },
	{ "6: options in IPv4", NULL, PACKET(IP IP_(HOP, A4, B4) OPT(TCP) P1 P2 REST) },
	{ "6: fragment header in IPv4", NULL, PACKET(IP IP_(FRAGMENT, A4, B4) TCP "\0\0\1\0\0\0\1" P1 P2 REST) },

	{ "IPv4 in IPv4", "connection", PACKET(IP OUT_(IN4) CONN), L4 },
	{ "IPv4 in IPv4 in IPv4", "connection", PACKET(IP OUT_(IN4) OUT_(IN4) CONN), L4 },
	{ "IPv6 in IPv4", "connection 6", PACKET(IP OUT_(IN6) CONN6), L4 },
	{ "IPv4 in IPv6", "connection", PACKET(IP6 OUT6_(IN4) CONN), L4 },
	{ "IPv6 in IPv6", "connection 6", PACKET(IP6 OUT6_(IN6) CONN6), L4 },
	{ "IPv4 in IPv6 with options", "connection", PACKET(IP6 OUT6_(HOP) OPT(IN4) CONN), L4 },
	{ "IPv4 in IPv6 with a label", NULL, PACKET(IP6 IP6_("\0\0\5", IN4, A6, C6) CONN), L4 },
	{ "tunnel cut", "fragment of a tunnel", PACKET(IP OUT_(IN4) "\x45\0\0\x28") },
	{ "tunnel cut, other bytes", "fragment of a tunnel", PACKET(IP OUT_(IN4) "\x99\0\0\x28") },
	{ "IPv6 in IPv4, cut", NULL, PACKET(IP OUT_(IN6) "\x60\0\0\0") },
	{ "fragment in IPv4", "ports cut", PACKET(IP OUT_(IN4) IP_FRAG("\x20\0", TCP, A4, B4) P1 P2 REST) },

	{ "GRE", "connection", PACKET(IP OUT_(GRE) "\0\0" IP CONN), L4 },
	{ "GRE of IPv6", "connection 6", PACKET(IP OUT_(GRE) "\0\0" IP6 CONN6), L4 },
	{ "GRE, checksum", "connection", PACKET(IP OUT_(GRE) "\x80\0" IP "\1\2\3\4" CONN), L4 },
	{ "GRE, sequence", "connection", PACKET(IP OUT_(GRE) "\x10\0" IP "\1\2\3\4" CONN), L4 },
	{ "GRE, key", NULL, PACKET(IP OUT_(GRE) "\x20\0" IP "\1\2\3\4" CONN), L4 },
	{ "GRE, other key", NULL, PACKET(IP OUT_(GRE) "\x20\0" IP "\1\2\3\5" CONN), L4 },
	{ "GRE, key of 0", "connection", PACKET(IP OUT_(GRE) "\x20\0" IP "\0\0\0\0" CONN), L4 },
	{ "GRE, all of them", "GRE, key", PACKET(IP OUT_(GRE) "\xb0\0" IP "\7\7\7\7" "\1\2\3\4" "\x08\x08\x08\x08" CONN), L4 },
	{ "GRE, ACK of version 0", "connection", PACKET(IP OUT_(GRE) "\0\x80" IP CONN), L4 },
	{ "GRE, strict source route", "connection", PACKET(IP OUT_(GRE) "\x08\0" IP CONN), L4 },
	{ "GRE, key cut", NULL, PACKET(IP OUT_(GRE) "\x20\0" IP "\1\2\3") },
	{ "GRE, routing", "GRE, key cut", PACKET(IP OUT_(GRE) "\x40\0" IP CONN) },
	{ "GRE, version 2", "GRE, key cut", PACKET(IP OUT_(GRE) "\0\2" IP6 CONN6) },
	{ "GRE cut", "GRE, key cut", PACKET(IP OUT_(GRE) "\0\0\x08") },
	{ "GRE in IPv6", "connection", PACKET(IP6 OUT6_(GRE) "\0\0" IP CONN), L4 },
	{ "GRE of an odd protocol", NULL, PACKET(IP OUT_(GRE) "\0\0" ODD CONN) },
	{ "GRE of MPLS", NULL, PACKET(IP OUT_(GRE) "\0\0" MPLS "\0\1\1\x40" CONN) },
	{ "GRE of Ethernet", "connection", PACKET(IP OUT_(GRE) "\0\0" TEB MACS IP CONN), L4 },
	{ "GRE of Ethernet, other MACs", "connection", PACKET(IP OUT_(GRE) "\0\0" TEB "xxxxxxyyyyyy" IP CONN), L4 },
	{ "GRE of Ethernet, key", "GRE, key", PACKET(IP OUT_(GRE) "\x20\0" TEB "\1\2\3\4" MACS IP CONN), L4 },
	{ "GRE of Ethernet cut", NULL, PACKET(IP OUT_(GRE) "\0\0" TEB MACS "\x08") },
	{ "GRE of Ethernet, odd protocol", "GRE of an odd protocol", PACKET(IP OUT_(GRE) "\0\0" TEB MACS ODD CONN) },
	{ "PPTP", NULL, PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x30\1\2" "\xff\3\0\x21" CONN), L4 },
	{ "PPTP, other length", "PPTP", PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x99\1\2" "\xff\3\0\x21" CONN), L4 },
	{ "PPTP, other call", NULL, PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x30\1\3" "\xff\3\0\x21" CONN), L4 },
	{ "PPTP, sequence and acknowledgment", "PPTP", PACKET(IP OUT_(GRE) "\x30\x81\x88\x0b\0\x30\1\2" "\0\0\0\1" "\0\0\0\2" "\xff\3\0\x21" CONN), L4 },
	{ "PPTP of IPv6", NULL, PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x30\1\2" "\xff\3\0\x57" CONN6), L4 },
	{ "PPTP of MPLS", NULL, PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x30\1\2" "\xff\3\2\x81" "\0\1\1\x40" CONN) },
	{ "PPTP, LCP", "PPTP of MPLS", PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x30\1\2" "\xff\3\xc0\x21" CONN) },
	{ "PPTP, PPP cut", "PPTP of MPLS", PACKET(IP OUT_(GRE) "\x20\1\x88\x0b\0\x30\1\2" "\xff\3\0") },
	{ "PPTP without a key", NULL, PACKET(IP OUT_(GRE) "\0\1\x88\x0b\xff\3\0\x21" CONN) },
	{ "version 1 of IPv4", "GRE, key cut", PACKET(IP OUT_(GRE) "\x20\1" IP "\0\x30\1\2" "\xff\3\0\x21" CONN) },

	{ "MPLS", NULL, PACKET(MPLS "\0\1\1\x40" CONN) },
	{ "MPLS, other label", "MPLS", PACKET(MPLS "\0\2\1\x40" CONN6) },
	{ "MPLS of nothing", "MPLS", PACKET(MPLS) },
	{ "MPLS multicast", NULL, PACKET("\x88\x48" "\0\1\1\x40" CONN) },
	{ "MPLS in IPv4", NULL, PACKET(IP OUT_(MPLSIP) "\0\1\1\x40" CONN) },

	{ "tag", NULL, PACKET(TAG "\0\x64" IP CONN), L4 },
	{ "tag, drop eligible", "tag", PACKET(TAG "\x10\x64" IP CONN), L4 },
	{ "tag, other direction", "tag", PACKET(TAG "\0\x64" IP IP_(TCP, B4, A4) P2 P1 REST), L4 },
	{ "tag, other VID", NULL, PACKET(TAG "\0\x65" IP CONN), L4 },
	{ "tag, highest VID", NULL, PACKET(TAG "\x0f\xff" IP CONN), L4 },
	{ "tag, priority", NULL, PACKET(TAG "\x20\x64" IP CONN), L4 },
	{ "tag of VID 0", NULL, PACKET(TAG "\0\0" IP CONN), L4 },
	{ "802.1ad tag", NULL, PACKET(STAG "\0\x64" IP CONN), L4 },
	{ "tag, IPv6", NULL, PACKET(TAG "\0\x64" IP6 CONN6), L4 },
	{ "tag, odd protocol", NULL, PACKET(TAG "\0\x64" ODD CONN) },
	{ "tag, IPv4 cut", NULL, PACKET(TAG "\0\x64" IP "\x45") },
	{ "tag cut", NULL, PACKET(TAG "\0\x64\x08") },
	{ "tag of nothing", "tag cut", PACKET(TAG) },
	{ "two tags", NULL, PACKET(TAG "\0\x64" TAG "\0\5" IP CONN), L4 },
	{ "two tags, other inner VID", "two tags", PACKET(TAG "\0\x64" TAG "\0\6" IP CONN), L4 },
	{ "two tags, other outer VID", NULL, PACKET(TAG "\0\x65" TAG "\0\5" IP CONN), L4 },
	{ "802.1ad tag, tag", NULL, PACKET(STAG "\0\x64" TAG "\0\5" IP CONN), L4 },
	{ "two tags, the second cut", NULL, PACKET(TAG "\0\x64" TAG "\0\5\x08") },
	{ "three tags", "two tags", PACKET(TAG "\0\x64" TAG "\0\5" TAG "\0\7" IP CONN), L4 },
	{ "15 tags", NULL, PACKET(TAG5 TAG5 TAG5 IP CONN), L4 },
	{ "15 tags, other port", NULL, PACKET(TAG5 TAG5 TAG5 IP IP_(TCP, A4, B4) P1 P3 REST), L4 },
	{ "16 tags", NULL, PACKET(TAG5 TAG5 TAG5 TAG "\0\6" IP CONN) },
	{ "16 tags, other port", "16 tags", PACKET(TAG5 TAG5 TAG5 TAG "\0\6" IP IP_(TCP, A4, B4) P1 P3 REST) },
	{ "GRE of a tag", "tag", PACKET(IP OUT_(GRE) "\0\0" TEB MACS TAG "\0\x64" IP CONN), L4 },
	{ "tag pushed", "tag", PACKET(IP CONN), L4, .push = true },
	{ "tag pushed on a tag", "two tags", PACKET(TAG "\0\5" IP CONN), L4, .push = true },
	{ "tag pushed on IPv6", "tag, IPv6", PACKET(IP6 CONN6), L4, .push = true },
	{ "tag pushed on an odd protocol", "tag, odd protocol", PACKET(ODD CONN), .push = true },

	{ "PPPoE", "connection", PACKET(PPPOE "\x11\0\0\1\0\x2a\0\x21" CONN), L4 },
	{ "PPPoE, other session", "connection", PACKET(PPPOE "\x11\0\0\2\0\x2a\0\x21" CONN), L4 },
	{ "PPPoE of IPv6", "connection 6", PACKET(PPPOE "\x11\0\0\1\0\x2a\0\x57" CONN6), L4 },
	{ "PPPoE of MPLS", "MPLS", PACKET(PPPOE "\x11\0\0\1\0\x2a\2\x81" CONN) },
	{ "PPPoE of MPLS multicast", "MPLS multicast", PACKET(PPPOE "\x11\0\0\1\0\x2a\2\x83" CONN) },
	{ "PPPoE, LCP", NULL, PACKET(PPPOE "\x11\0\0\1\0\x2a\xc0\x21" CONN) },
	{ "PPPoE, compressed protocol", "PPPoE, LCP", PACKET(PPPOE "\x11\0\0\1\0\x2a\x21" CONN) },
	{ "PPPoE, version 2", "PPPoE, LCP", PACKET(PPPOE "\x21\0\0\1\0\x2a\0\x21" CONN) },
	{ "PPPoE, type 2", "PPPoE, LCP", PACKET(PPPOE "\x12\0\0\1\0\x2a\0\x21" CONN) },
	{ "PPPoE, code 1", "PPPoE, LCP", PACKET(PPPOE "\x11\1\0\1\0\x2a\0\x21" CONN) },
	{ "PPPoE cut", "PPPoE, LCP", PACKET(PPPOE "\x11\0\0\1\0\x2a\0") },
	{ "tag, PPPoE", NULL, PACKET(TAG "\0\x64" PPPOE "\x11\0\0\1\0\x2a\0\x21" CONN), L4 },

	{ "TIPC", NULL, PACKET(TIPC "\1\2\3\4\0\0\0\0\0\0\0\0\7\7\7\7") },
	{ "TIPC, other words", "TIPC", PACKET(TIPC "\5\2\3\4\0\0\1\0\0\3\0\0\7\7\7\7\1\2\3") },
	{ "TIPC, other node", NULL, PACKET(TIPC "\1\2\3\4\0\0\0\0\0\0\0\0\7\7\7\6") },
	{ "TIPC cut", NULL, PACKET(TIPC "\1\2\3\4\0\0\0\0\0\0\0\0\7\7\7") },
	{ "TIPC, almost a probe", "TIPC", PACKET(TIPC "\x0c\x08\0\0\0\0\0\0\0\0\0\0\7\7\7\7") },
	{ "TIPC, probe", NULL, PACKET(TIPC "\x0f\xf8\0\0\0\0\0\0\0\0\0\0\7\7\7\7"), .odd = true },
	{ "TIPC, probe of another node", "TIPC, probe", PACKET(TIPC "\x0e\x08\0\0\0\0\0\0\0\0\0\0\7\7\7\6"), .odd = true },

	{ "batman", "connection", PACKET(BATMAN "\x40\x0f\x32\1" "\2\0\0\0\0\2" MACS IP CONN), L4 },
	{ "batman, version 14", NULL, PACKET(BATMAN "\x40\x0e\x32\1" "\2\0\0\0\0\2" MACS IP CONN) },
	{ "batman, broadcast", "batman, version 14", PACKET(BATMAN "\1\x0f\x32\1" "\2\0\0\0\0\2" MACS IP CONN) },
	{ "batman cut", "batman, version 14", PACKET(BATMAN "\x40\x0f\x32\1" "\2\0\0\0\0\2" MACS "\x08") },
	{ "HSR", "connection", PACKET(HSR "\0\x40\0\1" IP CONN), L4 },
	{ "PRP", "connection 6", PACKET(PRP "\0\x40\0\1" IP6 CONN6), L4 },
	{ "HSR cut", NULL, PACKET(HSR "\0\x40\0\1\x08") },

	{ "ARP", NULL, PACKET("\x08\x06" "\0\1\x08\0\6\4\0\1" "\2\0\0\0\0\1" A4 "\0\0\0\0\0\0" B4) },
	{ "ARP, reply", "ARP", PACKET("\x08\x06" "\0\1\x08\0\6\4\0\2" "\2\0\0\0\0\2" B4 "\2\0\0\0\0\1" A4) },
	{ "RARP", NULL, PACKET("\x80\x35" "\0\1\x08\0\6\4\0\3" "\2\0\0\0\0\1" A4 "\0\0\0\0\0\0" B4) },
	{ "FCoE", NULL, PACKET("\x89\x06" CONN CONN) },
	{ "FCoE of nothing", "FCoE", PACKET("\x89\x06") },
	{ "PTP", NULL, PACKET("\x88\xf7" CONN) },
	{ "odd protocol", NULL, PACKET(ODD CONN) },
	{ "odd protocol, other bytes", "odd protocol", PACKET(ODD) },
	{ "another odd protocol", NULL, PACKET("\x88\xb6" CONN) },
	{ "802.2", NULL, PACKET("\0\x26" "\x42\x42\3") },
	{ "802.2, other length", "802.2", PACKET("\0\x27" "\x42\x42\3") },
	{ "raw 802.3", NULL, PACKET("\0\x26" "\xff\xff\3") },
};
/* clang-format on */

/* R0 := bpf_get_hash_recalc(ctx), behind bpf_skb_vlan_push(ctx, htons(ETH_P_8021Q), 100). */
static int
load(const struct backend *b, bool push)
{
	const struct bpf_insn insns[] = {
		XB_MOV64_REG(6, 1),
		XB_MOV64_IMM(2, 0x0081),
		XB_MOV64_IMM(3, 100),
		XB_CALL(BPF_FUNC_skb_vlan_push),
		XB_MOV64_REG(1, 6),
		XB_CALL(BPF_FUNC_get_hash_recalc),
		XB_EXIT(),
	};
	const struct bpf_insn plain[] = { XB_CALL(BPF_FUNC_get_hash_recalc), XB_EXIT() };
	const struct backend_prog prog = {
		.insns = push ? insns : plain,
		.insn_cnt = push ? XB_ARRAY_SIZE(insns) : XB_ARRAY_SIZE(plain),
		.type = BPF_PROG_TYPE_SCHED_CLS,
	};

	return backend_prog(b, &prog);
}

static u32
hash_of(const struct backend *b, int prog, const struct row *row)
{
	u8 data[MAX_BYTES] = MACS;
	union bpf_attr attr;
	long ret;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (u32)prog;
	assert_true(row->bytes <= MAX_BYTES - 12);
	memcpy(data + 12, row->data, row->bytes);
	attr.test.data_in = (uintptr_t)data;
	attr.test.data_size_in = 12 + row->bytes;
	ret = backend_bpf(b, BPF_PROG_TEST_RUN, &attr);
	if (ret)
		fail_msg("%s: %s: test run: %ld", row->name, b->name, ret);
	return attr.test.retval;
}

/* The first row of the flow that a row is of. */
static u32
flow_of(u32 i)
{
	u32 j;

	if (!rows[i].like)
		return i;
	for (j = 0; j < i && strcmp(rows[j].name, rows[i].like) != 0; j++)
		;
	if (j == i)
		fail_msg("%s: no row '%s' before it", rows[i].name, rows[i].like);
	return flow_of(j);
}

/* Whether a pair of rows has the same hash or another as it should. */
static u32
check_pair(const struct backend *b, const u32 *hashes, u32 i, u32 j)
{
	bool same = flow_of(i) == flow_of(j);

	if ((hashes[i] == hashes[j]) == same)
		return 0;
	print_error("%s: '%s' and '%s' have %s hash\n", b->name, rows[i].name, rows[j].name,
	            same ? "another" : "the same");
	return 1;
}

static void
check_backend(const struct backend *b)
{
	int progs[2] = { load(b, false), load(b, true) };
	u32 hashes[XB_ARRAY_SIZE(rows)], wrong = 0, i, j;

	for (i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		if (rows[i].odd && !b->emu)
			continue;
		hashes[i] = hash_of(b, progs[rows[i].push], &rows[i]);
		if (!hashes[i])
			fail_msg("%s: %s: hash of 0", rows[i].name, b->name);
		for (j = 0; j < i; j++)
			wrong += rows[j].odd && !b->emu ? 0 : check_pair(b, hashes, i, j);
	}
	close(progs[0]);
	close(progs[1]);
	if (wrong)
		fail_msg("%u pairs are wrong", wrong);
}

static void
test_kernel(void **state)
{
	struct backend b;

	(void)state;
	if (!backend_open_kernel(&b))
		skip();
	check_backend(&b);
	backend_close(&b);
}

static void
test_emulator(void **state)
{
	struct backend b;

	(void)state;
	backend_open_emu(&b, xb_skb_register);
	check_backend(&b);
	backend_close(&b);
}

static void
dissect(const struct row *row, u32 bytes, struct xb_flow_keys *keys)
{
	const struct xb_flow_packet packet = {
		.l3 = (const u8 *)row->data + 2,
		.bytes = bytes,
		.protocol = (u16)((u8)row->data[0] | (u8)row->data[1] << 8),
		.vlan_present = row->push,
		.vlan_tci = 100,
		.vlan_proto = 0x0081,
	};

	xb_flow_dissect(&packet, keys);
}

static void
test_ports(void **state)
{
	struct xb_flow_keys keys;

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		dissect(&rows[i], rows[i].bytes - 2, &keys);
		if (xb_flow_has_l4(&keys) != rows[i].ports)
			fail_msg("%s: %s ports", rows[i].name, rows[i].ports ? "no" : "has");
	}
}

/* Cut anywhere, nothing behind the end is looked at: memory that ends there tells. */
static void
test_cuts(void **state)
{
	struct xb_flow_keys keys, cut;

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++)
		for (u32 bytes = 0; bytes < rows[i].bytes - 2; bytes++) {
			struct row row = rows[i];
			u8 *data = malloc(2 + bytes);

			assert_non_null(data);
			memcpy(data, rows[i].data, 2 + bytes);
			row.data = (const char *)data;
			dissect(&row, bytes, &cut);
			dissect(&rows[i], bytes, &keys);
			free(data);
			if (memcmp(&cut, &keys, sizeof(keys)) != 0)
				fail_msg("%s: cut at %u", rows[i].name, bytes);
		}
}

static void
test_seed(void **state)
{
	struct xb_flow_keys keys;
	u32 a, b;

	(void)state;
	dissect(&rows[0], rows[0].bytes - 2, &keys);
	a = xb_flow_hash(&keys, 1);
	b = xb_flow_hash(&keys, 2);
	assert_int_equal(xb_flow_hash(&keys, 1), a);
	assert_int_not_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernel), cmocka_unit_test(test_emulator),
		cmocka_unit_test(test_ports),  cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_seed),
	};

	return cmocka_run_group_tests_name("skb flows", tests, NULL, NULL);
}
