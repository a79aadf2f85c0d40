/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_step.c - every program of the corpus over the captures, run at once, by single steps, and on
 * a strict machine: registers, instructions, the stack, what became of the packet, events and maps
 * must be the same. And what compilers make reads nothing that was not written.
 *
 *   test_step PROGS CAPTURES
 */
#include "tests/e2e/suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void
test_row(void **state)
{
	const struct row_state *s = *state;
	char path[4096];
	const struct replay_opts opts = { path, s->row, false, &s->suite->packets };
	FILE *run, *step, *strict;

	snprintf(path, sizeof(path), "%s/%s.o", s->suite->dir, s->row->object);
	run = replay(WORLD_EMU_RUN, &opts);
	step = replay(WORLD_EMU_STEP, &opts);
	strict = replay(WORLD_EMU_STRICT, &opts);
	suite_assert_same(s, run, step, "run and stepped");
	suite_assert_same(s, run, strict, "run and run strictly");
	fclose(run);
	fclose(step);
	fclose(strict);
}

int
main(int argc, char **argv)
{
	struct suite suite = { .min_records = 3 };
	char dir[4096];
	int failed;

	if (argc != 3) {
		fprintf(stderr, "usage: test_step PROGS CAPTURES\n");
		return 2;
	}
	suite_read(&suite, argv[2]);
	suite.dir = argv[1];
	failed = suite_run(&suite, "corpus", corpus_rows, corpus_row_cnt, test_row);
	suite.dir = dir;
	suite.min_records = 1; /* a packet that is refused has one */
	snprintf(dir, sizeof(dir), "%s/tc", argv[1]);
	failed |= suite_run(&suite, "tc", tc_rows, tc_row_cnt, test_row);
	snprintf(dir, sizeof(dir), "%s/skb", argv[1]);
	failed |= suite_run(&suite, "skb", skb_rows, skb_row_cnt, test_row);
	replay_packets_fini(&suite.packets);
	return failed != 0;
}
