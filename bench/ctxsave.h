/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctxsave.h - contexts that packets started with, into files: --save-ctx has one for each packet
 * that was run, --record one with the calls of helpers of the first.
 */
#ifndef XB_BENCH_CTXSAVE_H
#define XB_BENCH_CTXSAVE_H

#include "bench/file.h"
#include "bench/opts.h"
#include "bench/result.h"

struct xb_captured;
struct xb_emu;
struct xb_path;

struct xb_ctxsave_opts {
	const struct xb_opts *cli;
	struct xb_emu *emu;
	struct xb_file record; /* of --record, or none */
	/* Whether a file that is made here may be written: it may be one that is read. */
	int (*check)(const void *arg, const struct xb_file *file, struct xb_err *err);
	const void *check_arg;
};

struct xb_ctxsave;

/* NULL and err where there is no memory. */
struct xb_ctxsave *xb_ctxsave_open(const struct xb_ctxsave_opts *opts, struct xb_err *err);

/* Before a run: calls are recorded from here on, where they are wanted. */
void xb_ctxsave_begin(struct xb_ctxsave *s);

/* After the run of a packet. -1 and err where a file cannot be written. */
int xb_ctxsave_packet(struct xb_ctxsave *s, const struct xb_path *path, const struct xb_result *r,
                      struct xb_err *err);

/* The same for a context without a packet; `n` names its file. */
int xb_ctxsave_context(struct xb_ctxsave *s, const struct xb_context *c, u64 n, struct xb_err *err);

/* At the end, of `ran` runs: -1 and err where there was nothing to record. */
int xb_ctxsave_finish(struct xb_ctxsave *s, u64 ran, struct xb_err *err);

/* NULL is allowed. */
void xb_ctxsave_close(struct xb_ctxsave *s);

#endif
