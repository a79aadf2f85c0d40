/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_object.c - an ELF file that has to be linked, by libbpf: it has maps, or several
 * functions.
 */
#include "bench/plugin_priv.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Copies the last line that is not blank and no statistics of the kernel's verifier. */
static void
last_line(const char *log, char *to, size_t bytes)
{
	to[0] = 0;
	while (*log) {
		size_t len = strcspn(log, "\n");

		if (len && strncmp(log, "processed ", 10) != 0)
			snprintf(to, bytes, "%.*s", (int)len, log);
		log += len + (log[len] == '\n');
	}
}

int
plugin_refused(const struct plugin_job *job, const char *words, const char *log, int errnum,
               struct xb_err *err)
{
	char line[512];

	if (job->debug && log[0])
		fprintf(stderr, "%s\n", log);
	last_line(log, line, sizeof(line));
	if (!line[0])
		snprintf(line, sizeof(line), "%s%s", strerror(errnum),
		         errnum == EPERM || errnum == EACCES
		                 ? " (it needs CAP_BPF and CAP_NET_ADMIN)"
		                 : "");
	return xb_err_set(err, XB_ERR_LOAD, "%s: %s", words, line);
}

/* The one called main; else one alone. */
static struct bpf_program *
choose(const struct bpf_object *object)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(object, "main");
	struct bpf_program *first = bpf_object__next_program(object, NULL);

	if (prog)
		return prog;
	return first && !bpf_object__next_program(object, first) ? first : NULL;
}

static int
prepare(struct bpf_object *object, enum bpf_prog_type text_type, struct bpf_program **program,
        struct xb_err *err)
{
	struct bpf_program *prog;

	*program = choose(object);
	if (!*program)
		return xb_err_set(err, XB_ERR_LOAD, "no program 'main'");
	bpf_object__for_each_program(prog, object)
	        bpf_program__set_autoload(prog, prog == *program);
	if (!strcmp(bpf_program__section_name(*program), ".text"))
		bpf_program__set_type(*program, text_type);
	return 0;
}

int
plugin_load_object(const struct plugin_job *job, enum bpf_prog_type text_type,
                   struct bpf_object **object, struct bpf_program **program, struct xb_err *err)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "plugin", .kernel_log_level = 1,
	            .kernel_log_size = PLUGIN_LOG_BYTES);
	char *log = calloc(1, PLUGIN_LOG_BYTES);
	int rc = -1;

	if (!log)
		return xb_err_errno(err, ENOMEM, "log");
	opts.kernel_log_buf = log;
	if (!job->debug)
		libbpf_set_print(NULL);
	*object = bpf_object__open_mem(job->image, job->image_bytes, &opts);
	if (!*object) {
		rc = xb_err_set(err, XB_ERR_LOAD, "the ELF file cannot be opened: %s",
		                strerror(errno));
	} else if (prepare(*object, text_type, program, err) == 0) {
		rc = bpf_object__load(*object);
		if (rc != 0)
			plugin_refused(job, "the program is refused", log, -rc, err);
	}
	if (rc != 0) {
		bpf_object__close(*object);
		*object = NULL;
		rc = -1;
	}
	free(log);
	return rc;
}
