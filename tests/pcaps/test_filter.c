/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_filter.c - tcpdump expressions, on packets of several link types.
 */
#include "pcaps/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* An Ethernet header, then a TCP SYN from 10.0.0.1:1000 to 10.0.0.2:22. */
static const u8 syn[] = {
	2,    0,   0, 0,  0, 1, 2, 0, 0,  0, 0, 2, 8,    0,                    /* Ethernet */
	0x45, 0,   0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10,   0, 0, 1, 10, 0, 0, 2, /* IPv4 */
	3,    232, 0, 22, 0, 0, 0, 0, 0,  0, 0, 0, 0x50, 2, 0, 0, 0,  0, 0, 0, /* TCP */
};

static const struct {
	const char *name;
	const char *expr;
	u16 linktype;
	u32 skip; /* bytes of `syn` in front of the packet */
	u32 cut;  /* bytes of it at the end that were not captured */
	bool want;
} rows[] = {
	{ "empty", "", 1, 0, 0, true },
	{ "protocol", "tcp", 1, 0, 0, true },
	{ "other protocol", "udp", 1, 0, 0, false },
	{ "port", "tcp dst port 22", 1, 0, 0, true },
	{ "flags", "tcp[tcpflags] == tcp-syn", 1, 0, 0, true },
	{ "net", "src net 10.0.0.0/24 and not dst host 10.0.0.3", 1, 0, 0, true },
	{ "raw IP", "tcp dst port 22", 101, 14, 0, true },
	{ "raw IP, other", "tcp dst port 23", 101, 14, 0, false },
	{ "IPv4", "tcp dst port 22", 228, 14, 0, true },
	{ "not captured", "tcp dst port 22", 1, 0, 20, false },
	{ "length on the wire", "len == 54", 1, 0, 20, true },
	{ "greater", "greater 54", 1, 0, 54, true },
	{ "less", "less 53", 1, 0, 30, false },
};

static void
test_match(void **state)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_filter *f;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const u32 len = sizeof(syn) - rows[i].skip;

		f = xb_filter_new(rows[i].expr, rows[i].linktype, 0, &err);
		if (!f)
			fail_msg("%s: %s", rows[i].name, err.msg);
		if (xb_filter_match(f, syn + rows[i].skip, len - rows[i].cut, len) != rows[i].want)
			fail_msg("%s: not %d", rows[i].name, rows[i].want);
		xb_filter_free(f);
	}
	xb_filter_free(NULL);
}

static void
test_wrong(void **state)
{
	static const struct {
		const char *expr;
		u16 linktype;
	} wrong[] = { { "tcp dst prt 22", 1 }, { "(", 1 }, { "len >", 1 }, { "tcp", 65000 } };
	struct xb_err err;

	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(wrong); i++) {
		err = XB_ERR_INIT;
		if (xb_filter_new(wrong[i].expr, wrong[i].linktype, 0, &err))
			fail_msg("%s: no error", wrong[i].expr);
		assert_int_equal(err.kind, XB_ERR_USAGE);
		assert_non_null(strstr(err.msg, wrong[i].expr));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests_name("pcaps/filter", tests, NULL, NULL);
}
