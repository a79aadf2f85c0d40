/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - `xdpbench run`: the main job. Files are opened first, then a worker loads and replays.
 */
#ifndef XB_BENCH_RUN_H
#define XB_BENCH_RUN_H

#include "bench/opts.h"

/* Returns the exit code; everything has been said. */
int xb_run_main(const struct xb_opts *cli);

#endif
