/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf - prints figures: what a packet costs in the engine and in a pool, and what whole jobs cost
 * beside tcpdump's plain copy of the same capture, run in turn with them.
 *
 *   perf XDPBENCH OBJECT_DIR [PACKETS]
 */
#include "tests/perf/engine.h"
#include "tests/perf/job.h"
#include "tests/perf/pool.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS       15
#define PATH_BYTES 4096

static const char *const programs[] = { "trivial",    "parser",    "tables", "rewrite",
	                                "tc_trivial", "tc_parser", "tc_nat", "tc_encap" };
/* The first is what others are compared with, beside tcpdump. */
static const char *const job_programs[] = { "trivial", "parser", "tables", "rewrite",
	                                    "tc_trivial" };

/* 500 instructions a packet, and next to none. */
static const char *const cpus_programs[] = { "digest", "trivial" };

struct bench {
	const char *tool, *objects;
	u32 packets;
	char dir[64]; /* temporary, for captures */
	struct traffic_packet *mix;
};

static const char *
path(char buf[PATH_BYTES], const char *dir, const char *name, const char *suffix)
{
	snprintf(buf, PATH_BYTES, "%s/%s%s", dir, name, suffix);
	return buf;
}

static int
print_engine(const struct bench *b)
{
	printf("Engine alone, ns a packet (%u different packets in turn; one repeated)\n\n"
	       "| program | mix | one | set-up alone | insns (mix) | ns/insn (mix) |\n"
	       "|-|-:|-:|-:|-:|-:|\n",
	       TRAFFIC_CNT);
	for (u32 i = 0; i < XB_ARRAY_SIZE(programs); i++) {
		struct xb_err err = XB_ERR_INIT;
		struct engine_figures f;
		char object[PATH_BYTES];

		if (engine_measure(path(object, b->objects, programs[i], ".o"), b->mix, &f, &err)) {
			fprintf(stderr, "perf: %s\n", err.msg);
			return -1;
		}
		printf("| %s | %.1f | %.1f | %.1f | %.1f | %.2f |\n", programs[i], f.mix_ns,
		       f.same_ns, f.load_ns, f.mix_insns, (f.mix_ns - f.load_ns) / f.mix_insns);
	}
	return 0;
}

static int
print_pool(void)
{
	struct xb_err err = XB_ERR_INIT;
	struct pool_figures f;

	if (pool_measure(&f, &err) != 0) {
		fprintf(stderr, "perf: pool: %s\n", err.msg);
		return -1;
	}
	printf("\nThe library, ns a run of two instructions, with a context of 60 bytes\n\n"
	       "| job in a pool, one vCPU | process made, run, freed | process reset, run |\n"
	       "|-:|-:|-:|\n"
	       "| %.0f | %.0f | %.0f |\n",
	       f.job_ns, f.process_ns, f.reset_ns);
	return 0;
}

static bool
failed(const char *name, const struct job_figures *f)
{
	if (WIFEXITED(f->status) && WEXITSTATUS(f->status) == 0)
		return false;
	fprintf(stderr, "perf: %s ended with status %d\n", name, f->status);
	return true;
}

/* Every whole job beside tcpdump's copy of the same capture, all in turn. */
static int
print_jobs(const struct bench *b, const char *in)
{
	char out[PATH_BYTES], copy[PATH_BYTES], object[XB_ARRAY_SIZE(job_programs)][PATH_BYTES];
	const char *const tcpdump[] = {
		"tcpdump", "-r", in, "-w", path(copy, b->dir, "copy", ""), "-Z", "root", NULL
	};
	const char *jobs[XB_ARRAY_SIZE(job_programs)][9];
	const char *const outputs[] = { out, copy, NULL };
	const char *const *commands[1 + XB_ARRAY_SIZE(job_programs)] = { tcpdump };
	struct job_figures f[1 + XB_ARRAY_SIZE(job_programs)];

	path(out, b->dir, "out.pcapng", "");
	for (u32 i = 0; i < XB_ARRAY_SIZE(job_programs); i++) {
		path(object[i], b->objects, job_programs[i], ".o");
		memcpy(jobs[i],
		       (const char *[]){ b->tool, "-q", "-r", in, "-w", out, object[i], NULL },
		       8 * sizeof(char *));
		commands[i + 1] = jobs[i];
	}
	if (job_compare(commands, XB_ARRAY_SIZE(commands), RUNS, outputs, f)) {
		fprintf(stderr, "perf: a command cannot be started\n");
		return -1;
	}
	printf("\nWhole job, %u packets from page cache, medians of %d runs in turn\n\n"
	       "| command | packets/s | wall s | CPU s | wall : tcpdump | wall : trivial | "
	       "peak MiB |\n"
	       "|-|-:|-:|-:|-:|-:|-:|\n",
	       b->packets, RUNS);
	for (u32 i = 0; i < XB_ARRAY_SIZE(commands); i++) {
		const char *name = i ? job_programs[i - 1] : "tcpdump -r in -w out";

		if (failed(name, &f[i]))
			return -1;
		printf("| %s | %.0f | %.3f | %.3f | %.2f | %.2f | %.1f |\n", name,
		       b->packets / f[i].wall_s, f[i].wall_s, f[i].cpu_s, f[i].wall_s / f[0].wall_s,
		       f[i].wall_s / f[1].wall_s, (double)f[i].max_rss_kib / 1024);
	}
	return 0;
}

