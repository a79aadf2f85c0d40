/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tally.h - what became of many programs, in numbers. It has no pointers: jobs share it with their
 * parent.
 */
#ifndef XB_TESTS_FUZZ_TALLY_H
#define XB_TESTS_FUZZ_TALLY_H

#include "tests/fuzz/trial.h"

#define TALLY_REASONS 48u

struct tally {
	u64 programs, slots;
	u64 seed; /* of the program that is under way */
	u64 wild, not_loaded, faulted, uninit;
	u64 asked, accepted, atomics; /* the kernel was, took them; with atomics, of these */
	u64 differences, atomic_differences;
	u64 known;     /* that are on the README's list */
	u64 once_only; /* that did not come again */
	bool kernel, ended;
	u64 insns[XB_INSN_CNT]; /* programs that ran to compare them, by instruction in them */
	struct {
		char text[72];
		u64 cnt;
	} reasons[TALLY_REASONS]; /* that the kernel gave for refusing programs */
};

/* One program's verdict. */
void tally_count(struct tally *t, struct rig *rig, const struct program *p,
                 const struct verdict *v);

void tally_add(struct tally *sum, const struct tally *t);

void tally_print(const struct tally *t, double seconds);

/* Prints which instructions were in no program, but those that none is made of; how many. */
u32 tally_missing(const struct tally *t);

#endif
