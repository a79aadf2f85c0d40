/* SPDX-License-Identifier: BSD-2-Clause */
/* test_lint.c - what the lint says of packets that a program changed: rows, and every byte. */
#include "bench/lint.h"
#include "tests/bench/lint_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Bytes in storage of exactly their size, so that a read beyond them shows under ASan. */
static struct xb_lint_in
in_new(const struct pkt *p, u32 snap)
{
	u32 caplen = snap && snap < p->len ? snap : p->len;
	u8 *data = malloc(caplen ? caplen : 1);

	assert_non_null(data);
	memcpy(data, p->bytes, caplen);
	return (struct xb_lint_in){ .data = data, .caplen = caplen, .len = p->len };
}

static void
in_free(struct xb_lint_in *in)
{
	free((void *)(uintptr_t)in->data);
}

static void
test_stacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < pkt_stack_cnt; i++) {
		struct xb_lint_in before, after;
		struct pkt p;
		u32 got;

		pkt_build(&p, pkt_stacks[i].words);
		before = in_new(&p, 0);
		got = xb_lint_packet(&before);
		if (got)
			fail_msg("%s: %x is wrong", pkt_stacks[i].words, got);
		p.bytes[p.len - 1] ^= 0x10;
		after = in_new(&p, 0);
		got = xb_lint(&before, &after);
		if (got != pkt_stacks[i].payload)
			fail_msg("%s: %x for its payload", pkt_stacks[i].words, got);
		if (xb_lint(&after, &after))
			fail_msg("%s: was wrong, is wrong, is told", pkt_stacks[i].words);
		in_free(&before);
		in_free(&after);
	}
}

/* Any byte may be anything, and any length too: read where bytes are, and tell of no packet twice.
 */
static void
test_any_byte(void **state)
{
	static const u8 flips[] = { 0x01, 0x80, 0x55, 0xff };

	(void)state;
	for (size_t i = 0; i < pkt_stack_cnt; i++) {
		struct pkt p;

		pkt_build(&p, pkt_stacks[i].words);
		for (u32 at = 0; at < p.len; at++) {
			for (size_t f = 0; f < sizeof(flips); f++) {
				struct xb_lint_in in;

				p.bytes[at] ^= flips[f];
				in = in_new(&p, f & 1 ? at + 1 : 0);
				in.partial = f & 2;
				in.csum_start = at;
				in.csum_offset = flips[f] * 3;
				if (xb_lint(&in, &in))
					fail_msg("%s: byte %u: told", pkt_stacks[i].words, at);
				in_free(&in);
				p.bytes[at] ^= flips[f];
			}
		}
	}
}

struct poke {
	u8 layer, off, flip;
};

