/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inspect.h - `xdpbench inspect`: what is in an object, and which of it is emulated.
 */
#ifndef XB_BENCH_INSPECT_H
#define XB_BENCH_INSPECT_H

#include "bench/opts.h"

/*
 * Returns the exit code: 0 also where the object needs what is not emulated; 3 where libbpf cannot
 * read it.
 */
int xb_inspect_main(const struct xb_opts *cli);

#endif
