/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * emulator.h - what stands for the operating system around a machine's programs: a table to fill
 * in.
 *
 * The Linux emulator (xdpbench/linux.h) is one such; this is for another system, or one's own.
 */
#ifndef XDPBENCH_EMULATOR_H
#define XDPBENCH_EMULATOR_H

#include "xdpbench/process.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum xb_callee_kind {
	XB_CALLEE_HELPER, /* by number: src_reg 0 */
	XB_CALLEE_KFUNC,  /* by BTF id: BPF_PSEUDO_KFUNC_CALL */
};

struct xb_callee {
	enum xb_callee_kind kind;
	int32_t number; /* the instruction's imm */
	int16_t off;    /* and its offset */
};

/* `self` is what xb_emulator_new() was given. Any of them but `size` may be missing. */
struct xb_emulator_ops {
	size_t size; /* sizeof(struct xb_emulator_ops) */
	/*
	 * The machine is there, without programs; memory can be mapped. -1 and err: it is not made,
	 * and what was mapped is unmapped.
	 */
	int (*attach)(void *self, struct xb_machine *machine, struct xb_err *err);
	/* The machine goes, its programs and memory are gone; or it never came to be. */
	void (*release)(void *self);
	/*
	 * A program is being added: insns are a copy that may be changed, so that the forms of
	 * ldimm64 which name something (src_reg other than 0 and BPF_PSEUDO_FUNC) become constants:
	 * src_reg 0, the value in the two imm. Those that are left are refused. -1 and err: it is
	 * not added. Missing: nothing is changed.
	 */
	int (*resolve)(void *self, const struct xb_program_opts *opts, struct bpf_insn *insns,
	               uint32_t insn_cnt, struct xb_err *err);
	/*
	 * Whether programs may call it, asked for every call when one is added: the name that it
	 * has in messages and disassembly, which is kept; or NULL and err, and the program is
	 * refused, unless no jump leads to the call. Missing, as call(): there is nothing to call.
	 */
	const char *(*bind)(void *self, const struct xb_callee *callee, struct xb_err *err);
	/*
	 * Does a call, of what bind() took: args are R1 to R5, the result becomes R0. It stops the
	 * program with xb_process_stop().
	 */
	uint64_t (*call)(void *self, struct xb_process *process, const struct xb_callee *callee,
	                 const uint64_t args[5]);
	/*
	 * Whether an instruction that the machine does not know is one of the emulator's, of one
	 * slot, asked when a program is added and for disassembly; it is written as text into buf.
	 * Missing, as run_insn(): none is.
	 */
	bool (*claim_insn)(void *self, const struct bpf_insn *insn, char *buf, size_t bytes);
	/*
	 * Executes it; the program goes on behind it. It may set registers. Where it stops the
	 * program they are as they were.
	 */
	void (*run_insn)(void *self, struct xb_process *process, const struct bpf_insn *insn);
};

/*
 * An emulator from a table, which is copied, for one machine. NULL and err where there is no
 * memory, or the table is larger than this version's.
 */
struct xb_emulator *xb_emulator_new(const struct xb_emulator_ops *ops, void *self,
                                    struct xb_err *err);

/* Frees an emulator that no machine has taken over. NULL is allowed. */
void xb_emulator_free(struct xb_emulator *emulator);

/* The `self` of xb_emulator_new(); NULL of the Linux emulator. */
void *xb_emulator_self(const struct xb_emulator *emulator);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
