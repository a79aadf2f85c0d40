/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/runner.h"

#include "emu/timer.h"

#include <time.h>

#define BOOT_BEFORE_NS                                                                             \
	1000000000000ull /* programs find the machine up for 1,000 s at the first packet */

static u64
wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

static struct xb_clock *
clock_of(const struct xb_runner *runner)
{
	return &runner->opts.session->emu->clock;
}

/* The time at which a packet is seen that was captured at ts_ns. */
static u64
time_of(const struct xb_runner *runner, u64 ts_ns)
{
	if (runner->opts.cli->clock == XB_CLOCK_CAPTURE)
		return ts_ns;
	return runner->opts.cli->clock == XB_CLOCK_WALL ? wall_ns() : clock_of(runner)->now_ns;
}

/* Timers fire before the packet that comes next; what they print is put down to it. */
static void
set_clock(struct xb_runner *runner, u64 now_ns)
{
	const struct xb_fault *fault;

	while ((fault = xb_timer_run_until(runner->opts.session->emu, now_ns)) != NULL)
		runner->opts.fault(runner->opts.arg, &runner->r, fault);
	clock_of(runner)->now_ns = now_ns;
}

void
xb_runner_boot(struct xb_runner *runners, u32 cnt, u64 first_ns)
{
	const struct xb_opts *cli = runners[0].opts.cli;
	u64 now_ns = time_of(&runners[0], first_ns);
	u64 boot_ns = now_ns > BOOT_BEFORE_NS ? now_ns - BOOT_BEFORE_NS : 0;

	for (u32 i = 0; i < cnt; i++) {
		if (cli->clock == XB_CLOCK_FIXED) {
			*clock_of(&runners[i]) = (struct xb_clock){ .now_ns = cli->clock_ns };
			continue;
		}
		set_clock(&runners[i], now_ns);
		clock_of(&runners[i])->boot_ns = boot_ns;
	}
}

int
xb_runner_run(struct xb_runner *runner, struct xb_err *err)
{
	struct xb_ctxsave *save = runner->opts.save;

	set_clock(runner, time_of(runner, runner->r.ts_ns));
	if (XB_UNLIKELY(save != NULL))
		xb_ctxsave_begin(save);
	if (xb_path_run(runner->path, &runner->r, err) != 0)
		return -1;
	if (XB_UNLIKELY(save != NULL) &&
	    xb_ctxsave_packet(save, runner->path, &runner->r, err) != 0)
		return -1;
	xb_session_collect(runner->opts.session, &runner->notes);
	return 0;
}

int
xb_runner_init(struct xb_runner *runner, const struct xb_runner_opts *opts, struct xb_err *err)
{
	const struct xb_path_opts path = {
		.cli = opts->cli,
		.session = opts->session,
		.vcpu = opts->vcpu,
		.stats = opts->stats,
		.need_data = opts->need_data,
		.send = opts->send,
		.fault = opts->fault,
		.arg = opts->arg,
	};

	*runner = (struct xb_runner){ .opts = *opts };
	runner->notes.keep_events = opts->keep_events;
	runner->notes.keep_text = opts->keep_text;
	runner->r.notes = &runner->notes;
	runner->r.vcpu = opts->vcpu;
	runner->path = xb_path_open(&path, err);
	return runner->path ? 0 : -1;
}

void
xb_runner_fini(struct xb_runner *runner)
{
	xb_path_close(runner->path);
	xb_notes_fini(&runner->notes);
	runner->path = NULL;
}
