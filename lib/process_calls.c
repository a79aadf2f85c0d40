/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * process_calls.c - what a process's run calls, recorded: a context of type captured, which another
 * run can be answered from.
 *
 * The emulator records what runs on a virtual CPU. Several processes may be between two steps
 * there, and a helper of the host's may run another one, so that a recording is put in its place
 * for as long as its process executes, and what was there before comes back.
 */
#include "lib/linux_priv.h"
#include "lib/model.h"
#include "lib/process_priv.h"

#include <errno.h>

int
lib_calls_check(const struct xb_machine *machine, const struct xb_process_opts *opts,
                struct xb_err *err)
{
	const struct xb_linux *lx = xb_linux_of(machine);

	if (!opts->record_calls)
		return 0;
	if (!lx)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "process: calls are recorded of Linux's programs");
	if (!lx->emu->watch)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "process: calls of programs are not watched: the emulator's "
		                  "option watch_calls is not set");
	return 0;
}

void
lib_calls_begin(struct xb_process *p)
{
	struct xb_err err; /* told by xb_process_save_calls() */

	lib_calls_drop(p);
	if (p->opts.record_calls)
		p->calls = xb_captured_new(&err);
}

void
lib_calls_drop(struct xb_process *p)
{
	xb_captured_free(p->calls);
	p->calls = NULL;
}

struct xb_captured *
lib_calls_record(struct xb_process *p, struct xb_captured *calls)
{
	const struct xb_linux *lx = xb_linux_of(p->machine);
	struct xb_captured **at, *was;

	if (!lx || !lx->emu->watch)
		return NULL;
	at = &lx->emu->record[p->proc->vcpu];
	was = *at;
	*at = calls;
	return was;
}

char *
xb_process_save_calls(struct xb_process *p, struct xb_err *err)
{
	if (!p->opts.record_calls) {
		xb_err_set(err, XB_ERR_USAGE,
		           "calls are not recorded: the process's option record_calls is not set");
		return NULL;
	}
	if (!lib_process_is_over(p) || p->spoilt) {
		xb_err_set(err, XB_ERR_USAGE,
		           p->spoilt ? "the context was not loaded" : "the process is not over");
		return NULL;
	}
	if (!p->calls || p->calls->cut) {
		xb_err_errno(err, ENOMEM, "recorded calls");
		return NULL;
	}
	return xb_ctx_print_captured(p->context ? xb_ctx_inner(p->context) : NULL, p->calls, err);
}
