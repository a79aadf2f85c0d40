/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_read_pcap.c - each detail of pcap: a row builds a capture, and says what the reader makes of
 * it.
 */
#include "pcaps/pcap_format.h"
#include "tests/pcaps/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define US XB_PCAP_MAGIC_US
#define NS XB_PCAP_MAGIC_NS

static void
one_rec(struct capture *c, u32 magic, u16 minor, u32 snaplen, u32 linktype)
{
	cap_pcap_hdr(c, magic, 2, minor, snaplen, linktype);
	cap_pcap_rec(c, 5, 7, 3, 60);
	if (magic == XB_PCAP_MAGIC_MODIFIED)
		cap_pattern(c, 0xee, 8);
	cap_pattern(c, 1, 3);
}

static void
pcap_us(struct capture *c)
{
	one_rec(c, US, 4, 65535, 1);
	cap_pcap_rec(c, 6, 999999, 0, 0);
}

static void
pcap_ns(struct capture *c)
{
	one_rec(c, NS, 4, 65535, 1);
}

static void
pcap_us_be(struct capture *c)
{
	c->be = true;
	pcap_us(c);
}

static void
pcap_ns_be(struct capture *c)
{
	c->be = true;
	pcap_ns(c);
}

static void
pcap_modified(struct capture *c)
{
	one_rec(c, XB_PCAP_MAGIC_MODIFIED, 4, 65535, 1);
	cap_pcap_rec(c, 6, 1, 1, 1);
	cap_pattern(c, 0xee, 8);
	cap_pattern(c, 9, 1);
}

static void
pcap_fcs_bits(struct capture *c)
{
	one_rec(c, US, 4, 65535, 0x44000001);
}

static void
pcap_raw(struct capture *c)
{
	one_rec(c, US, 4, 65535, 101);
}

static void
pcap_swapped_lengths(struct capture *c)
{
	cap_pcap_hdr(c, US, 2, 2, 65535, 1);
	cap_pcap_rec(c, 5, 7, 60, 3);
	cap_pattern(c, 1, 3);
}

static void
pcap_either_lengths(struct capture *c)
{
	cap_pcap_hdr(c, US, 2, 3, 65535, 1);
	cap_pcap_rec(c, 5, 7, 60, 3);
	cap_pattern(c, 1, 3);
	cap_pcap_rec(c, 6, 7, 2, 60);
	cap_pattern(c, 5, 2);
}

static void
pcap_over_snaplen(struct capture *c)
{
	one_rec(c, US, 4, 2, 1);
	cap_pcap_rec(c, 6, 0, 1, 1);
	cap_pattern(c, 9, 1);
}

static void
pcap_late(struct capture *c)
{
	cap_pcap_hdr(c, US, 2, 4, 65535, 1);
	cap_pcap_rec(c, UINT32_MAX, 999999, 0, 0);
}

static void
pcap_overflowing_frac(struct capture *c)
{
	cap_pcap_hdr(c, NS, 2, 4, 65535, 1);
	cap_pcap_rec(c, 1, 2000000001, 0, 0);
}

static void
pcap_version(struct capture *c)
{
	cap_pcap_hdr(c, US, 2, 5, 65535, 1);
}

static void
pcap_absurd(struct capture *c)
{
	one_rec(c, US, 4, 0, 1);
	cap_pcap_rec(c, 0, 0, 262145, 262145);
}

static void
pcap_longest(struct capture *c)
{
	cap_pcap_hdr(c, US, 2, 4, 0, 1);
	cap_pcap_rec(c, 0, 0, 262144, 262144);
	cap_pattern(c, 0, 262144);
}

static void
pcap_cut_header(struct capture *c)
{
	pcap_us(c);
	c->len = 20;
}

static void
pcap_cut_record(struct capture *c)
{
	pcap_us(c);
	c->len -= 1;
}

static void
pcap_cut_data(struct capture *c)
{
	one_rec(c, US, 4, 65535, 1);
	c->len -= 1;
}

