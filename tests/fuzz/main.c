/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - makes random programs by their seeds, tries them, and counts.
 *
 * `fuzz --seed X --count 1 --show` makes one program again. Exit code 1 where something differs.
 */
#include "tests/fuzz/tally.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT_ENV   "XDPBENCH_FUZZ_COUNT" /* programs, in place of --count and --seconds */
#define JOBS_MOST   64u
#define SHOWN_MOST  10u /* differences that are minimised and printed, of each job */
#define PROGRESS_S  60
#define ONCE_TRIES  3     /* of a program that the kernel did something else with */
#define MANY        8000u /* programs: then all instructions have to be among them */
#define LEAST_SHARE 60u   /* of 100 programs meant for it that the kernel has to accept */

struct options {
	u64 seed, count;
	u32 jobs, types, seconds;
	bool kernel, show, self_test, progress, keep_long, until_first;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
report(const struct options *o, struct rig *rig, struct tally *t, struct program *p,
       struct verdict *v)
{
	bool few = t->differences + t->atomic_differences <= SHOWN_MOST;

	if (v->known && !o->show) {
		printf("program %" PRIu64 ": known: %s (%s)\n", p->seed, v->known, v->text);
		fflush(stdout);
		return;
	}
	if (v->between && few && !o->keep_long)
		shrink(rig, p, v);
	if (o->show || (v->between && few))
		show(rig, p, v);
	if (o->show && v->asked && !v->accepted) {
		side_load(&rig->kernel, p, rig->log, sizeof(rig->log));
		printf("%s", rig->log);
	}
}

/*
 * Whether the kernel does as the emulator when it is asked again. That has been seen once in a
 * million programs, on a host with eight times the work that it has CPUs for, and nobody knows why:
 * it is told and counted, but nothing that could be looked into.
 */
static bool
was_once_only(struct rig *rig, const struct program *p, const struct verdict *v)
{
	struct verdict again;

	if (!v->between || v->known || strcmp(v->between, "kernel") != 0)
		return false;
	for (u32 i = 0; i < ONCE_TRIES; i++) {
		trial_run(rig, p, &again);
		if (again.between)
			return false;
	}
	printf("program %" PRIu64 ": once only, on input %u: %s\n", p->seed, v->input, v->text);
	fflush(stdout);
	return true;
}

/* Every job has its share of the seeds. */
static void
work(const struct options *o, u32 job, struct tally *t)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct program *p = calloc(1, sizeof(*p));
	double start = now();
	struct verdict v;

	if (!rig || !p)
		exit(2);
	rig_open(rig, o->kernel, job);
	t->kernel = rig->has_kernel;
	for (u64 i = job; i < o->count && (!o->seconds || now() - start < o->seconds);
	     i += o->jobs) {
		t->seed = o->seed + i;
		program_generate(p, t->seed, o->types);
		trial_run(rig, p, &v);
		if (was_once_only(rig, p, &v)) {
			t->once_only++;
			v.between = NULL;
		}
		tally_count(t, rig, p, &v);
		report(o, rig, t, p, &v);
		if (o->until_first && v.between)
			break;
	}
	t->ended = true;
	rig_close(rig);
	free(p);
	free(rig);
}

/*
 * That differences are found, and made small: with an engine that is wrong about one instruction.
 */
static int
self_test(const struct options *o)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct program *p = calloc(1, sizeof(*p));
	struct verdict v = { .between = NULL };
	u32 tried = 0, slots;

	if (!rig || !p)
		exit(2);
	rig_open(rig, false, 0);
	rig->faulty = true;
	while (!v.between && tried < 1000) {
		program_generate(p, o->seed + tried++, o->types);
		trial_run(rig, p, &v);
	}
	slots = p->cnt;
	if (v.between)
		shrink(rig, p, &v);
	printf("a wrong instruction was found after %u programs, in %u slots of %u\n", tried,
	       p->cnt, slots);
	show(rig, p, &v);
	rig_close(rig);
	slots = p->cnt;
	free(p);
	free(rig);
	return v.between && slots <= 12 ? 0 : 1;
}

/* What the kernel says of its own health. */
static u64
taint(void)
{
	FILE *f = fopen("/proc/sys/kernel/tainted", "re");
	unsigned long long value = 0;

	if (!f || fscanf(f, "%llu", &value) != 1)
		value = 0;
	if (f)
		fclose(f);
	return value;
}

static bool
ended(const struct tally *tallies, u32 jobs)
{
	for (u32 i = 0; i < jobs; i++)
		if (!tallies[i].ended)
			return false;
	return true;
}

