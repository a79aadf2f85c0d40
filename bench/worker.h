/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker.h - the child that does the work, and the parent that watches it.
 *
 * libbpf crashes on some malformed objects. What kills the child becomes one line and an exit code
 * in the parent. Signals: SIGINT and SIGTERM end a replay in order (the second one ends it at
 * once), SIGPIPE and SIGXFSZ are ignored so that a closed pipe and a full quota are errors like any
 * other.
 */
#ifndef XB_BENCH_WORKER_H
#define XB_BENCH_WORKER_H

#include "vm/types.h"

#include <signal.h>

/* What the child is at; shared with the parent. */
enum xb_phase { XB_PHASE_LOAD, XB_PHASE_RUN };

struct xb_worker {
	volatile u32 *phase;               /* enum xb_phase */
	const volatile sig_atomic_t *stop; /* not zero: end in order */
};

/*
 * Runs job(worker, arg) in a child process and returns its exit code; `name` is the object's, for
 * the line that tells of a crash. Loading has a time limit, since libbpf may loop on a malformed
 * object.
 */
int xb_worker_run(const char *name, int (*job)(const struct xb_worker *worker, void *arg),
                  void *arg);

/* In the child: the object is loaded; there is no time limit any more. */
void xb_worker_loaded(const struct xb_worker *worker);

/* From here on SIGINT and SIGTERM are counted in worker->stop; before, they end the child. */
void xb_worker_catch_stop(void);

#endif