static void
empty(struct capture *c)
{
	(void)c;
}

static void
elf(struct capture *c)
{
	cap_bytes(c, "\177ELF\2\1\1", 7);
}

static void
two_bytes(struct capture *c)
{
	cap_bytes(c, "\xd4\xc3", 2);
}

static void
test_pcap(void **state)
{
	static const struct cap_row rows[] = {
		{ "microseconds", pcap_us,
		  "1: 5.000007000 if 0 link 1 3/60 010203\n2: 6.999999000 if 0 link 1 0/0 \nend" },
		{ "nanoseconds", pcap_ns, "1: 5.000000007 if 0 link 1 3/60 010203\nend" },
		{ "big-endian", pcap_us_be,
		  "1: 5.000007000 if 0 link 1 3/60 010203\n2: 6.999999000 if 0 link 1 0/0 \nend" },
		{ "big-endian ns", pcap_ns_be, "1: 5.000000007 if 0 link 1 3/60 010203\nend" },
		{ "modified", pcap_modified,
		  "1: 5.000007000 if 0 link 1 3/60 010203\n2: 6.000001000 if 0 link 1 1/1 "
		  "09\nend" },
		{ "FCS bits", pcap_fcs_bits, "1: 5.000007000 if 0 link 1 3/60 010203\nend" },
		{ "raw IP", pcap_raw, "1: 5.000007000 if 0 link 101 3/60 010203\nend" },
		{ "version 2.2", pcap_swapped_lengths,
		  "1: 5.000007000 if 0 link 1 3/60 010203\nend" },
		{ "version 2.3", pcap_either_lengths,
		  "1: 5.000007000 if 0 link 1 3/60 010203\n2: 6.000007000 if 0 link 1 2/60 0506\n"
		  "end" },
		{ "longer than snaplen", pcap_over_snaplen,
		  "1: 5.000007000 if 0 link 1 2/60 0102\n2: 6.000000000 if 0 link 1 1/1 09\nend" },
		{ "2106", pcap_late, "1: 4294967295.999999000 if 0 link 1 0/0 \nend" },
		{ "2 seconds in the fraction", pcap_overflowing_frac,
		  "1: 3.000000001 if 0 link 1 0/0 \nend" },
		{ "longest packet", pcap_longest,
		  "1: 0.000000000 if 0 link 1 262144/262144 0001020304050607\nend" },
	};

	(void)state;
	assert_int_equal(cap_check(rows, XB_ARRAY_SIZE(rows)), 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].build != pcap_longest)
			assert_int_equal(cap_check_cuts(&rows[i]), 0);
}

static void
test_pcap_damage(void **state)
{
	static const struct cap_row rows[] = {
		{ "empty", empty, "c: is empty, and no capture" },
		{ "an ELF file", elf, "c: is no pcap or pcapng capture: begins with 7f 45 4c 46" },
		{ "two bytes", two_bytes, "c: is no pcap or pcapng capture: begins with d4 c3" },
		{ "version 2.5", pcap_version,
		  "c: is a pcap of version 2.5; versions 2.0 to 2.4 can be read" },
		{ "cut in the header", pcap_cut_header,
		  "c: the file ends in the pcap header, at byte 20" },
		{ "cut in a record's header", pcap_cut_record,
		  "1: 5.000007000 if 0 link 1 3/60 010203\n"
		  "c: packet 2 at byte 43: the file ends after 15 of 16 bytes" },
		{ "cut in a packet", pcap_cut_data,
		  "c: packet 1 at byte 24: the file ends after 18 of 19 bytes" },
		{ "absurd length", pcap_absurd,
		  "1: 5.000007000 if 0 link 1 3/60 010203\n"
		  "c: packet 2 at byte 43: a length of 262145 bytes; at most 262144 are possible" },
	};

	(void)state;
	assert_int_equal(cap_check(rows, XB_ARRAY_SIZE(rows)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_pcap_damage),
	};

	return cmocka_run_group_tests_name("pcaps/read_pcap", tests, NULL, NULL);
}
