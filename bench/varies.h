/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * varies.h - what a program asks for that differs from machine to machine, or from run to run, so
 * that it cannot be compared.
 */
#ifndef XB_BENCH_VARIES_H
#define XB_BENCH_VARIES_H

#include "lib/object.h"

enum xb_varies {
	XB_VARIES_CLOCK = 1, /* what of the results depends on it shows in a run at another time */
	XB_VARIES_ANY = 2,   /* anything may depend on it, from the first call on */
	XB_VARIES_MAPS = 4,  /* the same for a map: from the first packet on */
};

/* A set of such things. */
struct xb_varies_set {
	u32 kinds; /* enum xb_varies */
	u64 rows;  /* bits: which */
};

/* What the chosen program, or one that it may call through a program array, may ask for. */
struct xb_varies_set xb_varies(const struct xb_object *o);

/* Of these, what comes of a call of a helper; one that runs the program's functions: all. */
struct xb_varies_set xb_varies_call(struct xb_varies_set may, u32 helper);

/* "bpf_ktime_get_ns (clock), bpf_get_prandom_u32 (random numbers)" */
const char *xb_varies_text(struct xb_varies_set set, char *text, size_t bytes);

#endif
