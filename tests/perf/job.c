/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/perf/job.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct run {
	double wall_s, cpu_s;
	long rss_kib;
	int status;
};

static double
seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static double
clock_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
become(const char *const *command)
{
	union {
		const char *const *in;
		char *const *out;
	} argv = { .in = command };
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(command[0], argv.out);
	_exit(127);
}

static int
run_once(const char *const *command, const char *const *outputs, struct run *run)
{
	struct rusage usage;
	double start;
	pid_t pid;

	for (; *outputs; outputs++)
		unlink(*outputs);
	start = clock_s();
	pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0)
		become(command);
	if (wait4(pid, &run->status, 0, &usage) != pid)
		return -1;
	run->wall_s = clock_s() - start;
	run->cpu_s = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
	run->rss_kib = usage.ru_maxrss;
	return 0;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, u32 cnt)
{
	qsort(values, cnt, sizeof(*values), by_value);
	return values[cnt / 2];
}

static void
summarise(const struct run *runs, u32 cnt, struct job_figures *f)
{
	double wall[JOB_MAX_RUNS], cpu[JOB_MAX_RUNS];

	*f = (struct job_figures){ .status = runs[cnt - 1].status };
	for (u32 i = 0; i < cnt; i++) {
		wall[i] = runs[i].wall_s;
		cpu[i] = runs[i].cpu_s;
		f->max_rss_kib =
		        runs[i].rss_kib > f->max_rss_kib ? runs[i].rss_kib : f->max_rss_kib;
	}
	f->wall_s = median(wall, cnt);
	f->cpu_s = median(cpu, cnt);
}

int
job_compare(const char *const *const *commands, u32 cnt, u32 runs, const char *const *outputs,
            struct job_figures *figures)
{
	struct run *results = calloc((size_t)cnt * JOB_MAX_RUNS, sizeof(*results)), warmup;
	int ret = results && runs > 0 && runs <= JOB_MAX_RUNS ? 0 : -1;

	for (u32 i = 0; !ret && i < cnt; i++)
		ret = run_once(commands[i], outputs, &warmup);
	for (u32 n = 0; !ret && n < runs; n++) {
		for (u32 k = 0; !ret && k < cnt; k++) {
			u32 i = (n + k) % cnt;

			ret = run_once(commands[i], outputs, &results[i * JOB_MAX_RUNS + n]);
		}
	}
	for (u32 i = 0; !ret && i < cnt; i++)
		summarise(&results[i * JOB_MAX_RUNS], runs, &figures[i]);
	free(results);
	return ret;
}
