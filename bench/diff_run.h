/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_run.h - `xdpbench diff`, from the first packet to the exit code.
 */
#ifndef XB_BENCH_DIFF_RUN_H
#define XB_BENCH_DIFF_RUN_H

#include "bench/diff.h"
#include "bench/replay.h"

#include <stdio.h>

struct xb_diff_run_opts {
	struct xb_diff_opts diff;
	struct xb_replay_opts replay; /* without outputs */
	FILE *text;                   /* where the report goes */
};

/* Says its errors. The exit code: of an error, or whether something differs. */
int xb_diff_run(const struct xb_diff_run_opts *opts, struct xb_stats *stats);

#endif
