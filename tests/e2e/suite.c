/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/suite.h"

#include "tests/e2e/record.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PACKETS_PER_CAPTURE 1000
#define MUTATED_PACKETS     2000

const char *
suite_row_name(const struct corpus_row *row)
{
	return row->name ? row->name : row->object;
}

bool
suite_has_kernel(const struct row_state *s)
{
	return s->suite->kernel && (!s->row->net || network_permitted());
}

void
suite_assert_same(const struct row_state *s, FILE *a, FILE *b, const char *worlds)
{
	const char *name = suite_row_name(s->row);
	char what[1024] = "";
	bool same;
	u32 cnt;

	assert_non_null(a);
	assert_non_null(b);
	cnt = record_compare(a, b, &same, what, sizeof(what));
	if (!same)
		fail_msg("%s: %s: after %u records that agree: %s", name, worlds, cnt, what);
	/* Fewer, and something refused to start, in both worlds. */
	if (cnt < s->suite->min_records * s->suite->packets.cnt)
		fail_msg("%s: %s: only %u records", name, worlds, cnt);
}

/* Bytes decide, whatever the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* All captures of a directory, in the order of their names. */
static void
read_directory(struct replay_packets *packets, const char *dir, u32 max)
{
	struct dirent **entries = NULL;
	int cnt = scandir(dir, &entries, NULL, by_name);
	u32 refused = 0, read = 0;

	for (int i = 0; i < cnt; i++) {
		char path[4096];

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		if (strstr(entries[i]->d_name, ".pcap")) {
			if (replay_read(packets, path, max))
				read++;
			else
				refused++;
		}
		free(entries[i]);
	}
	free(entries);
	print_message("%s: %u captures, and %u that libpcap refuses\n", dir, read, refused);
}

void
suite_read(struct suite *suite, const char *dir)
{
	const char *pcaps = getenv("XDPBENCH_PCAPS");

	read_directory(&suite->packets, dir, UINT32_MAX);
	if (pcaps)
		read_directory(&suite->packets, pcaps, PACKETS_PER_CAPTURE);
	else
		print_message("skipped: XDPBENCH_PCAPS names no directory of captures\n");
	replay_mutate(&suite->packets, MUTATED_PACKETS, 1);
	print_message("%u packets\n", suite->packets.cnt);
}

int
suite_run(struct suite *suite, const char *name, const struct corpus_row *rows, u32 cnt,
          void (*test)(void **state))
{
	struct CMUnitTest *tests = calloc(cnt, sizeof(*tests));
	struct row_state *states = calloc(cnt, sizeof(*states));
	int failed = 1;

	for (u32 i = 0; tests && states && i < cnt; i++) {
		states[i] = (struct row_state){ suite, &rows[i] };
		tests[i] = (struct CMUnitTest){ .name = suite_row_name(&rows[i]),
			                        .test_func = test,
			                        .initial_state = &states[i] };
	}
	if (tests && states && suite->packets.cnt)
		failed = _cmocka_run_group_tests(name, tests, cnt, NULL, NULL);
	free(tests);
	free(states);
	return failed;
}
