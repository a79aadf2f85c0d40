/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_diff.c - `xdpbench diff` over all programs of the corpus, and over Debian's xdp-tools: no
 * difference, and no packet that nobody compared.
 *
 *   test_diff XDPBENCH PROGS CAPTURES FOREIGN
 */
#include "tests/e2e/corpus.h"
#include "tests/e2e/replay_priv.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CAPTURES 1024

struct job {
	const char *tool, *captures;
	char dir[4000]; /* of the objects */
	char scratch[64];
	char *names[MAX_CAPTURES]; /* of the captures */
	u32 name_cnt;
	const struct corpus_row *row;
	struct bpf_object *obj;
	u32 runs, failed;
};

/* A devmap's or cpumap's value with a program: its first word, and the program's name. */
static void
put_target(FILE *to, const char *value, const char *prog)
{
	u32 bytes[4] = { 0 };

	sscanf(value, "%x %x %x %x", &bytes[0], &bytes[1], &bytes[2], &bytes[3]);
	fprintf(to, "\"%u:%s\"", bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24, prog);
}

/* "0a 0b" as bpftool has it, ["0x0a","0x0b"]; with "prog:NAME" as names are given. */
static void
put_bytes(FILE *to, const char *text)
{
	const char *prog = strstr(text, "prog:"), *between = "[";

	if (prog && prog == text) {
		fprintf(to, "\"%s\"", prog + 5);
		return;
	}
	if (prog) {
		put_target(to, text, prog + 5);
		return;
	}
	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		fprintf(to, "%s\"0x%.2s\"", between, text);
		between = ",";
		text++;
	}
	fputs("]", to);
}

/* Writes the elements of elem's map, unless one before it was of the same; adds the option. */
static void
put_map(struct job *job, const struct corpus_elem *elem, char *options, size_t bytes)
{
	const struct corpus_elem *first = job->row->elems;
	const char *between = "[";
	size_t len = strlen(options);
	char path[128];
	FILE *to;

	for (const struct corpus_elem *e = first; e < elem; e++)
		if (!strcmp(e->map, elem->map))
			return;
	if (!bpf_object__find_map_by_name(job->obj, elem->map))
		return;
	snprintf(path, sizeof(path), "%s/%s.json", job->scratch, elem->map);
	to = fopen(path, "w");
	if (!to)
		return;
	for (const struct corpus_elem *e = elem; e->map; e++) {
		if (strcmp(e->map, elem->map))
			continue;
		fprintf(to, "%s{\"key\":", between);
		put_bytes(to, e->key);
		fputs(",\"value\":", to);
		put_bytes(to, e->value);
		fputs("}", to);
		between = ",";
	}
	fputs("]\n", to);
	fclose(to);
	snprintf(options + len, bytes - len, " --map '%s=%s'", elem->map, path);
}

/* All but those that have no test run. */
static bool
is_run(const struct bpf_program *prog)
{
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_XDP:
		return bpf_program__expected_attach_type(prog) != BPF_XDP_DEVMAP &&
		       bpf_program__expected_attach_type(prog) != BPF_XDP_CPUMAP;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_FLOW_DISSECTOR:
		return true;
	default:
		return false;
	}
}

/* What was said, where it is not that all is the same. */
static void
show(const char *path)
{
	FILE *from = fopen(path, "r");
	char line[512];

	for (u32 i = 0; from && i < 40 && fgets(line, sizeof(line), from); i++)
		printf("  %s", line);
	if (from)
		fclose(from);
}

static void
diff(struct job *job, const char *prog, const char *capture, const char *options)
{
	char command[16384], said[128], counts[128];
	int status;

	snprintf(said, sizeof(said), "%s/said", job->scratch);
	snprintf(counts, sizeof(counts), "%s/counts.json", job->scratch);
	snprintf(command, sizeof(command),
	         "'%s' diff -q --json %s -r '%s/%s' -p %s%s '%s/%s.o' >%s 2>&1 && grep -q "
	         "'\"compared\":[1-9].*\"differences\":{}' %s",
	         job->tool, counts, job->captures, capture, prog, options, job->dir,
	         job->row->object, said, counts);
	status = system(command);
	job->runs++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	job->failed++;
	printf("%s: %s over %s: not without a difference\n", job->row->object, prog, capture);
	show(said);
}

static void
run_row(struct job *job)
{
	char path[4200], options[4096] = "";
	struct bpf_program *prog;

	snprintf(path, sizeof(path), "%s/%s.o", job->dir, job->row->object);
	if (access(path, R_OK) != 0) {
		printf("skipped: %s is not installed\n", path);
		return;
	}
	job->obj = bpf_object__open_file(path, NULL);
	if (!job->obj) {
		printf("%s: cannot be opened\n", path);
		job->failed++;
		return;
	}
	for (const struct corpus_elem *e = job->row->elems; e->map; e++)
		put_map(job, e, options, sizeof(options));
	bpf_object__for_each_program(prog, job->obj)
	{
		for (u32 i = 0; is_run(prog) && i < job->name_cnt; i++)
			diff(job, bpf_program__name(prog), job->names[i], options);
	}
	bpf_object__close(job->obj);
}

static void
run_rows(struct job *job, const char *dir, const char *below, const struct corpus_row *rows,
         u32 cnt)
{
	snprintf(job->dir, sizeof(job->dir), "%s%s", dir, below);
	for (u32 i = 0; i < cnt; i++) {
		job->row = &rows[i];
		if (!rows[i].name) /* the same objects, otherwise run */
			run_row(job);
	}
}

static bool
list_captures(struct job *job)
{
	DIR *dir = opendir(job->captures);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)) && job->name_cnt < MAX_CAPTURES)
		if (strstr(entry->d_name, ".pcap"))
			job->names[job->name_cnt++] = strdup(entry->d_name);
	if (dir)
		closedir(dir);
	return job->name_cnt > 0;
}

int
main(int argc, char **argv)
{
	struct job job = { .scratch = "/tmp/xdpbench-test-XXXXXX" };
	char command[128];

	if (argc != 5 || !mkdtemp(job.scratch)) {
		fprintf(stderr, "usage: test_diff XDPBENCH PROGS CAPTURES FOREIGN\n");
		return 2;
	}
	if (!replay_kernel_permitted()) {
		printf("skipped: bpf(2) not permitted\n");
		return 0;
	}
	job.tool = argv[1];
	job.captures = argv[3];
	libbpf_set_print(NULL);
	run_skb_sections();
	if (!list_captures(&job))
		return 2;
	run_rows(&job, argv[2], "", corpus_rows, corpus_row_cnt);
	run_rows(&job, argv[2], "/tc", tc_rows, tc_row_cnt);
	run_rows(&job, argv[2], "/skb", skb_rows, skb_row_cnt);
	run_rows(&job, argv[4], "", foreign_rows, foreign_row_cnt);
	printf("%u comparisons, %u failed\n", job.runs, job.failed);
	while (job.name_cnt)
		free(job.names[--job.name_cnt]);
	snprintf(command, sizeof(command), "rm -rf %s", job.scratch);
	return system(command) == 0 && job.failed == 0 && job.runs ? 0 : 1;
}
