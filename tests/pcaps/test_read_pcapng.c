/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_read_pcapng.c - each detail of pcapng: a row builds a capture, and says what the reader
 * makes of it.
 */
#include "pcaps/packet.h"
#include "pcaps/pcapng_format.h"
#include "tests/pcaps/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void
epb(struct capture *c, u32 if_id, u64 ts, u32 caplen, u32 len)
{
	cap_epb(c, if_id, ts, caplen, len);
	cap_end(c);
}

static void
ng_plain(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 0);
	epb(c, 0, 5000007, 3, 60);
	epb(c, 0, 6999999, 0, 0);
	epb(c, 0, 7000000, 4, 4);
}

static void
ng_be(struct capture *c)
{
	c->be = true;
	ng_plain(c);
}

static void
ng_sections(struct capture *c)
{
	ng_plain(c);
	c->be = true;
	cap_shb(c);
	cap_idb(c, 113, 0);
	epb(c, 0, 1, 1, 1);
	c->be = false;
	cap_shb(c);
	cap_idb(c, 101, 0);
	cap_idb(c, 228, 0);
	epb(c, 1, 1, 1, 1);
	epb(c, 0, 1, 1, 1);
}

static void
ng_no_iface_in_section(struct capture *c)
{
	ng_plain(c);
	cap_shb(c);
	epb(c, 0, 1, 1, 1);
}

static void
idb_tsresol(struct capture *c, u8 tsresol, s64 offset)
{
	cap_begin(c, XB_PCAPNG_IDB);
	cap_u16(c, 1);
	cap_u16(c, 0);
	cap_u32(c, 0);
	cap_opt(c, XB_PCAPNG_IF_NAME, "eth0", 4);
	cap_opt(c, XB_PCAPNG_IF_TSRESOL, &tsresol, 1);
	cap_opt_u64(c, XB_PCAPNG_IF_TSOFFSET, (u64)offset);
	cap_opt_end(c);
	cap_end(c);
}

static void
ng_tsresol(struct capture *c)
{
	static const struct {
		u8 tsresol;
		u64 ts;
		s64 offset;
	} times[] = {
		{ 0, 3, 0 },
		{ 3, 3001, 0 },
		{ 6, 3000001, -1 },
		{ 9, 3000000001, 10 },
		{ 12, 3000000001999, 0 },
		{ 28, UINT64_MAX, 2 },
		{ 29, UINT64_MAX, 2 },
		{ 0x80, 3, 0 },
		{ 0x81, 7, 0 },
		{ 0xa0, 3ull << 32 | 1u << 31, 0 },
		{ 0xb0, 7ull << 47, 0 },
		{ 0xff, UINT64_MAX, 0 },
	};

	cap_shb(c);
	for (u32 i = 0; i < XB_ARRAY_SIZE(times); i++) {
		idb_tsresol(c, times[i].tsresol, times[i].offset);
		epb(c, i, times[i].ts, 0, 0);
	}
}

static void
ng_tsresol_be(struct capture *c)
{
	c->be = true;
	ng_tsresol(c);
}

static void
ng_spb(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 2);
	cap_begin(c, XB_PCAPNG_SPB);
	cap_u32(c, 60);
	cap_pattern(c, 1, 2);
	cap_end(c);
	cap_begin(c, XB_PCAPNG_SPB);
	cap_u32(c, 1);
	cap_pattern(c, 9, 1);
	cap_end(c);
}

/* No time is no time, whatever the interface adds to others. */
static void
ng_spb_offset(struct capture *c)
{
	cap_shb(c);
	idb_tsresol(c, 9, 100);
	cap_begin(c, XB_PCAPNG_SPB);
	cap_u32(c, 1);
	cap_pattern(c, 9, 1);
	cap_end(c);
}

static void
ng_pb(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 0);
	cap_idb(c, 1, 0);
	cap_begin(c, XB_PCAPNG_PB);
	cap_u16(c, 1);
	cap_u16(c, 77);
	cap_u32(c, 0);
	cap_u32(c, 5);
	cap_u32(c, 1);
	cap_u32(c, 2);
	cap_pattern(c, 1, 1);
	cap_pad(c);
	cap_opt_u32(c, XB_PCAPNG_EPB_FLAGS, 2);
	cap_end(c);
}