/* All but `name`, `before` and `want` is optional; `after` is `before` built anew. */
static const struct row {
	const char *name;
	const char *before;
	u32 want;
	const char *after;
	struct poke broken; /* of the packet before, and of the one after */
	struct poke poke[2];
	s32 tail;            /* bytes that come to the end of the packet after, or go */
	u32 snap, snap_more; /* bytes captured of each; so many more of the one after */
	s32 tail_before;     /* as tail, of the packet before */
	u32 partial, become; /* the layer with a partial checksum, before and after */
} rows[] = {
	/* the checksums, by the field that changed */
	{ "TTL", "eth ip4 tcp", IP_CSUM, .poke = { { 1, 8, 1 } } },
	{ "an option", "eth ip4opt tcp", IP_CSUM, .poke = { { 1, 27, 1 } } },
	{ "IPv4 address", "eth ip4 tcp", IP_CSUM | TCP_CSUM, .poke = { { 1, 15, 1 } } },
	{ "address and header checksum", "eth ip4 tcp", TCP_CSUM,
	  .poke = { { 1, 14, 2 }, { 1, 10, 2 } } },
	{ "IPv4 address, UDP without checksum", "eth ip4 udp0", IP_CSUM, .poke = { { 1, 15, 1 } } },
	{ "IPv4 address, ICMP", "eth ip4 icmp", IP_CSUM, .poke = { { 1, 15, 1 } } },
	{ "IPv4 address, fragment", "eth ip4frag tcp", IP_CSUM, .poke = { { 1, 15, 1 } } },
	{ "IPv6 address", "eth ip6 tcp", TCP_CSUM, .poke = { { 1, 39, 1 } } },
	{ "IPv6 address, ICMPv6", "eth ip6 icmp6", ICMP_CSUM, .poke = { { 1, 8, 1 } } },
	{ "hop limit", "eth ip6 tcp", 0, .poke = { { 1, 7, 1 } } },
	{ "traffic class", "eth ip6 tcp", 0, .poke = { { 1, 1, 0x10 } } },
	{ "MAC address", "eth ip4 tcp", 0, .poke = { { 0, 0, 4 } } },
	{ "TCP port", "eth ip4 tcp", TCP_CSUM, .poke = { { 2, 1, 1 } } },
	{ "UDP port", "eth ip4 udp", UDP_CSUM, .poke = { { 2, 1, 1 } } },
	{ "UDP port, no checksum", "eth ip4 udp0", 0, .poke = { { 2, 1, 1 } } },
	{ "ICMP identifier", "eth ip4 icmp", ICMP_CSUM, .poke = { { 2, 5, 1 } } },
	{ "next segment of a route", "eth ip6 srh tcp", 0, .poke = { { 1, 39, 1 }, { 2, 39, 9 } } },
	{ "last segment of a route", "eth ip6 srh tcp", TCP_CSUM, .poke = { { 2, 23, 1 } } },
	{ "no segment left, not arrived", "eth ip6 srh tcp", TCP_CSUM, .poke = { { 2, 3, 1 } } },
	{ "UDP checksum dropped, IPv4", "eth ip4 udp", 0, .after = "eth ip4 udp0" },
	{ "UDP checksum dropped, IPv6", "eth ip6 udp", UDP_CSUM, .after = "eth ip6 udp0" },
	{ "UDP checksum dropped, VXLAN", "eth ip6 vxlan eth ip4 tcp", 0,
	  .after = "eth ip6 vxlan0 eth ip4 tcp" },
	{ "no UDP checksum in IPv6 before", "eth ip6 udp0", 0, .poke = { { 1, 7, 1 } } },
	/* wrong before */
	{ "header checksum was wrong", "eth ip4 tcp", 0, .broken = { 1, 10, 1 },
	  .poke = { { 1, 8, 1 } } },
	{ "TCP checksum was wrong", "eth ip4 tcp", 0, .broken = { 2, 16, 1 },
	  .poke = { { 2, 1, 1 } } },
	{ "TCP checksum was wrong, TTL", "eth ip4 tcp", IP_CSUM, .broken = { 2, 16, 1 },
	  .poke = { { 1, 8, 1 } } },
	{ "wrong, encapsulated", "eth ip4 tcp", 0, .after = "eth ip4 ip4 tcp",
	  .broken = { 2, 16, 1 }, .poke = { { 3, 1, 1 } } },
	{ "wrong, encapsulated, outer header too", "eth ip4 tcp", IP_CSUM,
	  .after = "eth ip4 ip4 tcp", .broken = { 2, 16, 1 },
	  .poke = { { 3, 1, 1 }, { 1, 8, 1 } } },
	{ "length was wrong", "eth ip4 tcp", 0, .broken = { 1, 2, 1 }, .poke = { { 2, 1, 1 } } },
	{ "was a fragment", "eth ip4frag tcp", 0, .after = "eth ip4 tcp", .poke = { { 2, 1, 1 } } },
	{ "was no IP", "eth arp", 0, .after = "eth ip4 tcp", .poke = { { 2, 1, 1 }, { 1, 8, 1 } } },
	/* no header that can be walked */
	{ "IPv4 header of 16 bytes", "eth ip4 tcp", 0, .poke = { { 1, 0, 1 } } },
	{ "GRE of version 1", "eth ip4 gre ip4 tcp", 0, .poke = { { 2, 1, 1 }, { 4, 1, 1 } } },
	{ "VXLAN without its flag", "eth ip4 vxlan0 eth ip4 tcp", 0,
	  .poke = { { 2, 8, 8 }, { 5, 1, 1 } } },
	/* lengths */
	{ "padding", "eth ip4 tcp", 0, .tail = 6, .poke = { { 0, 0, 4 } } },
	{ "trailer", "eth ip6 udp", 0, .tail = 100 },
	{ "cut short", "eth ip4 tcp", IP_LEN, .tail = -1 },
	{ "cut short, IPv6", "eth ip6 udp", IP_LEN, .tail = -1 },
	{ "cut to Ethernet", "eth ip4 tcp", IP_LEN, .tail = -80 },
	{ "cut to half an IPv6 header", "eth ip6 tcp", IP_LEN, .tail = -80 },
	{ "cut to half an extension header", "eth ip6 hbh tcp", IP_LEN, .tail = -84 },
	{ "total length", "eth ip4 tcp", IP_LEN | IP_CSUM, .poke = { { 1, 2, 1 } } },
	{ "total length below the header's", "eth ip4 tcp", IP_LEN | IP_CSUM,
	  .poke = { { 1, 3, 80 ^ 19 } } },
	{ "no room for TCP", "eth ip4 tcp", IP_LEN | IP_CSUM, .poke = { { 1, 3, 80 ^ 39 } } },
	{ "no room for UDP", "eth ip4 udp", IP_LEN | IP_CSUM, .poke = { { 1, 3, 68 ^ 27 } } },
	{ "payload length", "eth ip6 tcp", IP_LEN, .poke = { { 1, 4, 1 } } },
	{ "payload length, shorter", "eth ip6 tcp", TCP_CSUM, .poke = { { 1, 5, 60 ^ 50 } } },
	{ "UDP longer than IP", "eth ip4 udp", UDP_LEN, .poke = { { 2, 5, 0x40 } } },
	{ "UDP shorter than IP", "eth ip4 udp0", UDP_LEN, .poke = { { 2, 5, 48 ^ 40 } } },
	{ "UDP shorter than its header", "eth ip6 udp", UDP_LEN, .poke = { { 2, 5, 48 ^ 7 } } },
	{ "UDP length, a fragment", "eth ip4frag udp", 0, .poke = { { 2, 5, 0x40 } } },
	{ "cut short, UDP length was wrong", "eth ip4 udp", 0, .broken = { 2, 5, 0x40 },
	  .tail = -1 },
	{ "inner packet longer than outer", "eth ip4 ip4 tcp", IP_LEN | IP_CSUM,
	  .poke = { { 1, 3, 100 ^ 68 } } },
	/* another packet than before */
	{ "encapsulated", "eth ip4 tcp", 0, .after = "eth ip6 ip4 tcp" },
	{ "encapsulated, outer checksum", "eth ip4 tcp", IP_CSUM, .after = "eth ip4 ip4 tcp",
	  .poke = { { 1, 8, 1 } } },
	{ "IPv6 encapsulated, outer checksum", "eth ip6 tcp", IP_CSUM, .after = "eth ip4 ip6 tcp",
	  .poke = { { 1, 8, 1 } } },
	{ "encapsulated, inner checksum", "eth ip4 tcp", TCP_CSUM, .after = "eth ip4 gre ip4 tcp",
	  .poke = { { 4, 1, 1 } } },
	{ "TCP in VXLAN, outer checksum", "eth ip4 tcp", UDP_CSUM,
	  .after = "eth ip4 vxlan eth ip4 tcp", .poke = { { 2, 1, 1 } } },
	{ "TCP in VXLAN, outer UDP length", "eth ip4 tcp", UDP_LEN,
	  .after = "eth ip4 vxlan0 eth ip4 tcp", .poke = { { 2, 4, 1 } } },
	{ "fragment in VXLAN, outer UDP length", "eth ip4frag tcp", UDP_LEN,
	  .after = "eth ip4 vxlan0 eth ip4frag tcp", .poke = { { 2, 4, 1 } } },
	{ "decapsulated, wrong", "eth ip4 ip4 tcp", TCP_CSUM, .after = "eth ip4 tcp",
	  .poke = { { 2, 1, 1 } } },
	{ "route inserted", "eth ip6 tcp", 0, .after = "eth ip6 srh tcp" },
	{ "TCP to ICMP", "eth ip4 tcp", ICMP_CSUM, .after = "eth ip4 icmp",
	  .poke = { { 2, 5, 1 } } },
	{ "TCP was wrong, to ICMP", "eth ip4 tcp", 0, .after = "eth ip4 icmp",
	  .broken = { 2, 16, 1 }, .poke = { { 2, 5, 1 } } },
	{ "IPv6 to IPv4", "eth ip6 tcp", IP_CSUM | TCP_CSUM, .after = "eth ip4 tcp",
	  .poke = { { 1, 8, 1 }, { 2, 1, 1 } } },
	{ "IPv4 to IPv6, no UDP checksum", "eth ip4 udp0", UDP_CSUM, .after = "eth ip6 udp0" },
	{ "VLAN pushed", "eth ip4 tcp", TCP_CSUM, .after = "eth vlan ip4 tcp",
	  .poke = { { 3, 1, 1 } } },
	/* cut short by the capture */
	{ "captured in part", "eth ip4 tcp", 0, .snap = 60, .poke = { { 2, 1, 1 } } },
	{ "captured in part, TTL", "eth ip4 tcp", IP_CSUM, .snap = 60, .poke = { { 1, 8, 1 } } },
	{ "captured in part, UDP length", "eth ip4 udp", UDP_LEN, .snap = 42,
	  .poke = { { 2, 5, 1 } } },
	{ "captured in part, grown", "eth ip4 tcp", 0, .snap = 60, .tail = 20 },
	{ "captured in part, inside", "eth ip4 ip4 tcp", IP_CSUM, .snap = 60,
	  .poke = { { 2, 8, 1 } } },
	{ "captured in part, encapsulated", "eth ip4 tcp", 0, .after = "eth ip6 ip4 tcp",
	  .snap = 60, .snap_more = 40, .poke = { { 1, 5, 80 ^ 46 } } },
	{ "captured in part, encapsulated, shorter", "eth ip4 tcp", IP_LEN,
	  .after = "eth ip6 ip4 tcp", .snap = 60, .snap_more = 40, .poke = { { 1, 5, 80 ^ 45 } } },
	{ "header not whole before", "eth ip4 tcp", 0, .tail_before = -75,
	  .poke = { { 1, 8, 1 } } },
	{ "options not whole before", "eth ip4opt tcp", 0, .tail_before = -64,
	  .poke = { { 1, 8, 1 } } },
	{ "header whole before", "eth ip4 tcp", IP_CSUM, .tail_before = -60,
	  .poke = { { 1, 8, 1 } } },
	/* partial checksums */
	{ "partial", "eth ip4 tcp", 0, .partial = 2, .become = 2, .poke = { { 3, 0, 1 } } },
	{ "partial, port", "eth ip4 tcp", 0, .partial = 2, .become = 2, .poke = { { 2, 1, 1 } } },
	{ "partial, captured in part", "eth ip4 tcp", TCP_CSUM, .partial = 2, .become = 2,
	  .snap = 60, .poke = { { 2, 16, 1 } } },
	{ "partial, address", "eth ip6 udp", UDP_CSUM, .partial = 2, .become = 2,
	  .poke = { { 1, 39, 1 } } },
	{ "partial, finished", "eth ip6 udp", 0, .partial = 2 },
	{ "partial, said to be whole", "eth ip4 tcp", TCP_CSUM, .partial = 2, .become = 2 + 256 },
	{ "whole, said to be partial", "eth ip4 udp", UDP_CSUM, .become = 2 + 512 },
	{ "none, said to be partial", "eth ip4 udp0", UDP_CSUM, .become = 2 + 512 },
	{ "partial, at another place", "eth ip4 tcp", TCP_CSUM, .partial = 2, .become = 2 + 1024 },
	{ "partial, encapsulated", "eth ip4 tcp", 0, .after = "eth ip4 vxlan eth ip6 tcp",
	  .partial = 2, .become = 5 },
	{ "partial, encapsulated, outer checksum", "eth ip4 tcp", UDP_CSUM,
	  .after = "eth ip4 vxlan eth ip6 tcp", .poke = { { 2, 1, 1 } }, .partial = 2,
	  .become = 5 },
	{ "partial, encapsulated, inner checksum", "eth ip4 tcp", UDP_CSUM | TCP_CSUM,
	  .after = "eth ip4 vxlan eth ip6 tcp", .poke = { { 5, 16, 1 } }, .partial = 2,
	  .become = 5 },
};

