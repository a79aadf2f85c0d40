/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * engine.h - what a packet costs inside the process: buffer set up, program run, result taken.
 */
#ifndef XB_TESTS_PERF_ENGINE_H
#define XB_TESTS_PERF_ENGINE_H

#include "tests/perf/traffic.h"
#include "vm/err.h"

struct engine_figures {
	double mix_ns;    /* a packet, TRAFFIC_CNT different ones in turn */
	double same_ns;   /* a packet, one repeated */
	double mix_insns; /* a packet */
	double load_ns;   /* of mix_ns: the buffer and context of the packet set up */
};

/*
 * Runs the object's only program, one for XDP or TC, over the mix, for about a second. 0, or -1 and
 * err.
 */
int engine_measure(const char *object, const struct traffic_packet *mix, struct engine_figures *f,
                   struct xb_err *err);

#endif