static void
ng_pb_be(struct capture *c)
{
	c->be = true;
	ng_pb(c);
}

static void
ng_unknown(struct capture *c)
{
	cap_shb(c);
	cap_begin(c, 0x40000bad);
	cap_pattern(c, 0, 1 << 20);
	cap_end(c);
	cap_begin(c, 10);
	cap_end(c);
	cap_idb(c, 1, 0);
	epb(c, 0, 1000000, 1, 1);
}

static void
put_typed(struct capture *c, u16 code, u8 type, u64 v, u16 len)
{
	cap_u16(c, code);
	cap_u16(c, (u16)(len + 1));
	cap_u8(c, type);
	if (len == 8)
		cap_u64(c, v);
	else
		cap_u32(c, (u32)v);
	cap_pad(c);
}

static void
ng_options(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 0);
	cap_epb(c, 0, 0, 2, 2);
	cap_opt(c, XB_PCAPNG_OPT_COMMENT, "one", 3);
	cap_opt_u32(c, XB_PCAPNG_EPB_FLAGS, 0x12345678);
	put_typed(c, XB_PCAPNG_EPB_HASH, 5, 0xcafe, 4);
	cap_opt_u64(c, XB_PCAPNG_EPB_PACKETID, 0x123456789abcdef0);
	cap_opt(c, XB_PCAPNG_OPT_COMMENT, "", 0);
	cap_opt_u32(c, XB_PCAPNG_EPB_QUEUE, 9);
	put_typed(c, XB_PCAPNG_EPB_VERDICT, XB_VERDICT_XDP, 3, 8);
	cap_opt(c, XB_PCAPNG_OPT_COMMENT, "three", 5);
	cap_opt_end(c);
	cap_opt_u32(c, XB_PCAPNG_EPB_FLAGS, 1); /* behind the end: not read */
	cap_end(c);
	cap_epb(c, 0, 0, 0, 0);
	put_typed(c, XB_PCAPNG_EPB_VERDICT, XB_VERDICT_TC, UINT64_MAX, 8);
	cap_end(c);
	cap_epb(c, 0, 0, 0, 0);
	put_typed(c, XB_PCAPNG_EPB_VERDICT, XB_VERDICT_XDP, 1, 4); /* too short */
	cap_end(c);
}

static void
ng_options_be(struct capture *c)
{
	c->be = true;
	ng_options(c);
}

static void
ng_bad_options(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 0);
	cap_epb(c, 0, 0, 1, 1);
	cap_opt_u32(c, XB_PCAPNG_EPB_QUEUE, 4);
	cap_u16(c, XB_PCAPNG_OPT_COMMENT);
	cap_u16(c, 5);
	cap_u32(c, 0);
	cap_end(c);
	epb(c, 0, 0, 1, 1);
}

