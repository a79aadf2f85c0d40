/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - runs files of vectors on every engine of the machine, or on the running kernel.
 *
 *   run [--kernel] [--at-least N] FILE...
 *
 * A vector that fails is printed, with what was expected and what came; so is one that kills the
 * process, and no more are run then. Exit code 0 where none fails, 1, 2 for files that cannot be
 * read, 77 where the kernel permits no programs.
 */
#include "tests/vectors/coverage.h"
#include "tests/vectors/engine.h"
#include "tests/vectors/kernel.h"
#include "tests/vm/oracle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ENGINES   8
#define MAX_SHOWN     40 /* vectors that fail, with all they say */
#define TEXT_BYTES    600
#define CURRENT_BYTES 200

struct suite {
	struct xb_vector_machine *machines[MAX_ENGINES];
	u32 engine_cnt;
	struct xb_vector_kernel *kernel; /* instead of machines */
	struct xb_vector_coverage coverage;
	u32 vector_cnt, run_cnt, skipped, failed, ends[3];
	u32 at_least;
	char *current; /* the vector that runs, CURRENT_BYTES, for whoever finds the process dead */
};

static bool
same(const struct xb_vector *v, const struct xb_vector_result *want,
     const struct xb_vector_result *got, bool memory)
{
	if (got->end != want->end)
		return false;
	if (want->end == XB_VECTOR_REFUSED)
		return !want->has_slot || (got->has_slot && got->slot == want->slot);
	if (want->end == XB_VECTOR_R0 && got->r0 != want->r0)
		return false;
	if (want->end == XB_VECTOR_FAULT && (got->kind != want->kind || got->slot != want->slot))
		return false;
	return !memory || !v->memory_bytes || !memcmp(got->memory, want->memory, v->memory_bytes);
}

/* Says what is wrong. */
static void
show(struct suite *s, const char *file, const struct xb_vector *v, const char *engine,
     const struct xb_vector_result *want, const struct xb_vector_result *got, const char *why)
{
	char wanted[TEXT_BYTES], came[TEXT_BYTES];

	if (s->failed >= MAX_SHOWN)
		return;
	xb_vector_result_text(want, v->memory, v->memory_bytes, wanted, sizeof(wanted));
	xb_vector_result_text(got, v->memory, v->memory_bytes, came, sizeof(came));
	printf("%s:%u: %s\n  expected %s\n  %-8s %s%s%s%s\n", file, v->line, v->name, wanted,
	       engine, came, *why ? " (" : "", why, *why ? ")" : "");
}

static bool
run_on_machine(struct suite *s, const char *file, const struct xb_vector *v, u32 idx)
{
	const struct xb_vector_engine *engine = &xb_vector_engines(&(u32){ 0 })[idx];
	bool strict = engine->strict && v->has_strict;
	struct xb_vector_result want = v->expected, got;
	char why[300] = "";

	if (!xb_vector_engine_applies(engine, v))
		return true;
	snprintf(s->current, CURRENT_BYTES, "%s:%u: %s, %s", file, v->line, v->name, engine->name);
	s->run_cnt++;
	if (strict) {
		want.end = XB_VECTOR_FAULT;
		want.kind = XB_FAULT_UNINIT;
		want.slot = v->strict_slot;
	}
	if (!xb_vector_machine_run(s->machines[idx], v, &got, why, sizeof(why))) {
		printf("%s:%u: %s: %s: %s\n", file, v->line, v->name, engine->name, why);
		return false;
	}
	/* What a strict machine stops may not have come to its last stores. */
	if (same(v, &want, &got, !strict))
		return true;
	show(s, file, v, engine->name, &want, &got, why);
	return false;
}

static bool
run_vector(struct suite *s, const char *file, const struct xb_vector *v)
{
	struct xb_vector_result got;
	char why[300] = "";
	bool ok = true;

	if (s->kernel) {
		if (xb_vector_kernel_run(s->kernel, v, &got, why, sizeof(why)))
			return true;
		show(s, file, v, "kernel", &v->expected, &got, why);
		return false;
	}
	for (u32 i = 0; i < s->engine_cnt; i++)
		ok &= run_on_machine(s, file, v, i);
	return ok;
}