/*
 * In `how`: a layer; 256: nobody is told of the partial checksum; 512: told, but it is not;
 * 1024: told of a wrong place.
 */
static struct xb_lint_in
make(struct pkt *p, u32 how, u32 snap)
{
	u32 layer = how & 255;
	struct xb_lint_in in = in_new(p, snap);

	in.partial = layer && !(how & 256);
	in.csum_start = p->at[layer];
	in.csum_offset = layer ? pkt_csum_offset(p, layer) + how / 1024 * 2 : 0;
	return in;
}

static void
poke(struct pkt *p, const struct poke *at)
{
	if (at->flip)
		p->bytes[p->at[at->layer] + at->off] ^= at->flip;
}

static void
build(struct pkt *p, const char *words, u32 how)
{
	pkt_build(p, words);
	if (how && !(how & 512))
		pkt_make_partial(p, how & 255);
}

static u32
lint_row(const struct row *r)
{
	struct xb_lint_in before, after;
	struct pkt p;
	u32 got;

	build(&p, r->before, r->partial);
	poke(&p, &r->broken);
	p.len += (u32)r->tail_before;
	before = make(&p, r->partial, r->snap);
	build(&p, r->after ? r->after : r->before, r->become);
	if (!r->after)
		poke(&p, &r->broken);
	for (size_t i = 0; i < XB_ARRAY_SIZE(r->poke); i++)
		poke(&p, &r->poke[i]);
	p.len += (u32)r->tail;
	after = make(&p, r->become, r->snap ? r->snap + r->snap_more : 0);
	got = xb_lint(&before, &after);
	in_free(&before);
	in_free(&after);
	return got;
}

