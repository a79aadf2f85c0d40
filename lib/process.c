/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/process_priv.h"

#include "lib/linux_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void
value_free(struct lib_value **link)
{
	struct lib_value *v = *link;

	*link = v->next;
	if (v->release)
		v->release(v->value);
	free(v);
}

static void
end_run(struct xb_process *p, enum xb_run_status status)
{
	const struct lib_emulator_kind *kind = p->machine->emulator->kind;

	p->begun = false;
	if (p->bound) {
		xb_bound_end(p->bound, status, &p->out);
		return;
	}
	if (status == XB_RUN_RUNNING)
		xb_proc_abandon(p->proc);
	if (kind->run_end)
		kind->run_end(p->machine->emulator, p->proc->vcpu);
}

void
lib_process_begin(struct xb_process *p)
{
	const struct lib_emulator_kind *kind = p->machine->emulator->kind;

	if (p->begun || p->loading || p->status != XB_PROCESS_READY)
		return;
	p->begun = true;
	lib_calls_begin(p);
	if (p->bound) {
		xb_bound_begin(p->bound);
		return;
	}
	if (kind->run_begin)
		kind->run_begin(p->machine->emulator, p->proc->vcpu);
	xb_proc_start(p->proc, lib_prog(p->program), 0);
	p->proc->check_all = true; /* there is no context, whatever was proved of it */
}

static void
note(void *arg, struct xb_proc *proc, const char *text)
{
	const struct xb_process *p = arg;

	if (p->opts.note)
		p->opts.note(p->opts.arg, proc->user, text);
}

static struct xb_bound_opts
bound_opts(struct xb_process *p)
{
	struct xb_linux *lx = xb_linux_of(p->machine);
	struct xb_bound_opts opts = {
		.context = p->context,
		.vm = p->machine->vm,
		.vm_prog = lib_prog(p->program),
		.ctx_bytes = p->program->ctx_bytes,
		.vcpu = p->opts.vcpu,
		.process = p,
		.playback = { .strict = p->opts.strict_calls,
		              .emulate = p->opts.emulate_calls,
		              .note = note,
		              .arg = p },
	};

	if (lx) {
		opts.emu = lx->emu;
		opts.prog = ((const struct lib_linux_program *)p->program->data)->bpf;
	}
	return opts;
}

static int
bind_context(struct xb_process *p, struct xb_err *err)
{
	const struct xb_bound_opts opts = bound_opts(p);

	p->bound = xb_bound_new(&opts, err);
	p->proc = p->bound ? xb_bound_proc(p->bound) : NULL;
	return p->bound ? 0 : -1;
}

/* Gives up what is under way, and all that the context made. */
static void
unbind(struct xb_process *p)
{
	if (p->begun)
		end_run(p, XB_RUN_RUNNING);
	if (p->bound)
		xb_bound_free(p->bound);
	else
		xb_proc_free(p->proc);
	p->bound = NULL;
	p->proc = NULL;
}

/* Nothing is there that could be run. */
static void
spoil(struct xb_process *p, const struct xb_err *err)
{
	p->spoilt = true;
	p->status = XB_PROCESS_FAULTED;
	xb_proc_start(p->proc, lib_prog(p->program), 0);
	xb_proc_fault(p->proc, XB_FAULT_BAD_CONTEXT, "the context was not loaded: %s", err->msg);
}

static int
load(struct xb_process *p, struct xb_err *err)
{
	int rc = 0;

	if (!p->proc && p->context)
		rc = bind_context(p, err);
	else if (!p->proc)
		p->proc = xb_proc_new(p->machine->vm, p->opts.vcpu, err);
	if (rc != 0 || !p->proc)
		return -1;
	p->proc->user = p;
	p->out = (struct xb_bound_out){ .status = XB_RUN_EXIT };
	p->status = XB_PROCESS_READY;
	p->spoilt = false;
	p->loading = true;
	rc = p->bound ? xb_bound_load(p->bound, err) : 0;
	p->loading = false;
	if (rc != 0)
		spoil(p, err);
	return rc;
}

static int
check_opts(const struct xb_machine *machine, const struct xb_program *program,
           const struct xb_process_opts *o, struct xb_err *err)
{
	if (program->machine != machine)
		return xb_err_set(err, XB_ERR_USAGE, "process: the program is another machine's");
	if (o->vcpu >= machine->vm->vcpu_cnt)
		return xb_err_set(err, XB_ERR_USAGE, "process: virtual CPU %u of %u", o->vcpu,
		                  machine->vm->vcpu_cnt);
	return lib_calls_check(machine, o, err);
}

