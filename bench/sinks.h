/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sinks.h - the files that -w writes, and their interfaces: which one a packet goes to.
 *
 * There is one file, or one for each verdict (%v) or interface (%i) that a packet had. A file has
 * an interface for all that its packets came in by or were sent to, made with the first of them.
 */
#ifndef XB_BENCH_SINKS_H
#define XB_BENCH_SINKS_H

#include "bench/output.h"
#include "bench/verdict.h"
#include "pcaps/writer.h"

#define XB_SINK_UNMATCHED XB_VERDICT_CNT       /* for %v: no program ran */
#define XB_SINK_CLONE     (XB_VERDICT_CNT + 1) /* for %v: sent off by bpf_clone_redirect */

struct xb_sinks;

/* Where a packet goes. */
struct xb_sink_port {
	struct xb_writer *writer;
	u32 if_id;                     /* in the writer's file */
	struct xb_writer_stats *stats; /* of that interface, valid until the next xb_sinks_find() */
};

/* Whether the name makes more than one file. */
bool xb_sinks_is_template(const char *name);

/* Takes opts->file over. NULL and err: it is the caller's as before. */
struct xb_sinks *xb_sinks_open(const struct xb_output_opts *opts, struct xb_err *err);

/*
 * The place for a packet of a verdict, or one of XB_SINK_*, at `port`; it came in by the capture's
 * interface if_idx. Makes file and interface where they are new. 0, or -1 and err.
 */
int xb_sinks_find(struct xb_sinks *sinks, u32 verdict, struct xb_port port, u32 if_idx,
                  struct xb_sink_port *to, struct xb_err *err);

/* Writes statistics, closes all files, frees. 0, or -1 and the first error. */
int xb_sinks_close(struct xb_sinks *sinks, struct xb_err *err);

#endif
