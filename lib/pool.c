/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool: jobs of the callers' as work for the machine's threads. A job's process is made on the
 * thread that runs it, and freed there.
 */
#include "xdpbench/pool.h"

#include "lib/process_priv.h"
#include "vm/workers.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct xb_pool {
	struct xb_machine *machine;
	struct xb_workers *workers;
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

struct xb_pool *
xb_pool_start(struct xb_machine *machine, const struct xb_pool_opts *opts, struct xb_err *err)
{
	struct xb_workers_opts workers = { .cnt = machine->vm->vcpu_cnt };
	struct xb_pool_opts o;
	struct xb_pool *pool;

	if (lib_opts_copy(&o, sizeof(o), opts, "pool", err) != 0)
		return NULL;
	if (machine->pool) {
		xb_err_set(err, XB_ERR_USAGE, "the machine has a pool already");
		return NULL;
	}
	pool = calloc(1, sizeof(*pool));
	if (!pool) {
		xb_err_errno(err, ENOMEM, "pool");
		return NULL;
	}
	workers.backlog = o.backlog;
	pool->machine = machine;
	share(machine, true);
	pool->workers = xb_workers_new(&workers, err);
	if (!pool->workers) {
		share(machine, false);
		free(pool);
		return NULL;
	}
	machine->pool = pool;
	return pool;
}

static u64
monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

/* A process ready to run on a virtual CPU; or NULL and err. */
static struct xb_process *
make_process(const struct job_work *w, u32 vcpu, struct xb_err *err)
{
	const struct xb_process_opts opts = { .size = sizeof(opts), .vcpu = vcpu };

	if (w->job.deadline_ns && monotonic_ns() >= w->job.deadline_ns) {
		xb_err_set(err, XB_ERR_SYSTEM, "the deadline passed while the job waited");
		return NULL;
	}
	return xb_process_new(w->pool->machine, w->job.program, w->job.context, &opts, err);
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
	struct xb_process *p = make_process(w, vcpu, &err);

	if (p)
		xb_process_run(p, &opts);
	if (w->job.done)
		w->job.done(w->job.arg, p, p ? NULL : &err);
	xb_process_free(p);
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
	free(pool);
}
