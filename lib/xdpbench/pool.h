/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool.h - many runs, on all virtual CPUs of a machine at once: a thread for each, and jobs that
 * wait for one.
 *
 * Jobs can be put in from several threads. No two processes run on one virtual CPU at the same
 * time, which is what per-CPU maps rely on. While a machine has a pool, its processes are run by
 * the pool alone.
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

/* Starts a pool. NULL and err where the machine has one already, or a thread cannot be made. */
struct xb_pool *xb_pool_start(struct xb_machine *machine, const struct xb_pool_opts *opts,
                              struct xb_err *err);

struct xb_job {
	size_t size; /* sizeof(struct xb_job) */
	struct xb_program *program;
	const struct xb_context *context; /* or NULL; stays until the job is done */
	uint32_t vcpu;                    /* or XB_POOL_ANY_VCPU: whichever is idle */
	uint64_t deadline_ns;             /* of CLOCK_MONOTONIC; 0: none. A job that waited past it
	                                     is not run */
	/*
	 * Called on the thread of the virtual CPU when the job is done: the process, which is the
	 * pool's and can be asked for everything, or NULL with why it was not run. It must not wait
	 * for the pool.
	 */
	void (*done)(void *arg, struct xb_process *process, const struct xb_err *err);
	void *arg;
};

/*
 * Puts a job in, which is copied. With `wait` it waits for room. Returns 0; -EAGAIN where there is
 * no room; -EINVAL where the job names no program, or no virtual CPU of the machine; -ESHUTDOWN
 * where the pool is being stopped.
 */
int xb_pool_enqueue(struct xb_pool *pool, const struct xb_job *job, bool wait);

/* Waits until no job waits or runs. */
void xb_pool_drain(struct xb_pool *pool);

/*
 * Takes no more jobs, waits until those it has are done, ends the threads, and frees the pool. NULL
 * is allowed.
 */
void xb_pool_stop(struct xb_pool *pool);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
