/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctxrun.h - a context that is run without a capture: its packet becomes one; or, where it has
 * none, a program of any type runs on it.
 */
#ifndef XB_BENCH_CTXRUN_H
#define XB_BENCH_CTXRUN_H

#include "bench/ctxsave.h"
#include "bench/file.h"
#include "bench/session.h"
#include "bench/stats.h"

#include <stdio.h>

#define XB_CTXRUN_NS 1000000000000ull /* the time of such a run: 1,000 s after the boot */

/* A capture with one packet, in memory; `name` is the context's file. XB_ERR_SYSTEM. */
int xb_ctxrun_capture(const u8 *data, u32 bytes, struct xb_file *file, const char *name,
                      struct xb_err *err);

struct xb_ctxrun_opts {
	const struct xb_opts *cli; /* with a context */
	struct xb_session *session;
	struct xb_json *json; /* or NULL */
	FILE *text;           /* or NULL: quiet */
	struct xb_ctxsave *save;
	const char *file; /* of the context, for messages */
};

/*
 * Runs the session's program on the context: a line of JSON, a line of text, faults into *stats,
 * and said. -1 and err where it cannot be run.
 */
int xb_ctxrun(const struct xb_ctxrun_opts *opts, struct xb_stats *stats, struct xb_err *err);

#endif
