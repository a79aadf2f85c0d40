/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/runner.h"

#include "emu/timer.h"
#include "emu/vcpu.h"

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

u64
xb_runner_time(const struct xb_runner *runner, u64 ts_ns)
{
	const struct xb_opts *cli = runner->opts.cli;

	if (cli->clock == XB_CLOCK_CAPTURE)
		return ts_ns;
	return cli->clock == XB_CLOCK_WALL ? wall_ns() : cli->clock_ns;
}

static const struct xb_fault *
run_timers(const struct xb_runner *runner, u64 now_ns)
{
	struct xb_emu *emu = runner->emu;

	return XB_UNLIKELY(emu->concurrent) ? xb_timer_run_on(emu, runner->opts.vcpu, now_ns)
	                                    : xb_timer_run_until(emu, now_ns);
}

/* Timers fire before the packet that comes next; what they print is put down to it. */
static void
set_clock(struct xb_runner *runner, u64 now_ns)
{
	const struct xb_fault *fault;

	while ((fault = run_timers(runner, now_ns)) != NULL)
		runner->opts.fault(runner->opts.arg, &runner->r, fault);
	runner->clock->now_ns = now_ns;
}

void
xb_runner_boot(struct xb_runner *runner, u64 now_ns)
{
	struct xb_clock *clock = xb_emu_clock(runner->emu, runner->opts.vcpu);

	runner->clock = clock;
	if (runner->opts.cli->clock == XB_CLOCK_FIXED) {
		*clock = (struct xb_clock){ .now_ns = runner->opts.cli->clock_ns };
		return;
	}
	set_clock(runner, now_ns);
	clock->boot_ns = now_ns > BOOT_BEFORE_NS ? now_ns - BOOT_BEFORE_NS : 0;
}

int
xb_runner_run(struct xb_runner *runner, struct xb_err *err)
{
	bool captured = runner->opts.cli->clock == XB_CLOCK_CAPTURE;
	struct xb_ctxsave *save = runner->opts.save;

	set_clock(runner,
	          XB_LIKELY(captured) ? runner->r.ts_ns : xb_runner_time(runner, runner->r.ts_ns));
	if (XB_UNLIKELY(save != NULL))
		xb_ctxsave_begin(save);
	if (xb_path_run(runner->path, &runner->r, err) != 0)
		return -1;
	if (XB_UNLIKELY(save != NULL) &&
	    xb_ctxsave_packet(save, runner->path, &runner->r, err) != 0)
		return -1;
	if (runner->opts.session->vcpus)
		xb_session_collect_on(runner->opts.session, runner->opts.vcpu);
	else
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

	*runner = (struct xb_runner){ .opts = *opts, .emu = opts->session->emu };
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
