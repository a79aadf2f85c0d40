/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/replay.h"

#include "bench/outlet.h"
#include "bench/intake.h"
#include "bench/progress.h"
#include "bench/runner.h"
#include "bench/say.h"
#include "bench/spread.h"

#include <errno.h>
#include <stdlib.h>

struct replay {
	struct xb_replay_opts opts;
	struct xb_stats *stats;
	struct xb_err *err;
	struct xb_intake intake;
	struct xb_spread *spread; /* with several vCPUs, in place of: */
	struct xb_runner runner;
	struct xb_result in; /* with several: the packet that was taken in */
	struct xb_outlet outlet;
	struct xb_progress progress;
};

static void
say(void *arg, const char *text)
{
	(void)arg;
	xb_say("%s", text);
}

/* For struct xb_runner_opts. */
static void
note_fault(void *arg, const struct xb_result *r, const struct xb_fault *fault)
{
	const struct replay *p = arg;

	xb_stats_fault(p->stats, fault, r->n);
	xb_outlet_fault(&p->outlet, r, fault);
}

/* The same. */
static int
send(void *arg, const struct xb_result *r, const struct xb_path_send *what, struct xb_err *err)
{
	const struct replay *p = arg;

	return xb_outlet_send(&p->outlet, r, what, err);
}

/* Takes a packet in, and hands it to its vCPU. */
static int
spread_packet(struct replay *p, const struct xb_packet *pkt)
{
	int rc;

	if (XB_UNLIKELY(p->intake.n == 0))
		xb_spread_boot(p->spread, pkt->ts_ns);
	rc = xb_intake_packet(&p->intake, pkt, &p->in, p->err);
	return rc < 0 ? -1 : xb_spread_packet(p->spread, &p->in, rc > 0, p->err);
}

static int
replay_packet(struct replay *p, const struct xb_packet *pkt)
{
	struct xb_runner *runner = &p->runner;
	int rc;

	if (XB_UNLIKELY(p->intake.n == 0)) {
		runner->r.ts_ns = pkt->ts_ns;
		xb_runner_boot(runner, xb_runner_time(runner, pkt->ts_ns));
	}
	xb_runner_clear(runner);
	rc = xb_intake_packet(&p->intake, pkt, &runner->r, p->err);
	if (rc < 0 || (rc > 0 && xb_runner_run(runner, p->err) != 0))
		return -1;
	return xb_outlet_result(&p->outlet, &runner->r, p->err);
}

/* The capture once. 1: stopped; 0: at its end; -1. */
static int
replay_round(struct replay *p, u64 round)
{
	const struct xb_opts *cli = p->opts.cli;
	u64 end = cli->count && cli->count < UINT64_MAX - cli->skip ? cli->skip + cli->count
	                                                            : UINT64_MAX;
	struct xb_packet pkt;

	for (u64 i = 0; i < end; i++) {
		int rc = *p->opts.stop ? 2 : xb_reader_next(p->opts.reader, &pkt, p->err);

		if (rc != 1)
			return rc == 2 ? 1 : rc;
		if (i < cli->skip)
			continue;
		if ((p->spread ? spread_packet(p, &pkt) : replay_packet(p, &pkt)) != 0)
			return -1;
		if (p->intake.n % XB_PROGRESS_EVERY == 0)
			xb_progress_update(&p->progress, p->opts.reader, round, p->intake.n);
	}
	return 0;
}

/* Outputs ask for the names of interfaces, which are there anew only when they are read again. */
static bool
has_names(const struct xb_reader *reader)
{
	for (u32 i = 0; i < xb_reader_iface_cnt(reader); i++)
		if (xb_reader_iface(reader, i)->name[0])
			return true;
	return false;
}

static int
rewind_capture(struct replay *p)
{
	if (p->spread && has_names(p->opts.reader) && xb_spread_drain(p->spread, p->err) != 0)
		return -1;
	return xb_reader_rewind(p->opts.reader, p->err);
}

