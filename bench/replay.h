/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.h - the loop: packets out of a capture, through the program, into the outputs.
 */
#ifndef XB_BENCH_REPLAY_H
#define XB_BENCH_REPLAY_H

#include "bench/ctxsave.h"
#include "bench/opts.h"
#include "bench/output.h"
#include "bench/session.h"
#include "bench/stats.h"
#include "emu/json.h"
#include "pcaps/reader.h"

#include <signal.h>
#include <stdio.h>

struct xb_replay_opts {
	const struct xb_opts *cli;
	struct xb_session *session;
	struct xb_reader *reader;
	const char *capture;      /* its name, for messages */
	struct xb_output *output; /* or NULL */
	struct xb_json *json;     /* or NULL */
	FILE *trace;              /* or NULL: a line for each packet */
	struct xb_ctxsave *save;  /* or NULL */
	const volatile sig_atomic_t *stop;
};

/*
 * Replays the capture as the options ask and counts into *stats (initialised by the caller). 0 at
 * the end, or when *stop is set; -1 and err where a file fails: what was counted and written until
 * then stands.
 */
int xb_replay(const struct xb_replay_opts *opts, struct xb_stats *stats, struct xb_err *err);

#endif
