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
#include "tests/e2e/record.h"
#include "tests/e2e/replay.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PACKETS_PER_CAPTURE 1000
#define MUTATED_PACKETS     2000

struct suite {
	const char *dir;
	bool foreign;
	bool kernel;
	struct replay_packets packets;
};

struct row_state {
	const struct suite *suite;
	const struct corpus_row *row;
};

/* Compares two worlds; the test fails with the place where they part. */
static void
assert_same(const struct row_state *s, FILE *a, FILE *b, const char *worlds)
{
	char what[1024] = "";
	bool same;
	u32 cnt;

	assert_non_null(a);
	assert_non_null(b);
	cnt = record_compare(a, b, &same, what, sizeof(what));
	if (!same)
		fail_msg("%s: %s: after %u records that agree: %s", s->row->object, worlds, cnt,
		         what);
	/* Three records a packet: fewer, and something refused to start, in both worlds. */
	if (cnt < 3 * s->suite->packets.cnt)
		fail_msg("%s: %s: only %u records", s->row->object, worlds, cnt);
}

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
		assert_same(s, by_call, again, "two runs of the emulator");
		fclose(again);
	} else {
		assert_same(s, by_sys, by_call, "emulator's TEST_RUN, emulator");
	}
	if (s->suite->kernel && !s->row->not_compared) {
		FILE *kernel = replay(WORLD_KERNEL, &opts);

		assert_same(s, kernel, by_sys, "kernel, emulator's TEST_RUN");
		fclose(kernel);
	}
	fclose(by_sys);
	fclose(by_call);
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

static int
run_rows(struct suite *suite, const char *name, const struct corpus_row *rows, u32 cnt)
{
	struct CMUnitTest *tests = calloc(cnt, sizeof(*tests));
	struct row_state *states = calloc(cnt, sizeof(*states));
	int failed = 1;

	for (u32 i = 0; tests && states && i < cnt; i++) {
		states[i] = (struct row_state){ suite, &rows[i] };
		tests[i] = (struct CMUnitTest){ .name = rows[i].object,
			                        .test_func = test_row,
			                        .initial_state = &states[i] };
	}
	if (tests && states && suite->packets.cnt)
		failed = _cmocka_run_group_tests(name, tests, cnt, NULL, NULL);
	free(tests);
	free(states);
	return failed;
}

int
main(int argc, char **argv)
{
	const char *pcaps = getenv("XDPBENCH_PCAPS");
	struct suite suite = { .kernel = replay_kernel_permitted() };
	int failed;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: test_kernel PROGS CAPTURES [FOREIGN]\n");
		return 2;
	}
	if (!suite.kernel)
		printf("skipped: bpf(2) not permitted\n");
	read_directory(&suite.packets, argv[2], UINT32_MAX);
	if (pcaps)
		read_directory(&suite.packets, pcaps, PACKETS_PER_CAPTURE);
	else
		printf("skipped: XDPBENCH_PCAPS names no directory of captures\n");
	replay_mutate(&suite.packets, MUTATED_PACKETS, 1);
	printf("%u packets\n", suite.packets.cnt);
	if (argc == 3) {
		suite.dir = argv[1];
		failed = run_rows(&suite, "corpus", corpus_rows, corpus_row_cnt);
	} else {
		suite.dir = argv[3];
		suite.foreign = true;
		failed = run_rows(&suite, "foreign objects", foreign_rows, foreign_row_cnt);
	}
	replay_packets_fini(&suite.packets);
	return failed != 0;
}