static int
replay_all(struct replay *p)
{
	int rc = 0;

	for (u64 round = 0; rc == 0 && round < p->opts.cli->repeat; round++) {
		if (round && rewind_capture(p) != 0)
			return -1;
		rc = replay_round(p, round);
		xb_intake_end_round(&p->intake);
		if (rc == 0 && p->intake.n == 0)
			break;
	}
	return rc < 0 ? -1 : 0;
}

/* What packets run on: one vCPU, here, or several. */
static int
open_runner(struct replay *p)
{
	const struct xb_runner_opts opts = {
		.cli = p->opts.cli,
		.session = p->opts.session,
		.stats = p->stats,
		.need_data = xb_outlet_wants_data(&p->outlet),
		.keep_text = xb_outlet_wants_text(&p->outlet),
		.keep_events = xb_outlet_wants_events(&p->outlet),
		.save = p->opts.save,
		.send = p->opts.output ? send : NULL,
		.fault = note_fault,
		.arg = p,
	};

	if (xb_runner_init(&p->runner, &opts, p->err) != 0)
		return -1;
	return xb_session_listen(p->opts.session, &p->runner.notes, !p->opts.cli->no_events,
	                         p->err);
}

static int
open_spread(struct replay *p)
{
	const struct xb_spread_opts opts = {
		.cli = p->opts.cli,
		.session = p->opts.session,
		.reader = p->opts.reader,
		.outlet = &p->outlet,
		.stats = p->stats,
	};

	p->spread = xb_spread_open(&opts, p->err);
	return p->spread ? 0 : -1;
}

static int
init(struct replay *p)
{
	bool several = p->opts.cli->cpus > 1;
	struct xb_intake_opts intake = {
		.cli = p->opts.cli,
		.session = p->opts.session,
		.capture = p->opts.capture,
		.stats = p->stats,
		.say = say,
	};

	if ((several ? open_spread(p) : open_runner(p)) != 0)
		return -1;
	intake.path = several ? xb_spread_path(p->spread) : p->runner.path;
	if (several) {
		intake.say = xb_spread_say;
		intake.arg = p->spread;
	}
	xb_intake_init(&p->intake, &intake);
	xb_intake_start(&p->intake, several ? &p->in : &p->runner.r);
	return 0;
}

/* All packets that were taken in go out, whatever stopped the replay. */
static int
drain(struct replay *p, int rc)
{
	struct xb_err next = XB_ERR_INIT;

	if (!p->spread)
		return rc;
	return xb_spread_drain(p->spread, rc == 0 ? p->err : &next) == 0 ? rc : -1;
}

static void
fini(struct replay *p)
{
	xb_intake_fini(&p->intake);
	if (p->spread) {
		xb_spread_close(p->spread);
		return;
	}
	p->stats->events = p->runner.notes.event_cnt;
	p->stats->printks = p->runner.notes.printk_cnt;
	p->opts.session->emu->hooks = (struct xb_emu_hooks){ 0 };
	xb_runner_fini(&p->runner);
}

int
xb_replay(const struct xb_replay_opts *opts, struct xb_stats *stats, struct xb_err *err)
{
	struct replay *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return xb_err_errno(err, ENOMEM, "replay");
	p->opts = *opts;
	p->stats = stats;
	p->err = err;
	p->outlet = (struct xb_outlet){
		.cli = opts->cli,
		.session = opts->session,
		.capture = opts->capture,
		.output = opts->output,
		.json = opts->json,
		.trace = opts->trace,
	};
	xb_progress_init(&p->progress, !opts->cli->quiet && !opts->cli->no_progress,
	                 opts->cli->repeat);
	rc = init(p);
	stats->start_ns = xb_now_ns();
	if (rc == 0)
		rc = drain(p, replay_all(p));
	stats->end_ns = xb_now_ns();
	xb_progress_clear(&p->progress);
	fini(p);
	free(p);
	return rc;
}