static void
test_pcapng(void **state)
{
	static const char options[] = "1: 0.000000000 if 0 link 1 2/2 a0a1 flags=12345678 "
	                              "hash=5:cafe id=123456789abcdef0 "
	                              "queue=9 verdict=2:3 'one' '' 'three'\n"
	                              "2: 0.000000000 if 0 link 1 0/0  verdict=1:ffffffffffffffff\n"
	                              "3: 0.000000000 if 0 link 1 0/0 \nend";
	static const char plain[] = "1: 5.000007000 if 0 link 1 3/60 a0a1a2\n"
	                            "2: 6.999999000 if 0 link 1 0/0 \n"
	                            "3: 7.000000000 if 0 link 1 4/4 a0a1a2a3\nend";
	static const char tsresol[] = "1: 3.000000000 if 0 eth0 link 1 0/0 \n"
	                              "2: 3.001000000 if 1 eth0 link 1 0/0 \n"
	                              "3: 2.000001000 if 2 eth0 link 1 0/0 \n"
	                              "4: 13.000000001 if 3 eth0 link 1 0/0 \n"
	                              "5: 3.000000001 if 4 eth0 link 1 0/0 \n"
	                              "6: 2.000000001 if 5 eth0 link 1 0/0 \n"
	                              "7: 2.000000000 if 6 eth0 link 1 0/0 \n"
	                              "8: 3.000000000 if 7 eth0 link 1 0/0 \n"
	                              "9: 3.500000000 if 8 eth0 link 1 0/0 \n"
	                              "10: 3.500000000 if 9 eth0 link 1 0/0 \n"
	                              "11: 3.500000000 if 10 eth0 link 1 0/0 \n"
	                              "12: 0.000000000 if 11 eth0 link 1 0/0 \nend";
	const struct cap_row rows[] = {
		{ "plain", ng_plain, plain },
		{ "big-endian", ng_be, plain },
		{ "sections of both orders", ng_sections,
		  "1: 5.000007000 if 0 link 1 3/60 a0a1a2\n"
		  "2: 6.999999000 if 0 link 1 0/0 \n"
		  "3: 7.000000000 if 0 link 1 4/4 a0a1a2a3\n"
		  "4: 0.000001000 if 1 link 113 1/1 a0\n"
		  "5: 0.000001000 if 3 link 228 1/1 a0\n"
		  "6: 0.000001000 if 2 link 101 1/1 a0\nend" },
		{ "resolutions", ng_tsresol, tsresol },
		{ "resolutions, big-endian", ng_tsresol_be, tsresol },
		{ "simple packets", ng_spb,
		  "1: 0.000000000 if 0 link 1 2/60 0102\n2: 0.000000000 if 0 link 1 1/1 09\nend" },
		{ "simple packet, if_tsoffset", ng_spb_offset,
		  "1: 0.000000000 if 0 eth0 link 1 1/1 09\nend" },
		{ "obsolete packet", ng_pb, "1: 0.000005000 if 1 link 1 1/2 01 flags=2\nend" },
		{ "obsolete packet, be", ng_pb_be,
		  "1: 0.000005000 if 1 link 1 1/2 01 flags=2\nend" },
		{ "unknown blocks", ng_unknown, "1: 1.000000000 if 0 link 1 1/1 a0\nend" },
		{ "options", ng_options, options },
		{ "options, big-endian", ng_options_be, options },
		{ "options that run past the end", ng_bad_options,
		  "1: 0.000000000 if 0 link 1 1/1 a0 queue=4\n"
		  "2: 0.000000000 if 0 link 1 1/1 a0\nend" },
	};

	(void)state;
	assert_int_equal(cap_check(rows, XB_ARRAY_SIZE(rows)), 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].build != ng_unknown)
			assert_int_equal(cap_check_cuts(&rows[i]), 0);
}

static void
patch_u32(struct capture *c, size_t off, u32 v)
{
	memcpy(c->data + off, &v, sizeof(v));
}

/* The second block of these begins at byte 28, the third at 48. */
static void
ng_iface_cnt(struct capture *c)
{
	cap_shb(c);
	cap_idb(c, 1, 0);
	epb(c, 1, 0, 1, 1);
}

static void
ng_no_byte_order(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 8, 0x11111111);
}

static void
ng_version(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 12, 2);
}

static void
ng_len_odd(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 28 + 4, 21);
}

static void
ng_len_small(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48 + 4, 28);
}

static void
ng_len_zero(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48 + 4, 0);
}

static void
ng_len_huge(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48 + 4, 0xfffffffc);
}

static void
ng_len_huge_unknown(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48, 0x777);
	patch_u32(c, 48 + 4, 0xfffffffc);
}

static void
ng_len_differs(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 44, 24);
}

static void
ng_len_differs_unknown(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 28, 0x777);
	patch_u32(c, 44, 24);
}

static void
ng_caplen(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48 + 20, 5);
}

static void
ng_caplen_absurd(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48 + 20, UINT32_MAX);
}

static void
ng_cut(struct capture *c)
{
	ng_plain(c);
	c->len -= 1;
}

static void
ng_cut_unknown(struct capture *c)
{
	ng_plain(c);
	patch_u32(c, 48, 0x777);
	c->len = 60;
}

