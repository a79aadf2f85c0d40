/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_rss.c - the hash against Microsoft's verification suite ("Verifying the RSS Hash
 * Calculation"), which part of a frame is hashed, and which queue comes of it.
 */
#include "bench/rss.h"
#include "vm/bytes.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct vector {
	const char *src, *dst;
	u16 sport, dport;
	u32 addrs, ports; /* the hash without ports and with them */
} vectors[] = {
	{ "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
	  0x4b61e985, 0x02d1feef },
};

#define V4_CNT 5 /* of the vectors */

/* Source and destination as hashed; how many bytes. */
static u32
put_addrs(const struct vector *v, u8 *to)
{
	u32 bytes = strchr(v->src, ':') ? 16 : 4;
	int family = bytes == 16 ? AF_INET6 : AF_INET;

	assert_int_equal(inet_pton(family, v->src, to), 1);
	assert_int_equal(inet_pton(family, v->dst, to + bytes), 1);
	return 2 * bytes;
}

static void
test_vectors(void **state)
{
	struct xb_rss rss;

	(void)state;
	xb_rss_init(&rss, 1);
	for (size_t i = 0; i < XB_ARRAY_SIZE(vectors); i++) {
		const struct vector *v = &vectors[i];
		u8 input[XB_RSS_INPUT_MAX];
		u32 bytes = put_addrs(v, input);

		xb_st_be16(input + bytes, v->sport);
		xb_st_be16(input + bytes + 2, v->dport);
		if (xb_rss_toeplitz(&rss, input, bytes) != v->addrs)
			fail_msg("%s: %08x", v->src, xb_rss_toeplitz(&rss, input, bytes));
		if (xb_rss_toeplitz(&rss, input, bytes + 4) != v->ports)
			fail_msg("%s, ports: %08x", v->src,
			         xb_rss_toeplitz(&rss, input, bytes + 4));
	}
}

enum hashed { NOTHING, ADDRS, PORTS };

/*
 * A frame of words: "vlan", "qinq", "mpls", "arp" and "rawtype" (no EtherType) stand before the
 * address family, "4" or "6"; behind it "opt" (IPv4 options), "first" and "later" (IPv4 fragments),
 * "hbh", "dst", "rt", "frag", "ah" (IPv6); then the transport. "bad" spoils the version, "ihl" the
 * header's length.
 */
static const struct frame_row {
	const char *words;
	enum hashed want;
	u32 cut; /* bytes missing at the end, of a transport of 4 bytes */
} frames[] = {
	{ "4 tcp", .want = PORTS },
	{ "4 udp", .want = PORTS },
	{ "4 sctp", .want = PORTS },
	{ "4 icmp", .want = ADDRS },
	{ "4 gre", .want = ADDRS },
	{ "4 opt tcp", .want = PORTS },
	{ "4 first udp", .want = ADDRS },
	{ "4 later udp", .want = ADDRS },
	{ "4 tcp", ADDRS, .cut = 1 },
	{ "4 tcp", ADDRS, .cut = 4 },
	{ "4 tcp", NOTHING, .cut = 5 },
	{ "4 opt tcp", ADDRS, .cut = 5 },
	{ "4 bad tcp", .want = NOTHING },
	{ "4 ihl tcp", .want = ADDRS },
	{ "6 tcp", .want = PORTS },
	{ "6 udp", .want = PORTS },
	{ "6 sctp", .want = PORTS },
	{ "6 icmp", .want = ADDRS },
	{ "6 hbh tcp", .want = PORTS },
	{ "6 hbh dst rt udp", .want = PORTS },
	{ "6 frag udp", .want = ADDRS },
	{ "6 hbh frag udp", .want = ADDRS },
	{ "6 ah tcp", .want = ADDRS },
	{ "6 tcp", ADDRS, .cut = 1 },
	{ "6 tcp", NOTHING, .cut = 5 },
	{ "6 hbh tcp", ADDRS, .cut = 5 },
	{ "6 hbh hbh hbh hbh hbh hbh hbh hbh hbh tcp", .want = ADDRS },
	{ "6 bad tcp", .want = NOTHING },
	{ "vlan 4 tcp", .want = PORTS },
	{ "qinq vlan 4 tcp", .want = PORTS },
	{ "qinq vlan 6 udp", .want = PORTS },
	{ "vlan vlan vlan vlan vlan vlan vlan vlan 4 tcp", .want = PORTS },
	{ "vlan vlan vlan vlan vlan vlan vlan vlan vlan 4 tcp", .want = NOTHING },
	{ "mpls 4 tcp", .want = NOTHING },
	{ "arp 4 tcp", .want = NOTHING },
	{ "rawtype 4 tcp", .want = NOTHING },
};

struct frame {
	u8 bytes[256];
	u32 len;
	u32 type_at; /* of the EtherType that is still open */
	u32 ip_at, proto_at;
};

static const struct {
	const char *word;
	u16 type;
} types[] = {
	{ "vlan", 0x8100 }, { "qinq", 0x88a8 }, { "mpls", 0x8847 },
	{ "arp", 0x0806 },  { "rawtype", 46 },
};

