/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lines.h - the lines of --json: one object for each packet, then the maps, then the summary.
 */
#ifndef XB_BENCH_LINES_H
#define XB_BENCH_LINES_H

#include "bench/result.h"
#include "bench/session.h"
#include "emu/json.h"

struct xb_lines_opts {
	const struct xb_session *session; /* for the names of maps */
	bool no_data;                     /* leave "data" out */
};

void xb_lines_packet(struct xb_json *j, const struct xb_lines_opts *opts,
                     const struct xb_result *r);

/* A run of a context that has no packet. */
struct xb_lines_context {
	const struct xb_session *session;
	u64 r0, insns;
	const struct xb_fault *fault; /* or NULL */
	const struct xb_notes *notes;
};

/* `after` is the context after the run, JSON of `bytes`. */
void xb_lines_context(struct xb_json *j, const struct xb_lines_context *line, const char *after,
                      size_t bytes);

/* A line for each map. */
int xb_lines_maps(struct xb_json *j, const struct xb_session *s, struct xb_err *err);

void xb_lines_summary(struct xb_json *j, const struct xb_session *session,
                      const struct xb_stats *s);

#endif