static void
ng_iface_options(struct capture *c)
{
	cap_shb(c);
	cap_begin(c, XB_PCAPNG_IDB);
	cap_u64(c, 1);
	cap_u16(c, XB_PCAPNG_IF_NAME);
	cap_u16(c, 40);
	cap_end(c);
}

static void
ng_tsresol_len(struct capture *c)
{
	cap_shb(c);
	cap_begin(c, XB_PCAPNG_IDB);
	cap_u64(c, 1);
	cap_opt(c, XB_PCAPNG_IF_TSRESOL, "ab", 2);
	cap_end(c);
}

static void
ng_ifaces(struct capture *c)
{
	cap_shb(c);
	for (u32 i = 0; i < 65537; i++)
		cap_idb(c, 1, 0);
}

static void
test_pcapng_damage(void **state)
{
	static const struct cap_row rows[] = {
		{ "interface", ng_iface_cnt,
		  "c: block 3 at byte 48: interface 1 of a section that has 1 so far" },
		{ "interface of another section", ng_no_iface_in_section,
		  "1: 5.000007000 if 0 link 1 3/60 a0a1a2\n"
		  "2: 6.999999000 if 0 link 1 0/0 \n"
		  "3: 7.000000000 if 0 link 1 4/4 a0a1a2a3\n"
		  "c: block 7 at byte 180: interface 0 of a section that has 0 so far" },
		{ "byte order", ng_no_byte_order,
		  "c: block 1 at byte 0: a section without a byte-order magic" },
		{ "version", ng_version,
		  "c: block 1 at byte 0: a section of version 2.0; 1.0 can be read" },
		{ "odd length", ng_len_odd,
		  "c: block 2 at byte 28: a length of 21 bytes, not a multiple of 4 from 12 on" },
		{ "length 0", ng_len_zero,
		  "c: block 3 at byte 48: a length of 0 bytes, not a multiple of 4 from 12 on" },
		{ "small length", ng_len_small,
		  "c: block 3 at byte 48: a length of 28 bytes; its type has at least 32" },
		{ "huge length", ng_len_huge,
		  "c: block 3 at byte 48: a length of 4294967292 bytes; at most 16777216 are "
		  "possible" },
		{ "huge length of an unknown block", ng_len_huge_unknown,
		  "c: block 3 at byte 48: the file ends after 104 of 4294967292 bytes" },
		{ "two lengths", ng_len_differs,
		  "c: block 2 at byte 28: a length of 20 bytes at its begin, of 24 at its end" },
		{ "two lengths of an unknown block", ng_len_differs_unknown,
		  "c: block 2 at byte 28: a length of 20 bytes at its begin, of 24 at its end" },
		{ "packet length", ng_caplen,
		  "c: block 3 at byte 48: a packet of 5 bytes in a block with room for 4" },
		{ "absurd packet length", ng_caplen_absurd,
		  "c: block 3 at byte 48: a packet of 4294967295 bytes; at most 262144 are "
		  "possible" },
		{ "cut", ng_cut,
		  "1: 5.000007000 if 0 link 1 3/60 a0a1a2\n"
		  "2: 6.999999000 if 0 link 1 0/0 \n"
		  "c: block 5 at byte 116: the file ends after 35 of 36 bytes" },
		{ "cut in an unknown block", ng_cut_unknown,
		  "c: block 3 at byte 48: the file ends after 12 of 36 bytes" },
		{ "interface options", ng_iface_options,
		  "c: block 2 at byte 28: options that run past its end" },
		{ "interfaces without end", ng_ifaces,
		  "c: block 65538 at byte 1310748: more than 65536 interfaces" },
		{ "length of if_tsresol", ng_tsresol_len,
		  "c: block 2 at byte 28: if_tsresol of 2 bytes" },
	};

	(void)state;
	assert_int_equal(cap_check(rows, XB_ARRAY_SIZE(rows)), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_pcapng_damage),
	};

	return cmocka_run_group_tests_name("pcaps/read_pcapng", tests, NULL, NULL);
}
