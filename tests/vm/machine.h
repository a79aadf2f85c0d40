/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - a machine to test: memory, one process, and an emulator of a handful of calls.
 */
#ifndef XB_TESTS_VM_MACHINE_H
#define XB_TESTS_VM_MACHINE_H

#include "vm/proc.h"

#define XB_MACHINE_CTX_BYTES 4096 /* writable, at R1 */

/* The second address space of all programs is the context once more. */
#define XB_MACHINE_SPACE_FIRST 0x10000u
#define XB_MACHINE_SPACE_HIGH  0x500000000ull

/* The emulator's helpers, by number. Any other number is refused when the program is loaded. */
enum {
	XB_CALL_SUM = 5,   /* R1 + ... + R5 */
	XB_CALL_FAULT = 6, /* stops the program */
	XB_CALL_LOOP = 7,  /* calls function R2 with (i, R3) R1 times; sum of results */
	XB_CALL_TAIL = 8, /* goes on in xb_machine.targets[R1 % 4]; -1 where that is not possible */
	XB_CALL_READ = 9, /* byte sum of R2 bytes at R1 */
	XB_CALL_AUX = 10, /* the constant that R1 was known to hold at load */
	XB_CALL_INSNS = 11, /* instructions of this run, with the call itself */
};

struct xb_machine {
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_region *ctx; /* zeroed by xb_machine_run() */
	const u8 *packet;      /* what LD_ABS sees; NULL: nothing */
	u32 packet_bytes;
	const struct xb_prog *targets[4]; /* of tail calls */
};

/* With a budget of `max_insns` (0: the default). Fails the test where there is no memory. */
void xb_machine_init(struct xb_machine *m, u64 max_insns);
void xb_machine_fini(struct xb_machine *m);

/* A program that may load packets and whose context is `ctx_bytes` long; NULL and err. */
struct xb_prog *xb_machine_load(struct xb_machine *m, const struct bpf_insn *insns, u32 cnt,
                                u32 ctx_bytes, struct xb_err *err);

/* Loads, and fails the test with `name` where that is refused. */
struct xb_prog *xb_machine_must_load(struct xb_machine *m, const char *name,
                                     const struct bpf_insn *insns, u32 cnt);

/* Zeroes the context and runs. */
enum xb_run_status xb_machine_run(struct xb_machine *m, const struct xb_prog *prog);

/* The context's host address. */
void *xb_machine_ctx(struct xb_machine *m);

#endif
