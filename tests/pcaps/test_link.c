/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_link.c - names of link types, and Ethernet headers that are made up.
 */
#include "pcaps/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Beginnings of packets, as text of hexadecimal digits. */
#define IP4(dst) "4500001400000000401100000a000001" dst
#define IP6(dst) "6000000000001140fe800000000000000000000000000001" dst
#define UNICAST6 "fe800000000000000000000000000002"
#define GROUP6   "ff020000000000000000000000000102"

#define DST "020000000001"
#define SRC "020000000002"

static const struct {
	const char *name;
	u16 linktype;
	const char *packet;
	int ret;
	const char *want; /* the header, or the error */
	u32 strip;
} rows[] = {
	{ "Ethernet", 1, "00", 0, "", 0 },
	{ "Ethernet, empty", 1, "", 0, "", 0 },
	{ "raw IPv4", 101, IP4("0a000002"), 0, DST SRC "0800", 0 },
	{ "raw IPv6", 101, IP6(UNICAST6), 0, DST SRC "86dd", 0 },
	{ "raw IPv4, by libpcap's number", 12, IP4("0a000002"), 0, DST SRC "0800", 0 },
	{ "raw, one byte", 101, "45", 0, DST SRC "0800", 0 },
	{ "raw, empty", 101, "", 1, "a packet of 0 bytes; its link header has 1", 0 },
	{ "raw, version 5", 101, "50", 1, "a raw packet of IP version 5", 0 },
	{ "raw, broadcast", 101, IP4("ffffffff"), 0, "ffffffffffff" SRC "0800", 0 },
	{ "raw, IPv4 multicast", 101, IP4("efff0203"), 0, "01005e7f0203" SRC "0800", 0 },
	{ "raw, IPv6 multicast", 101, IP6(GROUP6), 0, "333300000102" SRC "86dd", 0 },
	{ "IPv4", 228, IP4("0a000002"), 0, DST SRC "0800", 0 },
	{ "IPv4, empty", 228, "", 0, DST SRC "0800", 0 },
	{ "IPv6", 229, IP6(GROUP6), 0, "333300000102" SRC "86dd", 0 },
	{ "null, little-endian", 0, "02000000" IP4("0a000002"), 0, DST SRC "0800", 4 },
	{ "null, big-endian", 0, "00000002" IP4("e0000001"), 0, "01005e000001" SRC "0800", 4 },
	{ "null, IPv6 of FreeBSD", 0, "1c000000" IP6(UNICAST6), 0, DST SRC "86dd", 4 },
	{ "null, IPv6 of Darwin", 0, "0000001e" IP6(UNICAST6), 0, DST SRC "86dd", 4 },
	{ "null, IPv6 of OpenBSD", 0, "18000000", 0, DST SRC "86dd", 4 },
	{ "null, IPv6 of Linux", 0, "0a000000", 0, DST SRC "86dd", 4 },
	{ "null, ISO", 0, "07000000", 1, "a packet of address family 7, which is not IP", 0 },
	{ "null, short", 0, "020000", 1, "a packet of 3 bytes; its link header has 4", 0 },
	{ "loop", 108, "00000002" IP4("0a000002"), 0, DST SRC "0800", 4 },
	{ "loop, wrong order", 108, "02000000", 1,
	  "a packet of address family 33554432, which is not IP", 0 },
	{ "loop, short", 108, "", 1, "a packet of 0 bytes; its link header has 4", 0 },
	{ "cooked", 113, "0000000100060a0b0c0d0e0f00000800" IP4("0a000002"), 0,
	  DST "0a0b0c0d0e0f0800", 16 },
	{ "cooked, broadcast", 113, "0001000100060a0b0c0d0e0f00000806", 0,
	  "ffffffffffff0a0b0c0d0e0f0806", 16 },
	{ "cooked, multicast", 113, "0002000100060a0b0c0d0e0f00000800" IP4("e0000005"), 0,
	  "01005e0000050a0b0c0d0e0f0800", 16 },
	{ "cooked, no address", 113, "00000304000000000000000000000800", 0, DST SRC "0800", 16 },
	{ "cooked, VLAN", 113,
	  "0000000100060a0b0c0d0e0f00008100"
	  "00050800",
	  0, DST "0a0b0c0d0e0f8100", 16 },
	{ "cooked, 802.2", 113,
	  "0002000100060a0b0c0d0e0f00000004"
	  "424203",
	  0, DST "0a0b0c0d0e0f0003", 16 },
	{ "cooked, CAN", 113, "0001011800000000000000000000000c", 1,
	  "a cooked packet of protocol 0x000c, not an EtherType", 0 },
	{ "cooked, short", 113, "0000000100060a0b0c0d0e0f000008", 1,
	  "a packet of 15 bytes; its link header has 16", 0 },
	{ "cooked v2", 276, "86dd000000000003000104060a0b0c0d0e0f0000" IP6(UNICAST6), 0,
	  DST "0a0b0c0d0e0f86dd", 20 },
	{ "cooked v2, broadcast", 276, "0806000000000003000101060a0b0c0d0e0f0000", 0,
	  "ffffffffffff0a0b0c0d0e0f0806", 20 },
	{ "cooked v2, short", 276, "0806000000000003000101060a0b0c0d0e0f00", 1,
	  "a packet of 19 bytes; its link header has 20", 0 },
	{ "802.11", 105, "00", -1, "link type IEEE802_11 is not supported", 0 },
	{ "PPP", 9, "00", -1, "link type PPP is not supported", 0 },
	{ "ATM", 100, "00", -1, "link type ATM_RFC1483 is not supported", 0 },
	{ "without a name", 65000, "00", -1, "link type 65000 is not supported", 0 },
};

static u32
from_hex(const char *text, u8 *out)
{
	u32 len = 0;

	for (; *text; text += 2)
		sscanf(text, "%2hhx", &out[len++]);
	return len;
}

static void
check(size_t i)
{
	struct xb_link_ether out = { .hdr_len = 77, .strip_bytes = 77 };
	struct xb_err err = XB_ERR_INIT;
	u8 packet[128];
	u32 len = from_hex(rows[i].packet, packet);
	char got[XB_ERR_LEN] = "";
	int ret = xb_link_to_ether(rows[i].linktype, packet, len, &out, &err);

	for (u32 n = 0; !ret && n < out.hdr_len; n++)
		snprintf(got + 2 * n, 3, "%02x", out.hdr[n]);
	if (ret != rows[i].ret || strcmp(ret ? err.msg : got, rows[i].want))
		fail_msg("%s: %d %s", rows[i].name, ret, ret ? err.msg : got);
	if (out.strip_bytes != (ret ? 77 : rows[i].strip))
		fail_msg("%s: %u bytes stripped", rows[i].name, out.strip_bytes);
	if ((xb_link_kind(rows[i].linktype) == XB_LINK_UNSUPPORTED) != (ret < 0))
		fail_msg("%s: kind %u", rows[i].name, xb_link_kind(rows[i].linktype));
}

static void
test_to_ether(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		check(i);
}

static void
test_name(void **state)
{
	char buf[XB_LINK_NAME_LEN];

	(void)state;
	assert_string_equal(xb_link_name(1, buf), "EN10MB");
	assert_string_equal(xb_link_name(101, buf), "RAW");
	assert_string_equal(xb_link_name(276, buf), "LINUX_SLL2");
	assert_string_equal(xb_link_name(65535, buf), "65535");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_to_ether),
		cmocka_unit_test(test_name),
	};

	return cmocka_run_group_tests_name("pcaps/link", tests, NULL, NULL);
}
