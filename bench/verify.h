/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verify.h - xdpbench --verify, xdpbench inspect --verify: what the running kernel's verifier says
 * of an object's programs.
 */
#ifndef XB_BENCH_VERIFY_H
#define XB_BENCH_VERIFY_H

#include "bench/opts.h"

/*
 * Loads each program by itself, or the one of -p. The exit code: 0 all are accepted, 1 the verifier
 * refuses one, 2 no privilege, 3 one cannot be loaded for another reason.
 */
int xb_verify_main(const struct xb_opts *opts);

#endif
