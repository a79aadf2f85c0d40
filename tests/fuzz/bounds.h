/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bounds.h - where the objects lie that a program may touch, by their owners' word and not by the
 * machine's shadow: an engine that lets an access pass beside one of them is wrong, and so is one
 * that stops an access within.
 */
#ifndef XB_TESTS_FUZZ_BOUNDS_H
#define XB_TESTS_FUZZ_BOUNDS_H

#include "tests/fuzz/program.h"
#include "vm/proc.h"

#define BOUNDS_MOST 16u

struct xb_map;

struct bounds {
	struct bound {
		u64 gaddr, bytes;
	} values[BOUNDS_MOST]; /* of arrays, where they stay */
	u32 cnt;
	bool xdp;          /* the context tells where the packet is */
	char message[128]; /* what was wrong in the last run, or empty */
	u32 pc;
};

void bounds_open(struct bounds *b, struct xb_map *const maps[MAP_CNT]);

/* Drives the process, whose `user` is the bounds, step by step, and looks at each access. */
enum xb_run_status bounds_drive(struct xb_proc *proc);

#endif
