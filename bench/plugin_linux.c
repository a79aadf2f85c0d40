/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_linux.c - a program with Linux around it: one for XDP where its memory is a packet, else
 * one for a kprobe, where all that registers hold is the context's business.
 */
#include "bench/plugin_priv.h"

#include "emu/base64.h"
#include "xdpbench/libbpf.h"
#include "xdpbench/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* JSON; freed by the caller. NULL: no memory. */
static char *
context_text(const struct plugin_job *job, const char *base64)
{
	char *text;
	int n;

	if (job->packet)
		n = asprintf(&text, "{\"type\":\"xdp_md\",\"ctx\":{\"packet\":\"%s\"}}", base64);
	else if (job->memory_bytes)
		n = asprintf(&text,
		             "{\"type\":\"generic\",\"ctx\":{\"registers\":{\"r1\":\"memory\","
		             "\"r2\":\"bytes\"},\"memory\":[{\"name\":\"memory\",\"type\":"
		             "\"block\",\"value\":{\"value\":\"%s\",\"byteorder\":\"le\"}},"
		             "{\"name\":\"bytes\",\"type\":\"int\",\"value\":{\"value\":%u,"
		             "\"size\":32}}]}}",
		             base64, job->memory_bytes);
	else
		n = asprintf(&text, "{\"type\":\"generic\",\"ctx\":{\"registers\":{}}}");
	return n < 0 ? NULL : text;
}

static struct xb_context *
new_context(const struct plugin_job *job, struct xb_err *err)
{
	size_t chars = xb_base64_chars(job->memory_bytes);
	char *base64 = calloc(1, chars + 1), *text = NULL;
	struct xb_context *context = NULL;

	if (base64) {
		xb_base64_encode(job->memory, job->memory_bytes, base64);
		text = context_text(job, base64);
	}
	if (text)
		context = xb_context_parse(NULL, text, strlen(text), err);
	else
		xb_err_errno(err, ENOMEM, "context");
	free(text);
	free(base64);
	return context;
}

static struct xb_program *
add_insns(struct xb_machine *machine, const struct plugin_job *job, struct xb_err *err)
{
	const struct xb_program_opts opts = {
		.size = sizeof(opts),
		.name = "main",
		.insns = job->insns,
		.insn_cnt = job->insn_cnt,
		.type = job->packet ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_KPROBE,
		.expected_attach_type = job->packet ? BPF_XDP : 0,
	};

	return xb_machine_add_program(machine, &opts, err);
}

static struct xb_program *
add_object(struct xb_machine *machine, const struct plugin_job *job, struct xb_err *err)
{
	struct xb_linux *lx = xb_linux_of(machine);
	struct xb_program *program = NULL;
	struct bpf_object *object;
	struct bpf_program *prog;

	xb_linux_enter(lx);
	if (plugin_load_object(job, BPF_PROG_TYPE_KPROBE, &object, &prog, err) == 0) {
		program = xb_machine_add_bpf_program(machine, prog, err);
		bpf_object__close(object);
	}
	xb_linux_enter(NULL);
	return program;
}

static int
run_process(struct xb_process *process, u64 *r0, struct xb_err *err)
{
	struct xb_fault_info fault;

	if (xb_process_run(process, NULL) == XB_PROCESS_EXITED) {
		*r0 = xb_process_result(process);
		return 0;
	}
	if (!xb_process_fault(process, &fault))
		return xb_err_set(err, XB_ERR_SYSTEM, "the run did not end");
	return xb_err_set(err, XB_ERR_SYSTEM, "insn %u (%s): %s: %s", fault.pc, fault.function,
	                  xb_fault_kind_name(fault.kind), fault.message);
}

static int
run(struct xb_machine *machine, const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	struct xb_program *program =
	        job->insns ? add_insns(machine, job, err) : add_object(machine, job, err);
	struct xb_context *context = program ? new_context(job, err) : NULL;
	struct xb_process *process =
	        context ? xb_process_new(machine, program, context, NULL, err) : NULL;
	int rc = process ? run_process(process, r0, err) : -1;

	xb_process_free(process);
	xb_context_free(context);
	return rc;
}

int
plugin_run_linux(const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	const struct xb_linux_opts linux_opts = { .size = sizeof(linux_opts) };
	struct xb_machine_opts opts = { .size = sizeof(opts) };
	struct xb_linux *lx = xb_linux_new(&linux_opts, err);
	struct xb_machine *machine = NULL;
	int rc = -1;

	if (lx) {
		opts.emulator = xb_linux_emulator(lx);
		machine = xb_machine_new(&opts, err);
	}
	if (machine)
		rc = run(machine, job, r0, err);
	xb_machine_free(machine);
	return rc;
}
