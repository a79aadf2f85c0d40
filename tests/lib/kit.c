/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/lib/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Prints why, where something that works did not. */
static void *
must(void *made, const struct xb_err *err)
{
	if (!made)
		fail_msg("%s", err->msg);
	return made;
}

struct xb_machine *
kit_machine(struct xb_emulator *emulator)
{
	const struct xb_machine_opts opts = { .size = sizeof(opts), .emulator = emulator };
	struct xb_err err = XB_ERR_INIT;

	return must(xb_machine_new(&opts, &err), &err);
}

struct xb_machine *
kit_linux(void)
{
	const struct xb_linux_opts linux_opts = { .size = sizeof(linux_opts),
		                                  .seed = 1,
		                                  .watch_calls = true };
	struct xb_machine_opts opts = { .size = sizeof(opts), .vcpu_cnt = 2 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_linux *lx = must(xb_linux_new(&linux_opts, &err), &err);

	opts.emulator = xb_linux_emulator(lx);
	return must(xb_machine_new(&opts, &err), &err);
}

struct xb_program *
kit_typed(struct xb_machine *machine, uint32_t type, const struct bpf_insn *insns, uint32_t cnt)
{
	const struct xb_program_opts opts = {
		.size = sizeof(opts),
		.name = "prog",
		.type = type,
		.expected_attach_type = type == BPF_PROG_TYPE_SK_LOOKUP ? BPF_SK_LOOKUP : 0,
		.insns = insns,
		.insn_cnt = cnt,
	};
	struct xb_err err = XB_ERR_INIT;

	return must(xb_machine_add_program(machine, &opts, &err), &err);
}

struct xb_program *
kit_program(struct xb_machine *machine, const struct bpf_insn *insns, uint32_t cnt)
{
	return kit_typed(machine, xb_linux_of(machine) ? BPF_PROG_TYPE_XDP : 0, insns, cnt);
}

struct xb_process *
kit_process(struct xb_machine *machine, struct xb_program *program)
{
	struct xb_err err = XB_ERR_INIT;

	return must(xb_process_new(machine, program, NULL, NULL, &err), &err);
}

struct xb_context *
kit_context(const char *json)
{
	struct xb_err err = XB_ERR_INIT;

	return must(xb_context_parse(NULL, json, strlen(json), &err), &err);
}

void
kit_load_object(struct xb_machine *machine, const char *dir, const char *name)
{
	struct xb_err err = XB_ERR_INIT;
	static char image[1 << 20];
	char path[4096];
	size_t bytes;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.o", dir, name);
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s cannot be read", path);
	bytes = fread(image, 1, sizeof(image), f);
	fclose(f);
	if (xb_linux_load_object(xb_linux_of(machine), image, bytes, name, &err) != 0)
		fail_msg("%s", err.msg);
}

struct kit_out
kit_out(struct xb_process *process)
{
	struct kit_out out = {
		.status = xb_process_status(process),
		.insns = xb_process_insns(process),
	};
	struct xb_fault_info fault;

	if (xb_process_fault(process, &fault)) {
		out.kind = fault.kind;
		out.pc = fault.pc;
		snprintf(out.message, sizeof(out.message), "%s", fault.message);
	} else {
		out.r0 = xb_process_result(process);
	}
	return out;
}

struct kit_out
kit_run(struct xb_process *process)
{
	xb_process_run(process, NULL);
	return kit_out(process);
}

struct kit_out
kit_run_insns(struct xb_machine *machine, const struct bpf_insn *insns, uint32_t cnt)
{
	struct xb_process *p = kit_process(machine, kit_program(machine, insns, cnt));
	struct kit_out out = kit_run(p);

	xb_process_free(p);
	return out;
}

void
kit_expect_exit(const struct kit_out *out, uint64_t r0)
{
	if (out->status != XB_PROCESS_EXITED)
		fail_msg("status %d at insn %u: %s: %s", (int)out->status, out->pc,
		         xb_fault_kind_name(out->kind), out->message);
	assert_int_equal(out->r0, r0);
}

void
kit_expect_fault(const struct kit_out *out, enum xb_fault_kind kind, const char *message)
{
	assert_int_equal(out->status, XB_PROCESS_FAULTED);
	assert_string_equal(out->message, message);
	assert_string_equal(xb_fault_kind_name(out->kind), xb_fault_kind_name(kind));
}
