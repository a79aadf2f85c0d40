/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * suite.h - what the tests of whole programs share: the packets of all captures, a test a row, and
 * the comparison of two replays.
 */
#ifndef XB_TESTS_E2E_SUITE_H
#define XB_TESTS_E2E_SUITE_H

#include "tests/e2e/replay.h"

struct suite {
	const char *dir; /* of the objects */
	bool foreign;    /* objects that others made, and that may be missing */
	bool kernel;     /* bpf(2) is permitted */
	u32 min_records; /* a packet, of a replay that did not stop early */
	struct replay_packets packets;
};

struct row_state {
	const struct suite *suite;
	const struct corpus_row *row;
};

/*
 * Reads all captures of a directory, and of the one that XDPBENCH_PCAPS names; adds packets with
 * random changes.
 */
void suite_read(struct suite *suite, const char *dir);

/* A cmocka group of `test` with each row; its state is a struct row_state. Its result. */
int suite_run(struct suite *suite, const char *name, const struct corpus_row *rows, u32 cnt,
              void (*test)(void **state));

const char *suite_row_name(const struct corpus_row *row);

/* Whether the kernel can do this row; where its network cannot be made, that is said. */
bool suite_has_kernel(const struct row_state *s);

/* Compares two worlds; the test fails with the place where they part. */
void suite_assert_same(const struct row_state *s, FILE *a, FILE *b, const char *worlds);

#endif
