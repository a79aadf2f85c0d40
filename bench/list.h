/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - `xdpbench list`: what the emulator knows, from its own tables.
 */
#ifndef XB_BENCH_LIST_H
#define XB_BENCH_LIST_H

#include "bench/opts.h"

/* Returns the exit code. */
int xb_list_main(const struct xb_opts *cli);

#endif