/* One line; -1 where it is none. */
static int
run_line(struct suite *s, const char *file, u32 number, char *line)
{
	struct xb_vector v;
	char why[300];
	int is = xb_vector_read(&v, line, why, sizeof(why));

	if (is < 0) {
		fprintf(stderr, "%s:%u: %s\n", file, number, why);
		return -1;
	}
	if (is == 0)
		return 0;
	v.line = number;
	s->vector_cnt++;
	if (v.needs[0]) {
		printf("skipped: %s: needs %s\n", v.name, v.needs);
		s->skipped++;
	} else {
		s->ends[v.expected.end]++;
		xb_vector_coverage_add(&s->coverage, &v);
		s->failed += !run_vector(s, file, &v);
	}
	xb_vector_free(&v);
	return 0;
}

static int
run_file(struct suite *s, const char *file)
{
	FILE *in = fopen(file, "r");
	size_t room = 0;
	char *line = NULL;
	u32 number = 0;
	int ret = 0;

	if (!in) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return -1;
	}
	while (!ret && getline(&line, &room, in) >= 0)
		ret = run_line(s, file, ++number, line);
	free(line);
	fclose(in);
	return ret;
}

static int
init(struct suite *s, bool kernel)
{
	const struct xb_vector_engine *engines = xb_vector_engines(&s->engine_cnt);
	char why[300] = "no memory";

	if (kernel) {
		s->kernel = xb_vector_kernel_new(why, sizeof(why));
		if (!s->kernel)
			fprintf(stderr, "kernel: %s\n", why);
		return s->kernel ? 0 : -1;
	}
	for (u32 i = 0; i < s->engine_cnt; i++) {
		s->machines[i] = xb_vector_machine_new(&engines[i], why, sizeof(why));
		if (!s->machines[i]) {
			fprintf(stderr, "%s: %s\n", engines[i].name, why);
			return -1;
		}
	}
	return 0;
}

static void
fini(struct suite *s)
{
	for (u32 i = 0; i < MAX_ENGINES; i++)
		xb_vector_machine_free(s->machines[i]);
	xb_vector_kernel_free(s->kernel);
}

/* The sum of it; false where something failed. */
static bool
report(const struct suite *s)
{
	bool ok = s->failed == 0;

	if (s->kernel)
		ok &= xb_vector_kernel_report(s->kernel, s->at_least != 0);
	else
		printf("%u vectors on %u engines, %u runs: %u end, %u fault, %u are refused\n",
		       s->vector_cnt, s->engine_cnt, s->run_cnt, s->ends[XB_VECTOR_R0],
		       s->ends[XB_VECTOR_FAULT], s->ends[XB_VECTOR_REFUSED]);
	if (s->skipped)
		printf("skipped: %u vectors that need more than a machine\n", s->skipped);
	if (s->failed)
		printf("%u failed\n", s->failed);
	if (!s->at_least)
		return ok;
	if (s->vector_cnt - s->skipped < s->at_least) {
		printf("expected %u vectors at least\n", s->at_least);
		ok = false;
	}
	return xb_vector_coverage_report(&s->coverage) && ok;
}

/* All of it, in a process of its own, as what is tested may bring it down. */
static int
run_files(struct suite *s, bool kernel, char **files)
{
	int err;

	xb_vector_coverage_init(&s->coverage);
	err = init(s, kernel);
	for (; !err && *files; files++)
		err = run_file(s, *files);
	if (!err)
		err = report(s) ? 0 : 1;
	else
		err = 2;
	fini(s);
	return err;
}

static int
watch(struct suite *s, bool kernel, char **files)
{
	pid_t pid;
	int status;

	s->current = mmap(NULL, CURRENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	                  -1, 0);
	if (s->current == MAP_FAILED)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0); /* so that nothing is lost, or said twice */
	pid = fork();
	if (pid == 0)
		exit(run_files(s, kernel, files));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 2;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	printf("killed by signal %d in %s\n", WTERMSIG(status), s->current);
	return 1;
}

int
main(int argc, char **argv)
{
	struct suite s = { .kernel = NULL };
	bool kernel = false;
	int i;

	for (i = 1; i < argc && !strncmp(argv[i], "--", 2); i++) {
		if (!strcmp(argv[i], "--kernel"))
			kernel = true;
		else if (!strcmp(argv[i], "--at-least") && i + 1 < argc)
			s.at_least = (u32)strtoul(argv[++i], NULL, 10);
		else
			argc = 0;
	}
	if (i >= argc) {
		fprintf(stderr, "usage: run [--kernel] [--at-least N] FILE...\n");
		return 2;
	}
	if (kernel && !xb_oracle_permitted())
		return 77;
	return watch(&s, kernel, argv + i);
}