/* A machine that takes its host with it is wrong, too. */
static void
say_death(const struct options *o, const pid_t *pids, const struct tally *tallies, pid_t pid,
          int status)
{
	for (u32 i = 0; i < o->jobs; i++)
		if (pids[i] == pid)
			printf("program %" PRIu64 ": the process ended (%s)\n", tallies[i].seed,
			       WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit code");
}

/* Waits for the jobs; false: one of them died, or the kernel is not well. */
static bool
wait_for(const struct options *o, const pid_t *pids, const struct tally *tallies, double start)
{
	u64 before = taint();
	double said = start;
	bool well = true;

	for (u32 left = o->jobs; left;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid > 0) {
			left--;
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
				say_death(o, pids, tallies, pid, status);
				well = false;
			}
			continue;
		}
		if (taint() != before && well) {
			printf("the kernel is tainted: %" PRIu64 "\n", taint());
			well = false;
			for (u32 i = 0; i < o->jobs; i++)
				kill(pids[i], SIGTERM);
		}
		if (o->progress && now() - said > PROGRESS_S) {
			struct tally sum = { .programs = 0 };

			for (u32 i = 0; i < o->jobs; i++)
				tally_add(&sum, &tallies[i]);
			tally_print(&sum, now() - start);
			said = now();
		}
		usleep(20000);
	}
	return well && ended(tallies, o->jobs);
}

static int
run_jobs(const struct options *o)
{
	struct tally *tallies = mmap(NULL, o->jobs * sizeof(*tallies), PROT_READ | PROT_WRITE,
	                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct tally sum = { .programs = 0 };
	double start = now();
	pid_t pids[JOBS_MOST];
	bool well;

	if (tallies == MAP_FAILED)
		return 2;
	fflush(stdout);
	for (u32 i = 0; i < o->jobs; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return 2;
		if (pids[i] == 0) {
			work(o, i, &tallies[i]);
			exit(0);
		}
	}
	well = wait_for(o, pids, tallies, start);
	for (u32 i = 0; i < o->jobs; i++)
		tally_add(&sum, &tallies[i]);
	tally_print(&sum, now() - start);
	munmap(tallies, o->jobs * sizeof(*tallies));
	if (sum.programs >= MANY && tally_missing(&sum))
		well = false;
	if (sum.kernel && sum.asked >= MANY && sum.accepted * 100 < sum.asked * LEAST_SHARE) {
		printf("the kernel accepts too few of them\n");
		well = false;
	}
	return well && sum.differences + sum.atomic_differences == 0 ? 0 : 1;
}

static void
usage(void)
{
	puts("usage: fuzz [OPTION]...\n"
	     "  --seed N        the first program's (1)\n"
	     "  --count N       programs (20000)\n"
	     "  --seconds N     no more programs after so long\n"
	     "  --jobs N        processes (1)\n"
	     "  --type xdp|tc   of this type alone\n"
	     "  --engines       without the kernel\n"
	     "  --show          print every program\n"
	     "  --until-first   no more programs after one that shows a difference\n"
	     "  --long          do not make programs that show a difference small\n"
	     "  --progress      print where it is every minute\n"
	     "  --self-test     find an engine's mistake");
}

static const struct option long_options[] = {
	{ "seed", required_argument, NULL, 's' },
	{ "count", required_argument, NULL, 'c' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "seconds", required_argument, NULL, 'n' },
	{ "type", required_argument, NULL, 't' },
	{ "engines", no_argument, NULL, 'e' },
	{ "show", no_argument, NULL, 'w' },
	{ "until-first", no_argument, NULL, 'u' },
	{ "long", no_argument, NULL, 'l' },
	{ "progress", no_argument, NULL, 'p' },
	{ "self-test", no_argument, NULL, 'x' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool
set_option(struct options *o, int name)
{
	switch (name) {
	case 's':
		o->seed = strtoull(optarg, NULL, 0);
		return true;
	case 'c':
		o->count = strtoull(optarg, NULL, 0);
		return true;
	case 'j':
		o->jobs = (u32)strtoul(optarg, NULL, 0);
		return o->jobs > 0 && o->jobs <= JOBS_MOST;
	case 'n':
		o->seconds = (u32)strtoul(optarg, NULL, 0);
		return true;
	case 't':
		o->types = 1u << (strcmp(optarg, "tc") == 0 ? BPF_PROG_TYPE_SCHED_CLS
		                                            : BPF_PROG_TYPE_XDP);
		return true;
	case 'e':
		o->kernel = false;
		return true;
	case 'w':
		return o->show = true;
	case 'l':
		return o->keep_long = true;
	case 'u':
		return o->until_first = true;
	case 'p':
		return o->progress = true;
	case 'x':
		return o->self_test = true;
	default:
		return false;
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .seed = 1, .count = 20000, .jobs = 1, .types = ~0u, .kernel = true };
	const char *env = getenv(COUNT_ENV);
	int name;

	while ((name = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (!set_option(&o, name)) {
			usage();
			return 2;
		}
	}
	if (env && !o.show) {
		o.count = strtoull(env, NULL, 0);
		o.seconds = 0;
	}
	return o.self_test ? self_test(&o) : run_jobs(&o);
}
