/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_tc.c - every program on sk_buffs of the corpus, of TC or of other types, over the captures,
 * in the kernel and in the emulator, by its test run and by the library's call: verdicts, bytes,
 * contexts, errors, events and maps must be the same.
 *
 *   test_tc [-k] PROGS CAPTURES
 *
 * With -k the kernel is compared with itself: whether the programs load, and whether what they do
 * depends on packet, context and maps alone.
 */
#include "tests/e2e/suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
compare(const struct row_state *s, enum world one, enum world other, const char *worlds)
{
	char path[4096];
	const struct replay_opts opts = { path, s->row, false, &s->suite->packets };
	FILE *a, *b;

	snprintf(path, sizeof(path), "%s/%s.o", s->suite->dir, s->row->object);
	a = replay(one, &opts);
	b = replay(other, &opts);
	suite_assert_same(s, a, b, worlds);
	fclose(a);
	fclose(b);
}

static void
test_row(void **state)
{
	const struct row_state *s = *state;

	if (s->row->not_compared)
		print_message("not compared with the kernel: %s %s\n", suite_row_name(s->row),
		              s->row->not_compared);
	if (s->row->not_compared || !suite_has_kernel(s))
		compare(s, WORLD_EMU_SYS, WORLD_EMU_SYS, "two runs of the emulator");
	else
		compare(s, WORLD_KERNEL, WORLD_EMU_SYS, "kernel, emulator's TEST_RUN");
	/* The sum that a test run checks at the end is its own. */
	if (!(s->row->skb & CORPUS_SUM_KNOWN))
		compare(s, WORLD_EMU_SYS, WORLD_EMU, "emulator's TEST_RUN, emulator");
}

static void
test_row_kernel(void **state)
{
	const struct row_state *s = *state;

	if (s->row->not_compared) {
		print_message("not compared: %s %s\n", suite_row_name(s->row),
		              s->row->not_compared);
		skip();
	}
	compare(s, WORLD_KERNEL, WORLD_KERNEL, "two runs of the kernel");
}

/* The folder of TC's programs; else that of the others. */
static bool
is_tc(const char *dir)
{
	const char *name = strrchr(dir, '/');

	return !strcmp(name ? name + 1 : dir, "tc");
}

int
main(int argc, char **argv)
{
	struct suite suite = { .min_records = 1, .kernel = replay_kernel_permitted() };
	bool only_kernel = argc == 4 && !strcmp(argv[1], "-k");
	void (*test)(void **) = only_kernel ? test_row_kernel : test_row;
	int failed;

	if (argc != 3 && !only_kernel) {
		fprintf(stderr, "usage: test_tc [-k] PROGS CAPTURES\n");
		return 2;
	}
	if (!suite.kernel)
		printf("skipped: bpf(2) not permitted\n");
	if (!suite.kernel && only_kernel)
		return 77;
	suite.dir = argv[argc - 2];
	suite_read(&suite, argv[argc - 1]);
	failed = is_tc(suite.dir) ? suite_run(&suite, "tc", tc_rows, tc_row_cnt, test)
	                          : suite_run(&suite, "skb", skb_rows, skb_row_cnt, test);
	replay_packets_fini(&suite.packets);
	return failed != 0;
}