static void
test_rows(void **state)
{
	u32 failed = 0;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		u32 got = lint_row(&rows[i]);

		if (got == rows[i].want)
			continue;
		print_message("%s: %x, expected %x\n", rows[i].name, got, rows[i].want);
		failed++;
	}
	assert_int_equal(failed, 0);
}

/* Lengths that are too big for their fields stand there as 0. */
static const struct {
	const char *words;
	u32 len_layer[2], len_off[2]; /* the fields */
	u32 small, big; /* what is wrong in a frame as built, and in one of 70,000 bytes */
} zeros[] = {
	{ "eth ip4 udp0", { 1, 2 }, { 2, 4 }, IP_LEN | IP_CSUM, IP_CSUM },
	{ "eth ip6 hbh udp0", { 1, 3 }, { 4, 4 }, UDP_LEN, UDP_CSUM },
	{ "eth ip6 udp0", { 1, 2 }, { 4, 4 }, IP_LEN, IP_LEN },
};

static void
test_zero_lengths(void **state)
{
	static u8 data[70000];

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(zeros); i++) {
		struct xb_lint_in in = { .data = data };
		struct pkt p;
		u32 got;

		pkt_build(&p, zeros[i].words);
		memcpy(data, p.bytes, p.len);
		for (u32 f = 0; f < 2; f++)
			memset(data + p.at[zeros[i].len_layer[f]] + zeros[i].len_off[f], 0, 2);
		in.len = in.caplen = p.len;
		got = xb_lint_packet(&in);
		if (got != zeros[i].small)
			fail_msg("%s: %x is wrong", zeros[i].words, got);
		in.len = in.caplen = sizeof(data);
		got = xb_lint_packet(&in);
		if (got != zeros[i].big)
			fail_msg("%s, big: %x is wrong", zeros[i].words, got);
	}
}

static void
test_names(void **state)
{
	(void)state;
	for (u32 i = 0; i < XB_LINT_KIND_CNT; i++)
		assert_true(xb_lint_names[i][0] && xb_lint_words[i][0]);
	assert_string_equal(xb_lint_words[XB_LINT_IP_CSUM], "IPv4 header checksum");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks), cmocka_unit_test(test_any_byte),
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_zero_lengths),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("bench-lint", tests, NULL, NULL);
}
