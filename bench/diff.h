/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - the emulator against the running kernel: each packet through BPF_PROG_TEST_RUN of both,
 * and what came of it compared; at the end every map.
 *
 * The session's kernel runs the packet first. A twin of the emulator, with a session of its own,
 * runs it a third time: by single steps, so that there is a trace, and at another time of day, so
 * that it shows which of the results are a clock's.
 */
#ifndef XB_BENCH_DIFF_H
#define XB_BENCH_DIFF_H

#include "bench/result.h"
#include "bench/session.h"
#include "bench/testrun.h"

struct xb_diff;

struct xb_diff_opts {
	const struct xb_opts *cli;
	struct xb_session *session;         /* open, with a kernel */
	const struct xb_session_opts *twin; /* for a second one of the same objects */
	struct xb_json *json; /* a line for each difference, and a last one; or NULL */
};

/* Becomes the session's, until it is closed. */
struct xb_diff *xb_diff_open(const struct xb_diff_opts *opts, struct xb_err *err);
void xb_diff_close(struct xb_diff *d); /* NULL is allowed */

/* Puts readers on the emulators' maps of events, for comparison. */
int xb_diff_listen(struct xb_diff *d, struct xb_err *err);

/* Where what the kernel puts out is to go. */
struct xb_notes *xb_diff_native_notes(struct xb_diff *d);

/* Runs the packet that the kernel has just run, and compares. */
void xb_diff_packet(struct xb_diff *d, const struct xb_result *r, const struct xb_testrun_out *out);

/* After the last packet: compares the maps. */
int xb_diff_maps(struct xb_diff *d, struct xb_err *err);

/* Whether anything differed. */
bool xb_diff_differs(const struct xb_diff *d);

/* Writes what was found; with a line of JSON, too. */
void xb_diff_report(struct xb_diff *d, const struct xb_stats *stats, FILE *text);

#endif
