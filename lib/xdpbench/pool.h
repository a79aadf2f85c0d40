/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - many runs, on all virtual CPUs of a machine at once: a thread for each, and jobs that
 * wait for one.
 *
 * Jobs can be put in from several threads. No two processes run on one virtual CPU at the same
 * time, which is what per-CPU maps rely on. While a machine has a pool, its processes are run by
 * the pool alone; programs may be added, and maps used, from any thread. A pool is stopped before
 * its machine is freed.
 *
 * Contexts of type xdp_md and sk_buff are the fast ones: their buffers are made once for each
 * virtual CPU. All others are made anew for each job.
 */
#ifndef XDPBENCH_POOL_H
#define XDPBENCH_POOL_H

#include "xdpbench/process.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct xb_pool;

#define XB_POOL_ANY_VCPU UINT32_MAX

struct xb_pool_opts {
	size_t size;      /* sizeof(struct xb_pool_opts) */
	uint32_t backlog; /* jobs that may wait, over all virtual CPUs; 0: 1024 */
};

/*
 * Starts a pool; opts may be NULL. NULL and err where the machine has one already, one of its
 * processes is in the midst of a run, or a thread cannot be made.
 */
struct xb_pool *xb_pool_start(struct xb_machine *machine, const struct xb_pool_opts *opts,
                              struct xb_err *err);

struct xb_job {
	size_t size; /* sizeof(struct xb_job) */
	struct xb_program *program;
	const struct xb_context *context; /* or NULL; stays until done() has returned */
	/*
	 * Jobs for one virtual CPU run in the order in which they were put in. Or XB_POOL_ANY_VCPU:
	 * whichever is idle.
	 */
	uint32_t vcpu;
	/*
	 * Of CLOCK_MONOTONIC, when the run is stopped with a fault; 0: none. A job that waited past
	 * it is not run.
	 */
	uint64_t deadline_ns;
	/*
	 * Called on the thread of the virtual CPU when the run is over: the process, which is the
	 * pool's, can be asked for everything, and is another job's once this has returned; or NULL
	 * with why it was not run. It may put in more jobs, but must not wait for the pool, be it
	 * for room, for it to drain or to stop. Or NULL: nobody is told.
	 */
	void (*done)(void *arg, struct xb_process *process, const struct xb_err *err);
	void *arg;
	/* As those of struct xb_process_opts; note() is given the job's arg. */
	bool strict_calls, emulate_calls;
	void (*note)(void *arg, struct xb_process *process, const char *text);
	bool record_calls; /* likewise: done() may ask xb_process_save_calls() */
};

/*
 * Puts a job in, which is copied. With `wait` it waits for room. Returns 0; -EAGAIN where there is
 * no room; -EINVAL where the job's size is not set, or it names no program of the machine, or no
 * virtual CPU; -ESHUTDOWN where the pool is being stopped; -ENOMEM.
 */
int xb_pool_enqueue(struct xb_pool *pool, const struct xb_job *job, bool wait);

/* Waits until no job waits or runs, those included that jobs put in. */
void xb_pool_drain(struct xb_pool *pool);

/*
 * Takes no more jobs, sends home who waits to put one in, waits until those that it has are done,
 * ends the threads, and frees the pool: nobody may call into it any more after this. NULL is
 * allowed.
 */
void xb_pool_stop(struct xb_pool *pool);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
