/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool: jobs of the callers' as work for the machine's threads.
 *
 * Each virtual CPU has one process, which is put into its next job rather than made anew: to map
 * and unmap a packet's buffer costs two hundred times as much as a short program. Its thread alone
 * touches it.
 */
#include "xdpbench/pool.h"

#include "lib/process_priv.h"
#include "vm/workers.h"

#include <errno.h>
#include <stdlib.h>

struct xb_pool {
	struct xb_machine *machine;
	struct xb_workers *workers;
	struct xb_process **processes; /* by virtual CPU; NULL: not made yet */
};

struct job_work {
	struct xb_work work;
	struct xb_pool *pool;
	struct xb_job job;
};

static void
share(struct xb_machine *machine, bool on)
{
	if (machine->emulator->kind->share)
		machine->emulator->kind->share(machine->emulator, on);
}

static int
check_machine(const struct xb_machine *machine, struct xb_err *err)
{
	const struct lib_emulator_kind *kind = machine->emulator->kind;

	if (machine->pool)
		return xb_err_set(err, XB_ERR_USAGE, "the machine has a pool already");
	if (kind->is_busy && kind->is_busy(machine->emulator))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "pool: a process of the machine is in the midst of its run");
	return 0;
}

static void
pool_free(struct xb_pool *pool)
{
	for (u32 i = 0; pool->processes && i < pool->machine->vm->vcpu_cnt; i++)
		xb_process_free(pool->processes[i]);
	free(pool->processes);
	free(pool);
}

static struct xb_pool *
pool_new(struct xb_machine *machine, struct xb_err *err)
{
	struct xb_pool *pool = calloc(1, sizeof(*pool));

	if (pool) {
		pool->machine = machine;
		pool->processes = calloc(machine->vm->vcpu_cnt, sizeof(pool->processes[0]));
	}
	if (pool && pool->processes)
		return pool;
	free(pool);
	xb_err_errno(err, ENOMEM, "pool");
	return NULL;
}

struct xb_pool *
xb_pool_start(struct xb_machine *machine, const struct xb_pool_opts *opts, struct xb_err *err)
{
	struct xb_workers_opts workers = { .cnt = machine->vm->vcpu_cnt };
	struct xb_pool_opts o = { .size = 0 };
	struct xb_pool *pool;

	if (opts && lib_opts_copy(&o, sizeof(o), opts, "pool", err) != 0)
		return NULL;
	if (check_machine(machine, err) != 0)
		return NULL;
	pool = pool_new(machine, err);
	if (!pool)
		return NULL;
	workers.backlog = o.backlog;
	share(machine, true);
	pool->workers = xb_workers_new(&workers, err);
	if (!pool->workers) {
		share(machine, false);
		pool_free(pool);
		return NULL;
	}
	machine->pool = pool;
	return pool;
}

/* The virtual CPU's process, ready to run the job; or NULL and err. */
static struct xb_process *
take_process(const struct job_work *w, u32 vcpu, struct xb_err *err)
{
	const struct xb_job *job = &w->job;
	const struct xb_process_opts opts = {
		.size = sizeof(opts),
		.vcpu = vcpu,
		.strict_calls = job->strict_calls,
		.emulate_calls = job->emulate_calls,
		.note = job->note,
		.arg = job->arg,
		.record_calls = job->record_calls,
	};
	struct xb_process **p = &w->pool->processes[vcpu];

	if (job->deadline_ns && lib_monotonic_ns() >= job->deadline_ns) {
		xb_err_set(err, XB_ERR_SYSTEM, "the deadline passed while the job waited");
		return NULL;
	}
	if (*p)
		return lib_process_renew(*p, job->program, job->context, &opts, err) == 0 ? *p
		                                                                          : NULL;
	*p = xb_process_new(w->pool->machine, job->program, job->context, &opts, err);
	return *p;
}

/* The job is done, and what it named may be gone from here on. */
static void
put_process(struct xb_pool *pool, u32 vcpu)
{
	struct xb_process **p = &pool->processes[vcpu];

	if (!*p)
		return;
	if (xb_process_vcpu(*p) == vcpu) {
		lib_process_rest(*p);
		return;
	}
	xb_process_free(*p); /* done() moved it */
	*p = NULL;
}

static void
run_job(struct xb_work *work, u32 vcpu)
{
	struct job_work *w = XB_CONTAINER_OF(work, struct job_work, work);
	const struct xb_run_opts opts = {
		.size = sizeof(opts),
		.deadline_ns = w->job.deadline_ns,
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *p = take_process(w, vcpu, &err);

	if (p)
		xb_process_run(p, &opts);
	if (w->job.done)
		w->job.done(w->job.arg, p, p ? NULL : &err);
	put_process(w->pool, vcpu);
	free(w);
}

int
xb_pool_enqueue(struct xb_pool *pool, const struct xb_job *job, bool wait)
{
	struct xb_err err = XB_ERR_INIT;
	struct job_work *w = calloc(1, sizeof(*w));
	int rc = -EINVAL;

	if (!w)
		return -ENOMEM;
	if (lib_opts_copy(&w->job, sizeof(w->job), job, "job", &err) != 0)
		goto free_work;
	if (!w->job.program || w->job.program->machine != pool->machine ||
	    (w->job.vcpu >= pool->machine->vm->vcpu_cnt && w->job.vcpu != XB_POOL_ANY_VCPU))
		goto free_work;
	w->pool = pool;
	w->work.vcpu = w->job.vcpu == XB_POOL_ANY_VCPU ? XB_VCPU_ANY : w->job.vcpu;
	w->work.run = run_job;
	rc = xb_workers_add(pool->workers, &w->work, wait);
	if (rc == 0)
		return 0;

free_work:
	free(w);
	return rc;
}

void
xb_pool_drain(struct xb_pool *pool)
{
	xb_workers_drain(pool->workers);
}

void
xb_pool_stop(struct xb_pool *pool)
{
	if (!pool)
		return;
	xb_workers_stop(pool->workers);
	share(pool->machine, false);
	pool->machine->pool = NULL;
	pool_free(pool);
}