/* Whole jobs with two CPUs beside the same with one. */
static int
print_cpus(const struct bench *b, const char *in)
{
	char out[PATH_BYTES], object[XB_ARRAY_SIZE(cpus_programs)][PATH_BYTES];
	const char *jobs[2 * XB_ARRAY_SIZE(cpus_programs)][11];
	const char *const *commands[2 * XB_ARRAY_SIZE(cpus_programs)];
	const char *const outputs[] = { out, NULL };
	struct job_figures f[2 * XB_ARRAY_SIZE(cpus_programs)];

	path(out, b->dir, "out.pcapng", "");
	for (u32 i = 0; i < XB_ARRAY_SIZE(commands); i++) {
		path(object[i / 2], b->objects, cpus_programs[i / 2], ".o");
		memcpy(jobs[i],
		       (const char *[]){ b->tool, "-q", "--cpus", i % 2 ? "2" : "1", "-r", in, "-w",
		                         out, object[i / 2], NULL },
		       10 * sizeof(char *));
		commands[i] = jobs[i];
	}
	if (job_compare(commands, XB_ARRAY_SIZE(commands), RUNS, outputs, f)) {
		fprintf(stderr, "perf: a command cannot be started\n");
		return -1;
	}
	printf("\nWhole job with `--cpus 2`, of %ld on the machine, beside `--cpus 1`, in turn\n\n"
	       "| program | wall s, 1 | wall s, 2 | CPU s, 1 | CPU s, 2 | times as fast |\n"
	       "|-|-:|-:|-:|-:|-:|\n",
	       sysconf(_SC_NPROCESSORS_ONLN));
	for (u32 i = 0; i < XB_ARRAY_SIZE(commands); i += 2) {
		const char *name = cpus_programs[i / 2];

		if (failed(name, &f[i]) || failed(name, &f[i + 1]))
			return -1;
		printf("| %s | %.3f | %.3f | %.3f | %.3f | %.2f |\n", name, f[i].wall_s,
		       f[i + 1].wall_s, f[i].cpu_s, f[i + 1].cpu_s, f[i].wall_s / f[i + 1].wall_s);
	}
	return 0;
}

/*
 * From the start of the process to the end of a job of one packet, for 3 and for 1,000
 * instructions.
 */
static int
print_load(const struct bench *b, const char *in)
{
	char trivial[PATH_BYTES], big[PATH_BYTES];
	const char *const nothing[] = { b->tool, "--version", NULL };
	const char *const small[] = { b->tool,
		                      "-q",
		                      "-r",
		                      in,
		                      "-w",
		                      "/dev/null",
		                      path(trivial, b->objects, "trivial", ".o"),
		                      NULL };
	const char *const large[] = {
		b->tool, "-q", "-r", in, "-w", "/dev/null", path(big, b->objects, "long", ".o"),
		NULL
	};
	const char *const *const commands[] = { nothing, small, large };
	static const char *const names[] = { "--version", "trivial, one packet",
		                             "1,000 instructions, one packet" };
	const char *const no_outputs[] = { NULL };
	struct job_figures f[3];

	if (job_compare(commands, 3, 2 * RUNS, no_outputs, f)) {
		fprintf(stderr, "perf: a command cannot be started\n");
		return -1;
	}
	printf("\nFrom start to end of the process, medians of %d runs\n\n"
	       "| job | wall ms | CPU ms | peak MiB |\n|-|-:|-:|-:|\n",
	       2 * RUNS);
	for (u32 i = 0; i < 3; i++) {
		if (failed(names[i], &f[i]))
			return -1;
		printf("| %s | %.2f | %.2f | %.1f |\n", names[i], f[i].wall_s * 1e3,
		       f[i].cpu_s * 1e3, (double)f[i].max_rss_kib / 1024);
	}
	return 0;
}

/*
 * Sends a file to the disk and out of the page cache. The first job, which does not count, reads it
 * back: it is in the cache then as captures are that somebody else wrote, in the large pieces of
 * read-ahead.
 */
static void
settle(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static int
measure(const struct bench *b)
{
	char in[PATH_BYTES], one[PATH_BYTES], out[PATH_BYTES];
	int ret = -1;

	path(in, b->dir, "in.pcap", "");
	path(one, b->dir, "one.pcap", "");
	if (traffic_write(in, b->mix, b->packets) || traffic_write(one, b->mix, 1)) {
		perror("perf: capture");
	} else {
		settle(in);
		ret = print_engine(b) || print_pool() || print_jobs(b, in) || print_cpus(b, in) ||
		                      print_load(b, one)
		              ? -1
		              : 0;
	}
	unlink(in);
	unlink(one);
	unlink(path(out, b->dir, "out.pcapng", ""));
	unlink(path(out, b->dir, "copy", ""));
	return ret;
}

int
main(int argc, char **argv)
{
	struct bench b = { .packets = 1000000 };
	const char *tmp = getenv("TMPDIR");
	int ret;

	if (argc < 3 || argc > 4) {
		fprintf(stderr, "usage: perf XDPBENCH OBJECT_DIR [PACKETS]\n");
		return 2;
	}
	b.tool = argv[1];
	b.objects = argv[2];
	if (argc == 4)
		b.packets = (u32)strtoul(argv[3], NULL, 10);
	snprintf(b.dir, sizeof(b.dir), "%.40s/xdpbench-perf-XXXXXX", tmp ? tmp : "/tmp");
	b.mix = traffic_new();
	if (!b.mix || !mkdtemp(b.dir)) {
		perror("perf");
		return 1;
	}
	ret = measure(&b);
	rmdir(b.dir);
	free(b.mix);
	return ret ? 1 : 0;
}
