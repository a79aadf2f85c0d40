/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generate.h - random programs, of which many load, and some of those run to their end.
 */
#ifndef XB_TESTS_VM_GENERATE_H
#define XB_TESTS_VM_GENERATE_H

#include "vm/insn.h"

#define XB_GENERATE_MAX_INSNS 48

/* A stream of numbers that depends on its seed alone. */
struct xb_chance {
	u64 state;
};

u32 xb_chance_below(struct xb_chance *c, u32 end);

/*
 * Writes up to XB_GENERATE_MAX_INSNS instructions; returns how many. Fields are what their rows
 * allow, jumps mostly stay in their function; now and then anything goes.
 */
u32 xb_generate(struct xb_chance *c, struct bpf_insn *insns);

#endif