struct xb_process *
xb_process_new(struct xb_machine *machine, struct xb_program *program,
               const struct xb_context *context, const struct xb_process_opts *opts,
               struct xb_err *err)
{
	struct xb_process_opts o = { .size = 0 };
	struct xb_process *p;

	if (opts && lib_opts_copy(&o, sizeof(o), opts, "process", err) != 0)
		return NULL;
	if (check_opts(machine, program, &o, err) != 0)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p) {
		xb_err_errno(err, ENOMEM, "process");
		return NULL;
	}
	*p = (struct xb_process){
		.machine = machine, .program = program, .context = context, .opts = o
	};
	if (load(p, err) == 0)
		return p;
	xb_process_free(p);
	return NULL;
}

void
xb_process_free(struct xb_process *p)
{
	if (!p)
		return;
	unbind(p);
	lib_calls_drop(p);
	while (p->values)
		value_free(&p->values);
	free(p);
}

/* It is not for those whom it calls to change its course. */
static int
check_idle(const struct xb_process *p, struct xb_err *err)
{
	if (p->busy || p->loading)
		return xb_err_set(err, XB_ERR_USAGE, "process: in the midst of an instruction");
	return 0;
}

void
lib_process_rest(struct xb_process *p)
{
	if (p->begun)
		end_run(p, XB_RUN_RUNNING);
	if (p->bound && !xb_bound_is_reusable(p->bound))
		unbind(p);
	lib_calls_drop(p);
	while (p->values)
		value_free(&p->values);
	p->context = NULL;
}

/* Whether what the process has in memory does for the program and context that it is of now. */
static bool
reuse(struct xb_process *p)
{
	struct xb_bound_opts opts;

	if (!p->context || !p->bound)
		return !p->context && !p->bound;
	opts = bound_opts(p);
	return xb_bound_reuse(p->bound, &opts);
}

int
lib_process_renew(struct xb_process *p, struct xb_program *program,
                  const struct xb_context *context, const struct xb_process_opts *opts,
                  struct xb_err *err)
{
	p->program = program;
	p->context = context;
	p->opts = *opts;
	p->out = (struct xb_bound_out){ .status = XB_RUN_EXIT };
	if (!reuse(p))
		unbind(p);
	return load(p, err);
}

int
xb_process_reset(struct xb_process *p, struct xb_err *err)
{
	if (check_idle(p, err) != 0)
		return -1;
	if (p->begun)
		end_run(p, XB_RUN_RUNNING);
	return load(p, err);
}

/* What the engine's answer makes of the process. */
static enum xb_process_status
take_status(struct xb_process *p, enum xb_run_status status)
{
	static const enum xb_process_status of[] = {
		[XB_RUN_EXIT] = XB_PROCESS_EXITED,
		[XB_RUN_FAULT] = XB_PROCESS_FAULTED,
		[XB_RUN_RUNNING] = XB_PROCESS_RUNNING,
	};

	if (status != XB_RUN_RUNNING) {
		end_run(p, status);
		/* A return value that the type does not have is a fault, too. */
		if (p->bound)
			status = p->out.status;
	}
	p->status = of[status];
	return p->status;
}

static bool
can_go_on(const struct xb_process *p)
{
	return !lib_process_is_over(p) && !p->busy && !p->loading;
}

u64
lib_monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

static enum xb_stop
ask(struct xb_proc *proc, void *arg)
{
	const struct xb_run_opts *o = arg;

	(void)proc;
	if (o->cancel && __atomic_load_n(o->cancel, __ATOMIC_ACQUIRE))
		return XB_STOP_CANCELLED;
	return o->deadline_ns && lib_monotonic_ns() >= o->deadline_ns ? XB_STOP_DEADLINE
	                                                              : XB_STOP_NONE;
}

/* To the end, or one instruction. */
static enum xb_process_status
execute(struct xb_process *p, enum xb_run_status (*engine)(struct xb_proc *proc))
{
	struct xb_captured *was = lib_calls_record(p, p->calls);
	enum xb_run_status status;

	p->busy = true;
	status = engine(p->proc);
	p->busy = false;
	lib_calls_record(p, was);
	p->proc->poll = NULL;
	return take_status(p, status);
}

static enum xb_process_status
stop(struct xb_process *p, const char *why)
{
	xb_proc_stop_now(p->proc, why);
	return take_status(p, XB_RUN_FAULT);
}

