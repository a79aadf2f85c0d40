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

/* A line for each map. */
int xb_lines_maps(struct xb_json *j, const struct xb_session *s, struct xb_err *err);

void xb_lines_summary(struct xb_json *j, const struct xb_session *session,
                      const struct xb_stats *s);

#endif
