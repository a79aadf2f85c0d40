/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The examples of docs/contexts.md are read, and written so that they can be read again.
 */
#include "lib/model.h"
#include "vm/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static char *
slurp(const char *path)
{
	char *text = calloc(1, 1u << 16);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, (1u << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

static void
check(const char *json, size_t bytes)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *c = xb_context_parse(NULL, json, bytes, &err);
	char *text, *again;

	if (!c)
		fail_msg("%s\n%.*s", err.msg, (int)bytes, json);
	text = xb_context_print(c, &bytes, &err);
	assert_non_null(text);
	xb_context_free(c);
	c = xb_context_parse(NULL, text, bytes, &err);
	if (!c)
		fail_msg("%s\n%s", err.msg, text);
	again = xb_context_print(c, NULL, &err);
	assert_string_equal(text, again);
	xb_context_free(c);
	free(again);
	free(text);
}

static void
test_examples(void **state)
{
	char *text = slurp(*state), *at = text, *end;
	u32 cnt = 0;

	while ((at = strstr(at, "```json\n"))) {
		at += strlen("```json\n");
		end = strstr(at, "```");
		assert_non_null(end);
		check(at, (size_t)(end - at));
		at = end + 3;
		cnt++;
	}
	assert_int_equal(cnt, 5);
	free(text);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(test_examples, argv[1]) };

	return argc == 2 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
