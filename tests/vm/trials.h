/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trials.h - instructions tried on operands at the edges, by the machine, the model, and the
 * kernel, which have to agree in each bit of each register and of memory.
 */
#ifndef XB_TESTS_VM_TRIALS_H
#define XB_TESTS_VM_TRIALS_H

#include "tests/vm/blocks.h"
#include "tests/vm/machine.h"

#define XB_TRIALS_MAX 4096

/* What is tried next, and what of the instruction set has been. */
struct xb_trials {
	struct xb_machine machine;
	bool kernel; /* it may be asked */
	struct xb_try trys[XB_TRIALS_MAX];
	u32 try_cnt;
	u32 failures;
	struct xb_insn_index index;
	bool covered[XB_INSN_CNT];
};

/* The number of values that operands take, and the values. */
u32 xb_trials_values(const u64 **values);

/* Adds an instruction to those that are tried next. */
void xb_trials_add(struct xb_trials *s, const char *name, struct bpf_insn insn);

/* Tries what was added, with all values in R1, and in R2 all of them or one. Fails the test. */
void xb_trials_run(struct xb_trials *s, bool all_pairs);

/* Notes that an instruction of this row ran. */
void xb_trials_cover(struct xb_trials *s, const struct bpf_insn *insn);

/* What the verifier refuses though the machine runs it: constants that cannot be meant. */
bool xb_verifier_refuses(const struct bpf_insn *insn);

#endif
