/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job.h - whole commands, timed from outside.
 */
#ifndef XB_TESTS_PERF_JOB_H
#define XB_TESTS_PERF_JOB_H

#include "vm/types.h"

#define JOB_MAX_RUNS 32

struct job_figures {
	double wall_s, cpu_s; /* medians */
	long max_rss_kib;
	int status; /* of the last run, as waitpid gives it */
};

/*
 * Runs the commands in turn, `runs` times each after one that does not count, and each round begins
 * with the next one: what a job leaves behind in the machine costs its successor. The files named
 * in `outputs` (up to NULL) are removed before each: what a file system takes to empty an old file
 * is no part of the job. -1: a command cannot be started.
 */
int job_compare(const char *const *const *commands, u32 cnt, u32 runs, const char *const *outputs,
                struct job_figures *figures);

#endif
