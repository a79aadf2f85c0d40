/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/plugin.h"

#include "bench/plugin_priv.h"
#include "bench/say.h"
#include "bench/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	struct plugin_job job;
	const char *memory, *program; /* as given; NULL: not */
	bool elf, help, version;
};

static void
say(const struct xb_err *err)
{
	fprintf(stderr, "xdpbench-plugin: %s\n", err->msg);
}

static int
set_engine(struct options *o, const char *value, struct xb_err *err)
{
	static const struct {
		const char *name;
		enum plugin_engine engine;
	} engines[] = {
		{ "auto", PLUGIN_AUTO },
		{ "interp", PLUGIN_INTERP },
		{ "kernel", PLUGIN_KERNEL },
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(engines); i++) {
		if (strcmp(value, engines[i].name) != 0)
			continue;
		o->job.engine = engines[i].engine;
		return 0;
	}
	if (!strcmp(value, "jit"))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--engine: 'jit' is not available in this version");
	return xb_err_set(err, XB_ERR_USAGE,
	                  "--engine: expected auto, interp or kernel, found '%s'", value);
}

static int
set_program(struct options *o, const char *value, struct xb_err *err)
{
	if (o->program)
		return xb_err_set(err, XB_ERR_USAGE, "--program is given twice");
	o->program = value;
	return 0;
}

#define FLAG(nm, field, text)                                                                      \
	{                                                                                          \
		.name = (nm), .flag = offsetof(struct options, field), .help = (text)              \
	}

static const struct option {
	const char *name, *value;
	size_t flag; /* where there is no value */
	int (*set)(struct options *o, const char *value, struct xb_err *err);
	const char *help; /* NULL: another spelling */
} table[] = {
	{ .name = "program",
	  .value = "HEX",
	  .set = set_program,
	  .help = "the program, in place of standard input" },
	FLAG("elf", elf, "it is an ELF file: function main in section xdp or .text"),
	FLAG("xdp_prolog", job.packet, "the memory is a packet, and R1 the address of its xdp_md"),
	FLAG("xdp-prolog", job.packet, NULL),
	{ .name = "engine",
	  .value = "auto|interp|kernel",
	  .set = set_engine,
	  .help = "what runs it; kernel is BPF_PROG_TEST_RUN" },
	FLAG("debug", job.debug, "the instructions, or why they are refused, on standard error"),
	FLAG("help", help, "this text"),
	FLAG("version", version, "the version"),
};

static void
print_help(void)
{
	printf("usage: xdpbench-plugin [MEMORY] [options] < PROGRAM\n\n"
	       "Runs one BPF program and prints R0 in hex, as a plug-in of the suite\n"
	       "bpf_conformance. MEMORY and PROGRAM are bytes in hex (\"b7 00 00 00\"). R1 is the\n"
	       "address of the memory, or 0, and R2 its length.\n\n");
	for (size_t i = 0; i < XB_ARRAY_SIZE(table); i++) {
		char name[48];

		snprintf(name, sizeof(name), "--%s%s%s", table[i].name, table[i].value ? " " : "",
		         table[i].value ? table[i].value : "");
		if (table[i].help)
			printf("  %-28s %s\n", name, table[i].help);
	}
	printf("\nExit codes: 0, R0 is printed; 1, the program cannot be loaded, or was stopped;\n"
	       "2, what was given is wrong.\n");
}

/* "--name", "--name=value", or "--name" and the value in the next argument, which is taken. */
static int
set_option(struct options *o, const char *arg, char ***next, struct xb_err *err)
{
	size_t len = strcspn(arg, "=");
	const char *value = arg[len] ? arg + len + 1 : NULL;

	for (size_t i = 0; i < XB_ARRAY_SIZE(table); i++) {
		const struct option *option = &table[i];

		if (strlen(option->name) != len || strncmp(option->name, arg, len) != 0)
			continue;
		if (!option->set && value)
			return xb_err_set(err, XB_ERR_USAGE, "--%s takes no value", option->name);
		if (!option->set) {
			*((bool *)((char *)o + option->flag)) = true;
			return 0;
		}
		if (!value && !(value = **next))
			return xb_err_set(err, XB_ERR_USAGE, "--%s: expected %s", option->name,
			                  option->value);
		*next += value == **next;
		return option->set(o, value, err);
	}
	return xb_err_set(err, XB_ERR_USAGE, "unknown option '--%.*s'", (int)len, arg);
}

