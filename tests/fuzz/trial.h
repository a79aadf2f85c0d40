/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trial.h - one program on all engines and in the kernel, and what is said of it.
 */
#ifndef XB_TESTS_FUZZ_TRIAL_H
#define XB_TESTS_FUZZ_TRIAL_H

#include "tests/fuzz/engine.h"

#define LOG_BYTES 65536u

struct rig {
	struct machine machines[MACHINE_CNT];
	struct side kernel;
	bool has_kernel;
	bool faulty; /* with the engine that makes mistakes */
	struct xb_insn_index index;
	char log[LOG_BYTES];
	struct input inputs[PROGRAM_INPUTS];
	struct outcome outcomes[2];
	struct seen seen[2]; /* emulator, kernel */
};

struct verdict {
	struct program_use use;
	bool loaded;         /* the machine takes it */
	bool asked;          /* the kernel was */
	bool accepted;       /* and takes it */
	int refusal;         /* or -errno */
	bool uninit;         /* reads what nobody wrote, says the strict machine */
	u32 faults;          /* inputs that ended in a fault */
	const char *between; /* whom there is a difference between, or NULL */
	const char *known;   /* the difference of the README's list that it is, or NULL */
	u32 input;           /* on which */
	char text[600];      /* and what it is */
};

void rig_open(struct rig *rig, bool kernel, u32 job);
void rig_close(struct rig *rig);

void trial_run(struct rig *rig, const struct program *p, struct verdict *v);

/* The verifier's last word on a program that it refused, without numbers; in rig->log. */
const char *trial_reason(struct rig *rig, const struct program *p);

/* Makes it as short as it gets with a difference between the same two, and its numbers small. */
void shrink(struct rig *rig, struct program *p, struct verdict *v);

/* Prints it: instructions as text, and as a vector. */
void show(struct rig *rig, const struct program *p, const struct verdict *v);

#endif
