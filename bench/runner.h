/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * runner.h - a vCPU that packets run on: their path, the time they see, what programs say.
 *
 * Runners of different vCPUs share the session, and nothing else: each may run on a thread of its
 * own.
 */
#ifndef XB_BENCH_RUNNER_H
#define XB_BENCH_RUNNER_H

#include "bench/ctxsave.h"
#include "bench/notes.h"
#include "bench/opts.h"
#include "bench/path.h"
#include "bench/result.h"
#include "bench/session.h"
#include "bench/stats.h"

struct xb_runner_opts {
	const struct xb_opts *cli;
	struct xb_session *session;
	u32 vcpu;
	struct xb_stats *stats;
	bool need_data, keep_text, keep_events; /* somebody wants them */
	struct xb_ctxsave *save;                /* of one vCPU; or NULL */
	/* As in struct xb_path_opts, also for faults of timers. */
	int (*send)(void *arg, const struct xb_result *r, const struct xb_path_send *send,
	            struct xb_err *err);
	void (*fault)(void *arg, const struct xb_result *r, const struct xb_fault *fault);
	void *arg;
};

struct xb_runner {
	struct xb_runner_opts opts;
	struct xb_path *path;
	struct xb_emu *emu;
	struct xb_clock *clock; /* of the vCPU; from xb_runner_boot() on */
	struct xb_notes notes;
	struct xb_result
	        r; /* of the packet that runs: the caller fills what comes before the run */
};

/* On failure there is nothing to clean up. */
int xb_runner_init(struct xb_runner *runner, const struct xb_runner_opts *opts, struct xb_err *err);
void xb_runner_fini(struct xb_runner *runner);

/* The time at which programs find themselves for a packet captured at ts_ns. */
u64 xb_runner_time(const struct xb_runner *runner, u64 ts_ns);

/* Before the first packet, at which it is now_ns: fixes when the machine was booted. */
void xb_runner_boot(struct xb_runner *runner, u64 now_ns);

/* Forgets what the packet before said. */
static inline void
xb_runner_clear(struct xb_runner *runner)
{
	if (runner->notes.cnt)
		xb_notes_clear(&runner->notes);
}

/* Runs the packet in runner->r. -1 and err where `send` fails. */
int xb_runner_run(struct xb_runner *runner, struct xb_err *err);

#endif
