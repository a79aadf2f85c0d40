/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary.h - what a run came to, for people.
 */
#ifndef XB_BENCH_SUMMARY_H
#define XB_BENCH_SUMMARY_H

#include "bench/session.h"
#include "bench/stats.h"

#include <stdio.h>

struct xb_summary_opts {
	const struct xb_session *session; /* for files and programs */
	bool interrupted;
};

void xb_summary_print(FILE *to, const struct xb_summary_opts *opts, const struct xb_stats *s);

/* "fw.bpf.c:33 in xdp_fw, insn 17", into buf. */
void xb_summary_place(const struct xb_prog *prog, u32 pc, char *buf, size_t bytes);

#endif
