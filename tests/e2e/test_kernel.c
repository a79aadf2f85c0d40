/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_kernel.c - every program of the corpus over the captures, in the kernel and in the emulator:
 * verdicts, bytes, metadata, events and maps must be the same.
 *
 *   test_kernel PROGS CAPTURES [FOREIGN]
 *
 * FOREIGN is where Debian's xdp-tools keeps its objects; they run over CAPTURES and over
 * XDPBENCH_PCAPS, a directory of captures, where that is set. Where the kernel is out of reach the
 * two ways into the emulator are compared with each other, and that is said.
 */
#include "tests/e2e/suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_row(void **state)
{
	const struct row_state *s = *state;
	char path[4096];
	const struct replay_opts opts = { path, s->row, s->suite->foreign, &s->suite->packets };
	FILE *by_sys, *by_call;

	snprintf(path, sizeof(path), "%s/%s.o", s->suite->dir, s->row->object);
	if (access(path, R_OK) != 0) {
		print_message("skipped: %s is not installed\n", path);
		skip();
	}
	by_sys = replay(WORLD_EMU_SYS, &opts);
	by_call = replay(WORLD_EMU, &opts);
	if (s->row->not_compared) {
		FILE *again = replay(WORLD_EMU, &opts);

		print_message("not compared with the kernel: %s %s\n", s->row->object,
		              s->row->not_compared);
		suite_assert_same(s, by_call, again, "two runs of the emulator");
		fclose(again);
	} else {
		suite_assert_same(s, by_sys, by_call, "emulator's TEST_RUN, emulator");
	}
	if (!s->row->not_compared && suite_has_kernel(s)) {
		FILE *kernel = replay(WORLD_KERNEL, &opts);

		suite_assert_same(s, kernel, by_sys, "kernel, emulator's TEST_RUN");
		fclose(kernel);
	}
	fclose(by_sys);
	fclose(by_call);
}

int
main(int argc, char **argv)
{
	struct suite suite = { .min_records = 3, .kernel = replay_kernel_permitted() };
	int failed;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: test_kernel PROGS CAPTURES [FOREIGN]\n");
		return 2;
	}
	if (!suite.kernel)
		printf("skipped: bpf(2) not permitted\n");
	suite_read(&suite, argv[2]);
	if (argc == 3) {
		suite.dir = argv[1];
		failed = suite_run(&suite, "corpus", corpus_rows, corpus_row_cnt, test_row);
	} else {
		suite.dir = argv[3];
		suite.foreign = true;
		failed = suite_run(&suite, "foreign objects", foreign_rows, foreign_row_cnt,
		                   test_row);
	}
	replay_packets_fini(&suite.packets);
	return failed != 0;
}