/* Empty arguments are what a runner gives where there is no memory, or no option. */
static int
parse(struct options *o, char **args, struct xb_err *err)
{
	while (*args) {
		const char *arg = *args++;

		if (!strncmp(arg, "--", 2)) {
			if (set_option(o, arg + 2, &args, err) != 0)
				return -1;
		} else if (arg[0] == '-') {
			return xb_err_set(err, XB_ERR_USAGE, "unknown option '%s'", arg);
		} else if (o->memory && arg[0]) {
			return xb_err_set(err, XB_ERR_USAGE,
			                  "memory is given twice; put its bytes into one argument");
		} else if (arg[0]) {
			o->memory = arg;
		}
	}
	return 0;
}

/* The program's line, from standard input. NULL and err. */
static char *
read_line(struct xb_err *err)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len = getline(&line, &room, stdin);

	if (len >= 0 && strlen(line) == (size_t)len)
		return line;
	if (len >= 0)
		xb_err_set(err, XB_ERR_USAGE,
		           "standard input: expected a line of hex digits, found a byte 0x00");
	else if (ferror(stdin))
		xb_err_set(err, XB_ERR_FILE, "standard input: %s", strerror(errno));
	else
		xb_err_set(err, XB_ERR_USAGE,
		           "standard input: empty; expected a line of hex digits");
	free(line);
	return NULL;
}

static int
read_memory(struct options *o, struct xb_err *err)
{
	size_t bytes = 0;

	if (!o->memory)
		return 0;
	if (plugin_hex(o->memory, &o->job.memory, &bytes, err) != 0)
		return xb_err_prefix(err, "memory");
	o->job.memory_bytes = (u32)bytes;
	return 0;
}

static int
read_program(struct options *o, struct xb_err *err)
{
	char *line = o->program ? strdup(o->program) : read_line(err);
	int rc;

	if (!line)
		return -1;
	rc = plugin_read_program(&o->job, line, o->elf, err);
	free(line);
	return rc == 0 ? 0 : xb_err_prefix(err, "program");
}

static int
run(const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	if (job->engine == PLUGIN_KERNEL)
		return plugin_run_kernel(job, r0, err);
	return plugin_is_bare(job) ? plugin_run_bare(job, r0, err) : plugin_run_linux(job, r0, err);
}

/* In a child, where libbpf may crash. */
static int
work(const struct xb_worker *worker, void *arg)
{
	struct options *o = arg;
	struct xb_err err = XB_ERR_INIT;
	u64 r0 = 0;
	int code = XB_EXIT_FAILED;

	if (read_memory(o, &err) != 0 || read_program(o, &err) != 0) {
		if (err.kind == XB_ERR_USAGE || err.kind == XB_ERR_FILE)
			code = XB_EXIT_USAGE;
	} else {
		xb_worker_loaded(worker);
		if (run(&o->job, &r0, &err) == 0) {
			printf("%llx\n", (unsigned long long)r0);
			code = XB_EXIT_OK;
		}
	}
	if (code != XB_EXIT_OK)
		say(&err);
	free(o->job.memory);
	free(o->job.insns);
	free(o->job.image);
	return code;
}

int
xb_plugin_main(int argc, char **argv)
{
	struct options o = { .memory = NULL };
	struct xb_err err = XB_ERR_INIT;
	int code;

	if (parse(&o, argv + (argc > 0), &err) != 0) {
		say(&err);
		return XB_EXIT_USAGE;
	}
	if (o.help)
		print_help();
	if (o.version && !o.help)
		printf("xdpbench-plugin " XB_VERSION "\n");
	if (o.help || o.version)
		return fflush(stdout) == 0 ? XB_EXIT_OK : XB_EXIT_FAILED;
	code = xb_worker_run("program", work, &o);
	return code == XB_EXIT_OK || code == XB_EXIT_USAGE ? code : XB_EXIT_FAILED;
}
