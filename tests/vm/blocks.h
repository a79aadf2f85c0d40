/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * blocks.h - programs that try many instructions on inputs of which a loader can know nothing.
 *
 * A program is a sequence of blocks, one for each instruction, each with a slot of memory at R6:
 *
 *   load R0, R1, R2 from the slot; R3 = the slot's memory; the instruction; store R0, R1, R2
 *
 * Instructions work on R1 (dst) and R2 (src); those that access memory use R3 as their base. A
 * jump skips "R0 = 77". The same blocks run on the machine, where slots are in the context, and on
 * the kernel, where they are an array map's value.
 */
#ifndef XB_TESTS_VM_BLOCKS_H
#define XB_TESTS_VM_BLOCKS_H

#include "vm/insn.h"

#define XB_BLOCK_SKIPPED   77 /* R0 where a jump was not taken */
#define XB_BLOCK_MEM_BYTES 24
#define XB_BLOCK_MAX_INSNS 16

/* Inputs of a block, and its outputs. */
struct xb_slot {
	u64 r0, r1, r2;
	u8 mem[XB_BLOCK_MEM_BYTES];
};

/* An instruction to try; `second` is that of ldimm64. */
struct xb_try {
	const char *name;
	struct bpf_insn insn, second;
};

/* Appends the block of an instruction; the number of slots. */
u32 xb_block_emit(const struct xb_try *t, struct bpf_insn *out);

/* Whether an instruction accesses memory (through R3). */
bool xb_block_uses_memory(const struct bpf_insn *insn);

#endif
