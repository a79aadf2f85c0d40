/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - what a job costs in a pool of the library, where the program does next to nothing: put
 * in by one thread, run by another.
 */
#ifndef XB_TESTS_PERF_POOL_H
#define XB_TESTS_PERF_POOL_H

#include "xdpbench/err.h"

struct pool_figures {
	double job_ns;     /* of a pool with one virtual CPU */
	double process_ns; /* a process made, run and freed by the thread itself */
	double reset_ns;   /* one process, run and reset */
};

/* With contexts of type xdp_md, of 60 bytes, for about a second each. 0, or -1 and err. */
int pool_measure(struct pool_figures *f, struct xb_err *err);

#endif