static const struct {
	const char *word;
	u8 proto, bytes;
} headers[] = {
	{ "hbh", 0, 16 }, { "dst", 60, 8 }, { "rt", 43, 24 },   { "frag", 44, 8 }, { "ah", 51, 12 },
	{ "tcp", 6, 4 },  { "udp", 17, 4 }, { "sctp", 132, 4 }, { "icmp", 1, 4 },  { "gre", 47, 4 },
};

/* Words that alter the IP header, and how. */
static const struct {
	const char *word;
	u8 off, flip, more;
} changes[] = {
	{ "opt", 0, 0x02, 8 }, { "first", 6, 0x20, 0 }, { "later", 7, 0x10, 0 },
	{ "bad", 0, 0x10, 0 }, { "ihl", 0, 0x01, 0 },
};

static bool
put_type(struct frame *f, const char *word)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++) {
		if (strcmp(word, types[i].word) != 0)
			continue;
		xb_st_be16(f->bytes + f->type_at, types[i].type);
		f->type_at = f->len + 2;
		f->len += 4;
		return true;
	}
	return false;
}

/* What the header before it names: one of IPv6's between, or the transport's ports. */
static bool
put_header(struct frame *f, const char *word, const struct vector *v)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(headers); i++) {
		if (strcmp(word, headers[i].word) != 0)
			continue;
		f->bytes[f->proto_at] = headers[i].proto;
		f->proto_at = f->len;
		if (headers[i].bytes == 4) {
			xb_st_be16(f->bytes + f->len, v->sport);
			xb_st_be16(f->bytes + f->len + 2, v->dport);
		} else {
			f->bytes[f->len + 1] = (u8)(headers[i].bytes / 8 - 1);
		}
		f->len += headers[i].bytes;
		return true;
	}
	return false;
}

static bool
put_change(struct frame *f, const char *word)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(changes); i++) {
		if (strcmp(word, changes[i].word) != 0)
			continue;
		f->bytes[f->ip_at + changes[i].off] ^= changes[i].flip;
		f->len += changes[i].more;
		return true;
	}
	return false;
}

static void
put_ip(struct frame *f, bool v6, const struct vector *v)
{
	f->ip_at = f->len;
	f->bytes[f->ip_at] = v6 ? 0x60 : 0x45;
	xb_st_be16(f->bytes + f->type_at, v6 ? 0x86dd : 0x0800);
	f->proto_at = f->ip_at + (v6 ? 6 : 9);
	f->len += v6 ? 40 : 20;
	put_addrs(v, f->bytes + f->ip_at + (v6 ? 8 : 12));
}

static void
put_word(struct frame *f, const char *word, const struct vector *v)
{
	if (!strcmp(word, "4") || !strcmp(word, "6"))
		put_ip(f, word[0] == '6', v);
	else if (!put_type(f, word) && !put_header(f, word, v) && !put_change(f, word))
		fail_msg("no word: %s", word);
}

static void
build(struct frame *f, const char *words, const struct vector *v)
{
	char text[128], *save = NULL;

	*f = (struct frame){ .len = 14, .type_at = 12 };
	snprintf(text, sizeof(text), "%s", words);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		put_word(f, word, v);
}

static void
test_frames(void **state)
{
	struct xb_rss rss;

	(void)state;
	xb_rss_init(&rss, 1);
	for (size_t i = 0; i < XB_ARRAY_SIZE(frames); i++) {
		const struct frame_row *row = &frames[i];
		const struct vector *v = &vectors[strchr(row->words, '6') ? V4_CNT : 0];
		const u32 want[] = { 0, v->addrs, v->ports };
		struct frame f;
		u8 *exact;
		u32 got;

		build(&f, row->words, v);
		f.len -= row->cut;
		exact = malloc(f.len); /* so that a read beyond shows under ASan */
		assert_non_null(exact);
		memcpy(exact, f.bytes, f.len);
		got = xb_rss_hash(&rss, exact, f.len);
		if (got != want[row->want])
			fail_msg("%s, %u cut: %08x", row->words, row->cut, got);
		free(exact);
	}
}

/* Frames may end anywhere. */
static void
test_any_length(void **state)
{
	struct xb_rss rss;

	(void)state;
	xb_rss_init(&rss, 1);
	for (size_t i = 0; i < XB_ARRAY_SIZE(frames); i++) {
		struct frame f;

		build(&f, frames[i].words, &vectors[strchr(frames[i].words, '6') ? V4_CNT : 0]);
		for (u32 len = 0; len <= f.len; len++) {
			u8 *exact = malloc(len ? len : 1);

			assert_non_null(exact);
			memcpy(exact, f.bytes, len);
			xb_rss_hash(&rss, exact, len);
			free(exact);
		}
	}
}

static void
test_queues(void **state)
{
	static const u32 counts[] = { 1, 2, 3, 4, 127, 128, 129, 256 };
	struct xb_rss rss;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(counts); i++) {
		xb_rss_init(&rss, counts[i]);
		for (u32 hash = 0; hash < 1000; hash++)
			assert_int_equal(xb_rss_queue(&rss, hash | 0xabcdef00 << 10),
			                 (hash | 0xabcdef00 << 10) % 128 % counts[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
