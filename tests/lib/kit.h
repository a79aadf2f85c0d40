/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kit.h - machines, programs and processes in a line each, by what the public headers have alone.
 */
#ifndef XB_TESTS_LIB_KIT_H
#define XB_TESTS_LIB_KIT_H

#include "tests/insns.h"

#include "xdpbench/emulator.h"
#include "xdpbench/linux.h"
#include "xdpbench/process.h"

/* Instructions, and how many: two arguments. */
#define KIT_INSNS(...)                                                                             \
	(const struct bpf_insn[]){ __VA_ARGS__ },                                                  \
	        (uint32_t)(sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) /                      \
	                   sizeof(struct bpf_insn))

#define KIT_PROGRAM(machine, ...) kit_program(machine, KIT_INSNS(__VA_ARGS__))

/* All of these assert that it works. */
struct xb_machine *kit_machine(struct xb_emulator *emulator); /* NULL: without one */
struct xb_machine *kit_linux(void);                           /* with two virtual CPUs */
struct xb_program *kit_program(struct xb_machine *machine, const struct bpf_insn *insns,
                               uint32_t cnt);
/* Of Linux's, of a type. */
struct xb_program *kit_typed(struct xb_machine *machine, uint32_t type,
                             const struct bpf_insn *insns, uint32_t cnt);
struct xb_process *kit_process(struct xb_machine *machine, struct xb_program *program);
struct xb_context *kit_context(const char *json);
/* An object below tests/progs/, whose programs become the machine's. */
void kit_load_object(struct xb_machine *machine, const char *dir, const char *name);

/* What came of a run. */
struct kit_out {
	enum xb_process_status status;
	uint64_t r0;
	uint64_t insns;
	enum xb_fault_kind kind; /* NONE: no fault */
	uint32_t pc;
	char message[200];
};

struct kit_out kit_out(struct xb_process *process);
struct kit_out kit_run(struct xb_process *process);
/* A program of these instructions, run without a context. */
struct kit_out kit_run_insns(struct xb_machine *machine, const struct bpf_insn *insns,
                             uint32_t cnt);
#define KIT_RUN(machine, ...) kit_run_insns(machine, KIT_INSNS(__VA_ARGS__))

/* The run returned this; or faulted, with this message. */
void kit_expect_exit(const struct kit_out *out, uint64_t r0);
void kit_expect_fault(const struct kit_out *out, enum xb_fault_kind kind, const char *message);

#define KIT_EXPECT_EXIT(r0, ...)                                                                   \
	do {                                                                                       \
		struct kit_out kit_o = (__VA_ARGS__);                                              \
		kit_expect_exit(&kit_o, (r0));                                                     \
	} while (0)
#define KIT_EXPECT_FAULT(kind, message, ...)                                                       \
	do {                                                                                       \
		struct kit_out kit_o = (__VA_ARGS__);                                              \
		kit_expect_fault(&kit_o, XB_FAULT_##kind, (message));                              \
	} while (0)

#endif
