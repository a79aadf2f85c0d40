/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/linux_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void
rig_open(struct rig *rig, const struct xb_linux_opts *opts, uint32_t vcpus)
{
	const struct xb_linux_opts defaults = { .size = sizeof(defaults) };
	struct xb_machine_opts machine_opts = { .size = sizeof(machine_opts), .vcpu_cnt = vcpus };
	struct xb_err err = XB_ERR_INIT;

	rig->lx = xb_linux_new(opts ? opts : &defaults, &err);
	if (!rig->lx)
		fail_msg("%s", err.msg);
	machine_opts.emulator = xb_linux_emulator(rig->lx);
	rig->machine = xb_machine_new(&machine_opts, &err);
	if (!rig->machine)
		fail_msg("%s", err.msg);
}

void
rig_close(struct rig *rig)
{
	xb_machine_free(rig->machine);
}

struct xb_program *
rig_try(const struct rig *rig, uint32_t type, const char *license, const struct bpf_insn *insns,
        uint32_t cnt, struct xb_err *err)
{
	const struct xb_program_opts opts = { .size = sizeof(opts),
		                              .name = "prog",
		                              .type = type,
		                              .insns = insns,
		                              .insn_cnt = cnt,
		                              .license = license };

	return xb_machine_add_program(rig->machine, &opts, err);
}

struct xb_program *
rig_add(const struct rig *rig, uint32_t type, const struct bpf_insn *insns, uint32_t cnt)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_program *program = rig_try(rig, type, NULL, insns, cnt, &err);

	if (!program)
		fail_msg("%s", err.msg);
	return program;
}

static struct xb_context *
context_of(const char *json)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_context *context;

	if (!json)
		return NULL;
	context = xb_context_parse(NULL, json, strlen(json), &err);
	if (!context)
		fail_msg("%s", err.msg);
	return context;
}

static struct xb_process *
run(const struct rig *rig, uint32_t vcpu, struct xb_program *program,
    const struct xb_context *context)
{
	const struct xb_process_opts opts = { .size = sizeof(opts), .vcpu = vcpu };
	struct xb_err err = XB_ERR_INIT;
	struct xb_process *process = xb_process_new(rig->machine, program, context, &opts, &err);

	if (!process)
		fail_msg("%s", err.msg);
	xb_process_run(process, NULL);
	return process;
}

uint64_t
rig_run_on(const struct rig *rig, uint32_t vcpu, struct xb_program *program, const char *json)
{
	struct xb_context *context = context_of(json);
	struct xb_process *process = run(rig, vcpu, program, context);
	struct xb_fault_info fault;
	uint64_t r0 = xb_process_result(process);

	if (xb_process_fault(process, &fault))
		fail_msg("%s: %s", xb_fault_kind_name(fault.kind), fault.message);
	xb_process_free(process);
	xb_context_free(context);
	return r0;
}

uint64_t
rig_run(const struct rig *rig, struct xb_program *program, const char *json)
{
	return rig_run_on(rig, 0, program, json);
}

void
rig_fault(const struct rig *rig, struct xb_program *program, const char *json,
          enum xb_fault_kind kind, const char *text)
{
	struct xb_context *context = context_of(json);
	struct xb_process *process = run(rig, 0, program, context);
	struct xb_fault_info fault;

	if (!xb_process_fault(process, &fault))
		fail_msg("no fault; expected '%s'", text);
	if (fault.kind != kind || !strstr(fault.message, text))
		fail_msg("'%s: %s'; expected '%s: %s'", xb_fault_kind_name(fault.kind),
		         fault.message, xb_fault_kind_name(kind), text);
	xb_process_free(process);
	xb_context_free(context);
}

struct xb_linux_map *
rig_map(const struct rig *rig, uint32_t type, uint32_t key_bytes, uint32_t value_bytes,
        uint32_t entries)
{
	const struct xb_linux_map_opts opts = { .size = sizeof(opts),
		                                .type = type,
		                                .key_size = key_bytes,
		                                .value_size = value_bytes,
		                                .max_entries = entries };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux_map *map = xb_linux_map_create(rig->lx, &opts, &err);

	if (!map)
		fail_msg("%s", err.msg);
	return map;
}

void *
rig_slurp(const char *path, size_t *bytes)
{
	const size_t most = 1u << 20;
	void *data = malloc(most);
	FILE *f = fopen(path, "rb");

	assert_non_null(data);
	if (!f)
		fail_msg("%s cannot be opened", path);
	*bytes = fread(data, 1, most, f);
	fclose(f);
	return data;
}

void
rig_load(const struct rig *rig, const char *name)
{
	struct xb_err err = XB_ERR_INIT;
	char path[512];
	size_t bytes;
	void *image;

	snprintf(path, sizeof(path), "%s/%s.o", TEST_PROGS_DIR, name);
	image = rig_slurp(path, &bytes);
	if (xb_linux_load_object(rig->lx, image, bytes, name, &err) != 0)
		fail_msg("%s", err.msg);
	free(image);
}

void
rig_says(const struct xb_err *err, const char *text)
{
	if (err->kind == XB_ERR_NONE || !strstr(err->msg, text))
		fail_msg("'%s'; expected '%s'", err->msg, text);
}