enum xb_process_status
xb_process_run(struct xb_process *p, const struct xb_run_opts *opts)
{
	struct xb_run_opts o = { .size = 0 };
	struct xb_err err = XB_ERR_INIT;
	enum xb_stop asked;

	if (!can_go_on(p))
		return p->status;
	lib_process_begin(p);
	if (opts && lib_opts_copy(&o, sizeof(o), opts, "run", &err) != 0)
		return stop(p, err.msg);
	asked = ask(p->proc, &o);
	if (asked != XB_STOP_NONE)
		return stop(p, asked == XB_STOP_DEADLINE ? "deadline passed" : "cancelled");
	p->proc->poll = o.deadline_ns || o.cancel ? ask : NULL;
	p->proc->poll_arg = &o;
	return execute(p, xb_proc_continue);
}

enum xb_process_status
xb_process_step(struct xb_process *p)
{
	if (!can_go_on(p))
		return p->status;
	lib_process_begin(p);
	return execute(p, xb_vm_step);
}

uint32_t
xb_process_vcpu(const struct xb_process *p)
{
	return p->opts.vcpu;
}

int
xb_process_set_vcpu(struct xb_process *p, uint32_t vcpu, struct xb_err *err)
{
	const struct xb_process_opts opts = { .vcpu = vcpu };

	if (check_opts(p->machine, p->program, &opts, err) != 0 || check_idle(p, err) != 0)
		return -1;
	if (p->begun)
		end_run(p, XB_RUN_RUNNING);
	p->opts.vcpu = vcpu;
	if (p->bound)
		xb_bound_set_vcpu(p->bound, vcpu);
	else
		p->proc->vcpu = vcpu;
	return load(p, err);
}

static struct lib_value **
find_value(struct xb_process *p, const void *key)
{
	struct lib_value **link = &p->values;

	while (*link && (*link)->key != key)
		link = &(*link)->next;
	return link;
}

void *
xb_process_value(const struct xb_process *p, const void *key)
{
	const struct lib_value *v = p->values;

	while (v && v->key != key)
		v = v->next;
	return v ? v->value : NULL;
}

int
xb_process_set_value(struct xb_process *p, const void *key, void *value,
                     void (*release)(void *value), struct xb_err *err)
{
	struct lib_value *v = NULL, **link;

	link = find_value(p, key);
	if (*link && (*link)->value == value) {
		(*link)->release = release;
		return 0;
	}
	if (value) {
		v = malloc(sizeof(*v));
		if (!v)
			return xb_err_errno(err, ENOMEM, "value of a process");
		*v = (struct lib_value){ NULL, key, value, release };
	}
	if (*link)
		value_free(link);
	if (v) {
		v->next = p->values;
		p->values = v;
	}
	return 0;
}

uint64_t
xb_process_stop(struct xb_process *p, enum xb_fault_kind kind, const char *fmt, ...)
{
	char msg[sizeof(p->proc->fault.message)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (kind <= XB_FAULT_NONE || kind >= XB_FAULT_KIND_CNT)
		kind = XB_FAULT_INTERNAL;
	return xb_proc_fault(p->proc, kind, "%s", msg);
}

void *
xb_process_memory(struct xb_process *p, uint64_t gaddr, uint64_t bytes, uint32_t access,
                  const char *what)
{
	u8 need = access & XB_ACCESS_WRITE ? XB_MEM_WRITE : XB_MEM_READ;
	void *host = xb_proc_mem(p->proc, gaddr, bytes, need);

	if (!host && !(p->proc->event & XB_PROC_FAULTED))
		xb_proc_fault_mem(p->proc, gaddr, bytes, need, what);
	return host;
}

bool
xb_process_callback(struct xb_process *p, uint64_t func, const uint64_t args[5], uint64_t *result)
{
	return xb_proc_callback(p->proc, func, args, result);
}

void
lib_visitor_init(struct xb_process *p, struct xb_machine *machine, struct xb_proc *proc)
{
	*p = (struct xb_process){
		.machine = machine,
		.program = lib_program_of(machine, proc->prog),
		.opts = { .size = sizeof(p->opts), .vcpu = proc->vcpu },
		.proc = proc,
		.status = XB_PROCESS_RUNNING,
		.begun = true,
	};
	proc->user = p;
}

void
lib_visitor_fini(struct xb_process *p)
{
	p->proc->user = NULL;
	while (p->values)
		value_free(&p->values);
}
