/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/cli.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_TEXT 65536

struct rows {
	const struct cli_row *rows;
	size_t cnt;
};

static char *
slurp(const char *path)
{
	char *text = calloc(1, MAX_TEXT);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, MAX_TEXT - 1, f) < MAX_TEXT);
	fclose(f);
	return text;
}

static bool
matches(const char *pattern, const char *text)
{
	return pattern ? fnmatch(pattern, text, 0) == 0 : text[0] == 0;
}

static bool
run(const struct cli_row *row)
{
	char command[4096], *err, *out;
	int status, code;
	bool ok;

	snprintf(command, sizeof(command), "{ %s\n} >stdout.txt 2>stderr.txt", row->command);
	status = system(command);
	code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	err = slurp("stderr.txt");
	out = slurp("stdout.txt");
	ok = code == row->code && matches(row->err, err) && matches(row->out, out);
	if (!ok)
		printf("row '%s': exit code %d, expected %d\n--- stderr:\n%s--- expected:\n%s\n--- "
		       "stdout:\n%s--- "
		       "expected:\n%s\n",
		       row->name, code, row->code, err, row->err ? row->err : "", out,
		       row->out ? row->out : "");
	free(err);
	free(out);
	return ok;
}

static void
test_rows(void **state)
{
	const struct rows *all = *state;
	u32 failed = 0;

	for (size_t i = 0; i < all->cnt; i++)
		failed += !run(&all->rows[i]);
	assert_int_equal(failed, 0);
}

int
cli_main(int argc, char **argv, const struct cli_row *rows, size_t cnt)
{
	struct rows all = { rows, cnt };
	const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(test_rows, &all) };
	char tool[PATH_MAX], scratch[] = "/tmp/xdpbench-test-XXXXXX", command[64];
	int rc;

	if (argc != 5 || !realpath(argv[1], tool) || !mkdtemp(scratch) || chdir(scratch) != 0)
		return 2;
	setenv("X", tool, 1);
	setenv("P", argv[2], 1);
	setenv("B", argv[3], 1);
	setenv("C", argv[4], 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	return system(command) == 0 ? rc : 2;
}

/* Who has no privilege cannot drop any, and need not. */
static void
set_unprivileged(void)
{
	static const char drop[] =
	        "setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all";
	char command[128];

	snprintf(command, sizeof(command), "%s true 2>/dev/null", drop);
	setenv("U", system(command) == 0 ? drop : "", 1);
}

int
cli_kernel_main(int argc, char **argv, const struct cli_kernel_rows *rows)
{
	char command[4096];
	int rc;

	if (argc != 5)
		return 2;
	set_unprivileged();
	rc = cli_main(argc, argv, rows->anywhere, rows->anywhere_cnt);
	snprintf(command, sizeof(command),
	         "'%s' -q --engine kernel -r '%s/demo.pcap' '%s/pass.o' 2>/dev/null", argv[1],
	         argv[4], argv[2]);
	if (chdir("/") != 0 || WEXITSTATUS(system(command)) != 0) {
		printf("skipped: bpf(2) not permitted\n");
		return rc;
	}
	return rc ? rc : cli_main(argc, argv, rows->permitted, rows->permitted_cnt);
}
