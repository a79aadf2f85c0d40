/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_bare.c - a program on the machine by itself, without an operating system around.
 */
#include "bench/plugin_priv.h"

#include "xdpbench/emulator.h"

#include <stdio.h>
#include <string.h>

static const char *
bind(void *self, const struct xb_callee *callee, struct xb_err *err)
{
	(void)self;
	if (callee->kind == XB_CALLEE_HELPER && callee->number == PLUGIN_HELPER)
		return "helper";
	if (callee->kind == XB_CALLEE_KFUNC && callee->number == PLUGIN_RUNTIME)
		return "runtime";
	xb_err_set(err, XB_ERR_LOAD, "there is no function %d to call", callee->number);
	return NULL;
}

static u64
call(void *self, struct xb_process *process, const struct xb_callee *callee, const u64 args[5])
{
	(void)self;
	(void)process;
	return callee->kind == XB_CALLEE_HELPER ? args[0] : 0;
}

static struct xb_machine *
new_machine(struct xb_err *err)
{
	static const struct xb_emulator_ops ops = { .size = sizeof(ops),
		                                    .bind = bind,
		                                    .call = call };
	struct xb_machine_opts opts = { .size = sizeof(opts) };

	opts.emulator = xb_emulator_new(&ops, NULL, err);
	return opts.emulator ? xb_machine_new(&opts, err) : NULL;
}

/* Memory with these bytes in it. */
static int
map(struct xb_machine *machine, const char *name, u32 access, const void *data, u32 bytes,
    u64 *gaddr, struct xb_err *err)
{
	const struct xb_memory_opts opts = {
		.size = sizeof(opts), .name = name, .bytes = bytes, .access = access, .low = true
	};

	if (xb_machine_map(machine, &opts, gaddr, err) != 0)
		return -1;
	memcpy(xb_machine_host(machine, *gaddr, bytes), data, bytes);
	return 0;
}

/* R1 and R2. */
static int
map_all(struct xb_machine *machine, const struct plugin_job *job, u64 r[2], struct xb_err *err)
{
	struct xdp_md md = { .ingress_ifindex = 1 };
	u64 data = 0;

	if (job->memory_bytes &&
	    map(machine, job->packet ? "packet" : "memory", XB_ACCESS_READ | XB_ACCESS_WRITE,
	        job->memory, job->memory_bytes, &data, err) != 0)
		return -1;
	r[0] = data;
	r[1] = job->memory_bytes;
	if (!job->packet)
		return 0;
	md.data = md.data_meta = (u32)data;
	md.data_end = (u32)data + job->memory_bytes;
	r[1] = 0;
	return map(machine, "xdp_md", XB_ACCESS_READ, &md, sizeof(md), &r[0], err);
}

static void
print(const struct xb_program *program)
{
	char text[128];
	u32 slots;

	for (u32 pc = 0; (slots = xb_program_disasm(program, pc, text, sizeof(text))); pc += slots)
		fprintf(stderr, "%4u: %s\n", pc, text);
}

/* What stopped it, as an error. */
static int
stopped(const struct xb_process *process, struct xb_err *err)
{
	struct xb_fault_info fault;

	if (!xb_process_fault(process, &fault))
		return xb_err_set(err, XB_ERR_SYSTEM, "the run did not end");
	xb_err_set(err, XB_ERR_SYSTEM, "insn %u: %s: %s", fault.pc, xb_fault_kind_name(fault.kind),
	           fault.message);
	return -1;
}

static int
run(struct xb_machine *machine, const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	const struct xb_program_opts opts = {
		.size = sizeof(opts), .name = "main", .insns = job->insns, .insn_cnt = job->insn_cnt
	};
	struct xb_program *program = xb_machine_add_program(machine, &opts, err);
	struct xb_process *process;
	u64 r[2];
	int rc = 0;

	if (!program || map_all(machine, job, r, err) != 0)
		return -1;
	if (job->debug)
		print(program);
	process = xb_process_new(machine, program, NULL, NULL, err);
	if (!process)
		return -1;
	xb_process_set_reg(process, BPF_REG_1, r[0]);
	xb_process_set_reg(process, BPF_REG_2, r[1]);
	if (xb_process_run(process, NULL) == XB_PROCESS_EXITED)
		*r0 = xb_process_result(process);
	else
		rc = stopped(process, err);
	xb_process_free(process);
	return rc;
}

int
plugin_run_bare(const struct plugin_job *job, u64 *r0, struct xb_err *err)
{
	struct xb_machine *machine = new_machine(err);
	int rc = machine ? run(machine, job, r0, err) : -1;

	xb_machine_free(machine);
	return rc;
}
