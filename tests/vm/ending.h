/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ending.h - rows of programs and how each ends: with a result, or with a fault.
 */
#ifndef XB_TESTS_VM_ENDING_H
#define XB_TESTS_VM_ENDING_H

#include "tests/insns.h"
#include "vm/fault.h"

/* What a fault's address is counted from. */
enum xb_from { XB_FROM_ZERO, XB_FROM_CTX, XB_FROM_FRAME };

struct xb_ending {
	const char *name;
	struct bpf_insn insns[28]; /* to the last that has an opcode */
	enum xb_fault_kind kind;   /* XB_FAULT_NONE: it returns */
	u64 r0;                    /* where it returns */
	u64 insns_cnt;             /* executed; 0: any */
	u32 pc;                    /* of the fault, and so on */
	enum xb_from from;
	s64 off;
	u64 bytes;
	const char *object;
	const char *message;
	u64 budget; /* 0: the default */
};

/*
 * Runs the row, and once more in single steps, with the same outcome to the last byte. Prints what
 * is not as the row says; how much that was.
 */
u32 xb_ending_check(const struct xb_ending *row);

/* For rows. */
#define RETURNS(value, cnt) .r0 = (u64)(value), .insns_cnt = (cnt)
#define FAULTS(what, at)    .kind = XB_FAULT_##what, .pc = (at)
#define ADDRESS(base, distance, size, obj)                                                         \
	.from = XB_FROM_##base, .off = (distance), .bytes = (size), .object = (obj)
#define TO(from_pc, to_pc) ((to_pc) - (from_pc)-1) /* offset of a jump or call */
#define ADD(dst, src)      XB_ALU64_REG(BPF_ADD, dst, src)
#define ADDK(dst, imm)     XB_ALU64_IMM(BPF_ADD, dst, imm)
#define OR(dst, src)       XB_ALU64_REG(BPF_OR, dst, src)
#define MOVK(dst, imm)     XB_MOV64_IMM(dst, imm)
#define END                XB_MACHINE_CTX_BYTES

#endif
