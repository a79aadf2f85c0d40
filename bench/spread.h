/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spread.h - packets over several vCPUs at a time; results in the order of the input.
 *
 *   reader ─▶ intake ─▶ batch ─┬▶ share of vCPU 0 ─▶ results ─┬▶ outlet ─▶ outputs
 *                              └▶ share of vCPU 1 ─▶ results ─┘
 *
 * As many threads as vCPUs, the caller's among them: it fills batches, writes those that are done,
 * and where neither can be done runs shares as the others do. With a thread more, N cores would be
 * shared by N + 1 threads, and a tenth of their time is lost. Some batches are on their way at a
 * time. Of a vCPU's packets none overtakes another. Which vCPU: the queue modulo their number where
 * --ctx or the capture (epb_queue) names one, else by the packet's flow (bench/rss.h); programs see
 * the queue that was named, or 0.
 *
 * Batches are small at first, and grow as long as they take neither much memory nor much time: what
 * is on its way when the user stops the run is still run and written.
 */
#ifndef XB_BENCH_SPREAD_H
#define XB_BENCH_SPREAD_H

#include "bench/opts.h"
#include "bench/outlet.h"
#include "bench/session.h"
#include "bench/stats.h"

struct xb_spread;

struct xb_spread_opts {
	const struct xb_opts *cli; /* cpus: how many */
	struct xb_session *session;
	struct xb_reader *reader; /* that packets come from */
	struct xb_outlet *outlet;
	struct xb_stats *stats; /* complete when the spread is closed */
};

/* XB_ERR_USAGE where the context's helper calls come out of a recording; else memory, threads. */
struct xb_spread *xb_spread_open(const struct xb_spread_opts *opts, struct xb_err *err);

/* One of the vCPUs' paths, which are all alike. */
const struct xb_path *xb_spread_path(const struct xb_spread *s);

/* As xb_runner_boot(): before the first packet. */
void xb_spread_boot(struct xb_spread *s, u64 first_ns);

/* For struct xb_intake_opts, with the spread as arg: says it when the next packet's turn comes. */
void xb_spread_say(void *spread, const char *text);

/*
 * Takes the packet of r, as xb_intake_packet() leaves it: the reader's last one. Packets before it
 * may go out. -1 and err where an output fails.
 */
int xb_spread_packet(struct xb_spread *s, const struct xb_result *r, bool runs, struct xb_err *err);

/* Waits until all packets have gone out. */
int xb_spread_drain(struct xb_spread *s, struct xb_err *err);

/* Ends the threads, and adds up what they counted. NULL is allowed. */
void xb_spread_close(struct xb_spread *s);

#endif
