/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * workers.h - vCPUs, each with a queue of work, and threads that run it: one for each vCPU, or
 * less.
 *
 * What is added for one vCPU runs there, in the order in which it was added; what is added for any
 * vCPU goes to whichever has nothing to do. Nothing spins: a thread without work sleeps until there
 * is some. Two pieces of work never run on one vCPU at the same time.
 */
#ifndef XB_VM_WORKERS_H
#define XB_VM_WORKERS_H

#include <stdbool.h>

#include "vm/err.h"
#include "vm/types.h"

#define XB_VCPU_ANY        UINT32_MAX
#define XB_WORKERS_BACKLOG 1024 /* where nothing else is said */

struct xb_workers;

/* Embedded in the caller's struct, and the caller's again from when run() is called. */
struct xb_work {
	struct xb_work *next; /* the queue's */
	u32 vcpu;             /* below the number of vCPUs, or XB_VCPU_ANY */
	void (*run)(struct xb_work *work, u32 vcpu);
};

struct xb_workers_opts {
	u32 cnt;     /* of vCPUs, at least 1 */
	u32 backlog; /* work waiting at most, over all queues; 0: XB_WORKERS_BACKLOG */
	/*
	 * At most `cnt`; 0: as many, and each has its own vCPU for good. With less of them each
	 * runs whatever vCPU has work and is free, and who waits for it should help.
	 */
	u32 threads;
};

/* Starts the threads, which take no signals. NULL and err where there is no memory or no thread. */
struct xb_workers *xb_workers_new(const struct xb_workers_opts *opts, struct xb_err *err);

/*
 * Hands over work, from any thread. Returns 0; -EAGAIN where the backlog is full and `wait` is
 * false; -ESHUTDOWN once xb_workers_stop() has been called. With `wait` it sleeps until there is
 * room, so run() may only add without.
 */
int xb_workers_add(struct xb_workers *workers, struct xb_work *work, bool wait);

/*
 * Runs one piece of work on the caller's thread, where some waits for a vCPU that is free; false:
 * there was none. For one thread at a time, and where there are less threads than vCPUs. Not from
 * run().
 */
bool xb_workers_help(struct xb_workers *workers);

/* Sleeps until nothing waits and nothing runs. Not from run(). */
void xb_workers_drain(struct xb_workers *workers);

/*
 * Takes no more work, sends home who waits in xb_workers_add(), runs what waits, ends the threads
 * and frees all. NULL is allowed. Not from run().
 */
void xb_workers_stop(struct xb_workers *workers);

#endif
