/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_options.c - lists of options of any length, in memory that ends where they do.
 */
#include "pcaps/options_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *name;
	const char *bytes;
	u32 len;
	const char *want; /* code:value, in text */
	bool bad;
} rows[] = {
	{ "none", "", 0, "", false },
	{ "end", "\0\0\0\0", 4, "", false },
	{ "one", "\1\0\4\0abcd", 8, "1:abcd ", false },
	{ "one and the end", "\1\0\4\0abcd\0\0\0\0\2\0\0\0", 16, "1:abcd ", false },
	{ "padded", "\1\0\1\0a\0\0\0\2\0\5\0bbbbb\0\0\0", 20, "1:a 2:bbbbb ", false },
	{ "empty value", "\1\0\0\0\2\0\0\0", 8, "1: 2: ", false },
	{ "half a header", "\1\0\0\0\2\0", 6, "1: ", true },
	{ "a byte", "\1", 1, "", true },
	{ "value cut", "\1\0\4\0abc", 7, "", true },
	{ "padding cut", "\1\0\3\0abc", 7, "", true },
	{ "longest length", "\1\0\377\377abcd", 8, "", true },
};

static void
check(size_t i)
{
	/* Exactly as long as the list, so that the sanitizers see a byte more. */
	u8 *data = malloc(rows[i].len ? rows[i].len : 1);
	struct xb_opt_iter it = xb_opt_iter_init(data, rows[i].len, false);
	struct xb_packet pkt = { .opts = data, .opts_len = rows[i].len };
	struct xb_opt opt;
	char got[64] = "";
	size_t used = 0;

	assert_non_null(data);
	memcpy(data, rows[i].bytes, rows[i].len);
	while (xb_opt_next(&it, &opt))
		used += (size_t)snprintf(got + used, sizeof(got) - used, "%u:%.*s ", opt.code,
		                         (int)opt.len, (const char *)opt.data);
	if (strcmp(got, rows[i].want) || it.bad != rows[i].bad)
		fail_msg("%s: %s, bad %d", rows[i].name, got, it.bad);
	xb_packet_read_opts(&pkt);
	free(data);
}

static void
test_lists(void **state)
{
	(void)state;
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		check(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lists) };

	return cmocka_run_group_tests_name("pcaps/options", tests, NULL, NULL);
}
