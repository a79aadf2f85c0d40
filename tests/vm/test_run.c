/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs: calls and frames, helpers, callbacks, tail calls, budgets, faults. Each row is run, and
 * then once more in single steps, with the same outcome to the last byte.
 */
#include "tests/insns.h"
#include "tests/vm/machine.h"
#include "tests/vm/twice.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a fault's address is counted from. */
enum from { FROM_ZERO, FROM_CTX, FROM_FRAME };

struct row {
	const char *name;
	struct bpf_insn insns[28];
	enum xb_fault_kind kind; /* XB_FAULT_NONE: it returns */
	u64 r0;                  /* where it returns */
	u64 insns_cnt;           /* executed; 0: any */
	u32 pc;                  /* of the fault, and so on */
	enum from from;
	s64 off;
	u64 bytes;
	const char *object;
	const char *message;
	u64 budget; /* 0: the default */
};

#define RETURNS(value, cnt) .r0 = (u64)(value), .insns_cnt = (cnt)
#define FAULTS(what, at)    .kind = XB_FAULT_##what, .pc = (at)
#define ADDRESS(base, distance, size, obj)                                                         \
	.from = FROM_##base, .off = (distance), .bytes = (size), .object = (obj)
#define TO(from_pc, to_pc) ((to_pc) - (from_pc)-1) /* offset of a jump or call */
#define ADD(dst, src)      XB_ALU64_REG(BPF_ADD, dst, src)
#define ADDK(dst, imm)     XB_ALU64_IMM(BPF_ADD, dst, imm)
#define OR(dst, src)       XB_ALU64_REG(BPF_OR, dst, src)
#define MOVK(dst, imm)     XB_MOV64_IMM(dst, imm)
#define END                XB_MACHINE_CTX_BYTES

static const struct row rows[] = {
	{ "constants", { MOVK(0, 7), XB_EXIT() }, RETURNS(7, 2) },
	{ "ldimm64 counts as one",
	  { XB_LD_IMM64(0, 0x1122334455667788), XB_LD_IMM64(1, 2), XB_EXIT() },
	  RETURNS(0x1122334455667788, 3) },
	{ "registers start as 0 but for R1 and R10",
	  { OR(0, 2), OR(0, 3), OR(0, 4), OR(0, 5), OR(0, 6), OR(0, 7), OR(0, 8), OR(0, 9),
	    XB_EXIT() },
	  RETURNS(0, 9) },
	{ "taken jump",
	  { MOVK(0, 1), XB_JMP_IMM(BPF_JEQ, 0, 1, 1), MOVK(0, 2), XB_EXIT() },
	  RETURNS(1, 3) },
	{ "jump back", { ADDK(0, 1), XB_JMP_IMM(BPF_JLT, 0, 10, -2), XB_EXIT() }, RETURNS(10, 21) },
	{ "gotol back",
	  { XB_GOTOL(TO(0, 2)), XB_EXIT(), MOVK(0, 3), XB_GOTOL(TO(3, 1)) },
	  RETURNS(3, 4) },

	/* Frames. */
	{ "frame starts zeroed",
	  { XB_LDX_MEM(BPF_DW, 0, 10, -512), XB_LDX_MEM(BPF_DW, 1, 10, -8), OR(0, 1),
	    XB_ST_MEM(BPF_DW, 10, -512, -1), XB_ST_MEM(BPF_DW, 10, -8, -1), XB_EXIT() },
	  RETURNS(0, 6) },
	{ "R6 to R9 survive a call",
	  { MOVK(6, 6), MOVK(7, 70), MOVK(8, 800), MOVK(9, 9000), XB_CALL_FUNC(TO(4, 10)),
	    ADD(0, 6), ADD(0, 7), ADD(0, 8), ADD(0, 9), XB_EXIT(),
	    /* 10 */ MOVK(6, -1), MOVK(7, -1), MOVK(8, -1), MOVK(9, -1), MOVK(0, 0), XB_EXIT() },
	  RETURNS(9876, 16) },
	{ "a callee sees all registers but R10",
	  { MOVK(0, 1), MOVK(5, 2), MOVK(9, 3), XB_CALL_FUNC(TO(3, 5)), XB_EXIT(),
	    /* 5 */ ADD(0, 5), ADD(0, 9), XB_EXIT() },
	  RETURNS(6, 8) },
	{ "frames are distinct",
	  { XB_ST_MEM(BPF_DW, 10, -8, 5), XB_CALL_FUNC(TO(1, 4)), XB_LDX_MEM(BPF_DW, 0, 10, -8),
	    XB_EXIT(), /* 4 */ XB_ST_MEM(BPF_DW, 10, -8, 6), XB_EXIT() },
	  RETURNS(5, 6) },
	{ "a callee's frame starts zeroed",
	  { XB_CALL_FUNC(TO(0, 3)), XB_CALL_FUNC(TO(1, 3)), XB_EXIT(),
	    /* 3 */ XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_ST_MEM(BPF_DW, 10, -8, 6), XB_EXIT() },
	  RETURNS(0, 9) },
	{ "a callee uses its caller's frame",
	  { XB_MOV64_REG(1, 10), XB_CALL_FUNC(TO(1, 4)), XB_LDX_MEM(BPF_B, 0, 10, -1), XB_EXIT(),
	    /* 4 */ XB_ST_MEM(BPF_B, 1, -1, 9), XB_EXIT() },
	  RETURNS(9, 6) },
	{ "R10 is the caller's again",
	  { XB_MOV64_REG(6, 10), XB_CALL_FUNC(TO(1, 5)), XB_MOV64_REG(0, 6),
	    XB_ALU64_REG(BPF_SUB, 0, 10), XB_EXIT(),
	    /* 5 */ XB_ST_MEM(BPF_B, 10, -1, 9), XB_EXIT() },
	  RETURNS(0, 7) },
	{ "the frame of a call that returned",
	  { XB_CALL_FUNC(TO(0, 3)), XB_LDX_MEM(BPF_DW, 0, 0, -8), XB_EXIT(),
	    /* 3 */ XB_MOV64_REG(0, 10), XB_EXIT() },
	  FAULTS(OOB_READ, 1),
	  ADDRESS(FRAME, 568, 8, "stack"),
	  .insns_cnt = 4,
	  .message = "569 bytes past the end of stack (512 bytes)" },

	/* Helpers. */
	{ "arguments of a call",
	  { MOVK(1, 1), MOVK(2, 20), MOVK(3, 300), MOVK(4, 4000), MOVK(5, 50000),
	    XB_CALL(XB_CALL_SUM), XB_EXIT() },
	  RETURNS(54321, 7) },
	{ "a call sees how many instructions ran",
	  { XB_LD_IMM64(0, 0), MOVK(1, 1), XB_CALL(XB_CALL_INSNS), XB_EXIT() },
	  RETURNS(3, 4) },
	{ "a constant R1 is known at load",
	  { XB_LD_IMM64(1, 0x123456789a), ADDK(1, 6), XB_CALL(XB_CALL_AUX), XB_EXIT() },
	  RETURNS(0x12345678a0, 4) },
	{ "an R1 that is the same on both ways is known",
	  { MOVK(1, 4), XB_JMP_IMM(BPF_JEQ, 2, 0, 1), MOVK(1, 4), XB_CALL(XB_CALL_AUX), XB_EXIT() },
	  RETURNS(4, 4) },
	{ "an R1 that depends is not",
	  { MOVK(1, 1), XB_JMP_IMM(BPF_JEQ, 2, 0, 1), MOVK(1, 2), XB_CALL(XB_CALL_AUX), XB_EXIT() },
	  RETURNS(0, 4) },
	{ "an R1 that a loop changes is not",
	  { MOVK(1, 1), XB_CALL(XB_CALL_AUX), ADDK(6, 1), MOVK(1, 2),
	    XB_JMP_IMM(BPF_JLT, 6, 2, TO(4, 1)), XB_EXIT() },
	  RETURNS(0, 10) },
	{ "a helper's fault changes nothing",
	  { MOVK(0, 3), MOVK(1, 4), XB_CALL(XB_CALL_FAULT), XB_EXIT() },
	  FAULTS(BAD_ARGUMENT, 2),
	  .insns_cnt = 3,
	  .message = "fault: 4" },
	{ "a buffer that ends early",
	  { ADDK(1, END - 10), MOVK(2, 11), XB_CALL(XB_CALL_READ), XB_EXIT() },
	  FAULTS(OOB_READ, 2),
	  ADDRESS(CTX, END - 10, 11, "ctx"),
	  .message = "read: 1 byte past the end of ctx (4096 bytes)" },
	{ "a buffer that just fits",
	  { ADDK(1, END - 10), XB_ST_MEM(BPF_DW, 1, 2, -1), MOVK(2, 10), XB_CALL(XB_CALL_READ),
	    XB_EXIT() },
	  RETURNS(8 * 255, 5) },

	/* Callbacks. */
	{ "callbacks get their arguments",
	  { MOVK(1, 4), XB_LD_FUNC(2, TO(1, 6)), MOVK(3, 100), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 6 */ XB_MOV64_REG(0, 1), ADD(0, 2), XB_EXIT() },
	  RETURNS(406, 5 + 4 * 3) },
	{ "callbacks preserve all of their caller's registers",
	  { MOVK(6, 600), MOVK(5, 50), MOVK(1, 2), XB_LD_FUNC(2, TO(3, 10)), XB_CALL(XB_CALL_LOOP),
	    ADD(0, 6), ADD(0, 5), ADD(0, 1), XB_EXIT(),
	    /* 10 */ MOVK(6, 0), MOVK(5, 0), MOVK(1, 0), MOVK(0, 0), XB_EXIT() },
	  RETURNS(652, 9 + 2 * 5) },
	{ "a callback has a frame of its own",
	  { XB_ST_MEM(BPF_DW, 10, -8, 5), MOVK(1, 2), XB_LD_FUNC(2, TO(2, 8)),
	    XB_CALL(XB_CALL_LOOP), XB_LDX_MEM(BPF_DW, 1, 10, -8), ADD(0, 1), XB_EXIT(),
	    /* 8 */ XB_LDX_MEM(BPF_DW, 0, 10, -8), XB_ST_MEM(BPF_DW, 10, -8, 100), XB_EXIT() },
	  RETURNS(5, 7 + 2 * 3) },
	{ "callbacks nest, and call functions",
	  { MOVK(1, 3), XB_LD_FUNC(2, TO(1, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 5 */ MOVK(1, 2), XB_LD_FUNC(2, TO(6, 10)), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 10 */ XB_CALL_FUNC(TO(10, 12)), XB_EXIT(),
	    /* 12 */ MOVK(0, 7), XB_EXIT() },
	  RETURNS(42, 4 + 3 * (4 + 2 * 4)) },
	{ "a fault in a callback is the callback's",
	  { MOVK(1, 1), XB_LD_FUNC(2, TO(1, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 5 */ MOVK(6, 1), XB_LDX_MEM(BPF_B, 0, 6, 0), XB_EXIT() },
	  FAULTS(NULL_POINTER, 6),
	  ADDRESS(ZERO, 1, 1, ""),
	  .insns_cnt = 5,
	  .message = "address 0x1 is a null pointer or near one" },
	{ "a callback that calls itself",
	  { MOVK(1, 1), XB_LD_FUNC(2, TO(1, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 5 */ MOVK(1, 1), XB_LD_FUNC(2, TO(6, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT() },
	  FAULTS(CALL_DEPTH, 8),
	  .insns_cnt = 3 + 7 * 3,
	  .message = "more than 8 frames of calls" },
	{ "a callback that calls too deep",
	  { MOVK(1, 1), XB_LD_FUNC(2, TO(1, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 5 */ XB_CALL_FUNC(TO(5, 7)), XB_EXIT(),
	    /* 7 */ MOVK(1, 1), XB_LD_FUNC(2, TO(8, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT() },
	  FAULTS(CALL_DEPTH, 5),
	  .message = "more than 8 frames of calls" },
	{ "a callback to what is no function",
	  { MOVK(1, 1), MOVK(2, 5), XB_CALL(XB_CALL_LOOP), XB_EXIT() },
	  FAULTS(BAD_CALL, 2),
	  .message = "callback 0x5 is not a function" },
	{ "a callback into the middle of a function",
	  { MOVK(1, 1), XB_LD_FUNC(2, TO(1, 6)), ADDK(2, 1), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 6 */ MOVK(0, 1), XB_EXIT() },
	  FAULTS(BAD_CALL, 4),
	  .message = "callback 0xf00d000000000007 is not a function" },
	{ "the program itself as a callback knows no context",
	  { XB_LDX_MEM(BPF_DW, 0, 1, 16), XB_LD_FUNC(2, TO(1, 0)), MOVK(1, 1),
	    XB_CALL(XB_CALL_LOOP), XB_EXIT() },
	  FAULTS(NULL_POINTER, 0),
	  ADDRESS(ZERO, 16, 8, ""),
	  .insns_cnt = 5,
	  .message = "address 0x10 is a null pointer or near one" },
	{ "the program called by its callback knows no context",
	  { XB_LDX_MEM(BPF_DW, 0, 1, 24), XB_LD_FUNC(2, TO(1, 6)), MOVK(1, 1),
	    XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 6 */ XB_CALL_FUNC(TO(6, 0)), XB_EXIT() },
	  FAULTS(NULL_POINTER, 0),
	  ADDRESS(ZERO, 24, 8, ""),
	  .message = "address 0x18 is a null pointer or near one" },

	/* Budgets. */
	{ "a loop without end",
	  { MOVK(0, 0), ADDK(0, 1), XB_JA(-2) },
	  FAULTS(BUDGET, 2),
	  .insns_cnt = 101,
	  .budget = 100,
	  .message = "stopped after 101 instructions" },
	{ "a loop that ends in time",
	  { ADDK(0, 1), XB_JMP_IMM(BPF_JLT, 0, 50, -2), XB_EXIT() },
	  RETURNS(50, 101),
	  .budget = 100 },
	{ "a loop that ends too late",
	  { ADDK(0, 1), XB_JMP_IMM(BPF_JLT, 0, 52, -2), XB_EXIT() },
	  FAULTS(BUDGET, 1),
	  .insns_cnt = 102,
	  .budget = 100,
	  .message = "stopped after 102 instructions" },
	{ "a jump that is not taken does not ask",
	  { MOVK(0, 1), MOVK(0, 1), XB_JMP_IMM(BPF_JEQ, 0, 2, 0), XB_EXIT() },
	  RETURNS(1, 4),
	  .budget = 1 },
	{ "a call past the budget",
	  { MOVK(1, 1), MOVK(1, 1), XB_CALL(XB_CALL_SUM), XB_EXIT() },
	  FAULTS(BUDGET, 2),
	  .insns_cnt = 3,
	  .budget = 2,
	  .message = "stopped after 3 instructions" },
	{ "a local call past the budget",
	  { MOVK(1, 1), XB_CALL_FUNC(TO(1, 3)), XB_EXIT(), XB_EXIT() },
	  FAULTS(BUDGET, 1),
	  .insns_cnt = 2,
	  .budget = 1,
	  .message = "stopped after 2 instructions" },
	{ "callbacks without end",
	  { MOVK(1, -1), XB_LD_FUNC(2, TO(1, 5)), XB_CALL(XB_CALL_LOOP), XB_EXIT(),
	    /* 5 */ MOVK(0, 1), XB_EXIT() },
	  FAULTS(BUDGET, 3),
	  .insns_cnt = 3 + 2 * 49,
	  .budget = 100,
	  .message = "stopped after 101 instructions" },
	{ "gotol past the budget",
	  { MOVK(0, 1), XB_GOTOL(0), XB_EXIT() },
	  FAULTS(BUDGET, 1),
	  .insns_cnt = 2,
	  .budget = 1,
	  .message = "stopped after 2 instructions" },

	/* Faults. */
	{ "null",
	  { MOVK(1, 0), XB_LDX_MEM(BPF_W, 0, 1, 0), XB_EXIT() },
	  FAULTS(NULL_POINTER, 1),
	  ADDRESS(ZERO, 0, 4, ""),
	  .insns_cnt = 2,
	  .message = "address 0x0 is a null pointer or near one" },
	{ "field of null",
	  { MOVK(1, 0), XB_ST_MEM(BPF_DW, 1, 32767, 1), XB_EXIT() },
	  FAULTS(NULL_POINTER, 1),
	  ADDRESS(ZERO, 32767, 8, ""),
	  .message = "address 0x7fff is a null pointer or near one" },
	{ "no object",
	  { XB_LD_IMM64(1, 0x700000000), XB_LDX_MEM(BPF_B, 0, 1, 0), XB_EXIT() },
	  FAULTS(OOB_READ, 2),
	  ADDRESS(ZERO, 0x700000000, 1, ""),
	  .insns_cnt = 2,
	  .message = "address 0x700000000 is in no object" },
	{ "beyond the arena",
	  { XB_LD_IMM64(1, 0x7fffffffffffffff), XB_STX_MEM(BPF_DW, 1, 3, 0), XB_EXIT() },
	  FAULTS(OOB_WRITE, 2),
	  ADDRESS(ZERO, INT64_MAX, 8, ""),
	  .message = "address 0x7fffffffffffffff is in no object" },
	{ "around the end of all addresses",
	  { MOVK(1, -4), XB_LDX_MEM(BPF_DW, 0, 1, 0), XB_EXIT() },
	  FAULTS(OOB_READ, 1),
	  ADDRESS(ZERO, -4, 8, ""),
	  .message = "address 0xfffffffffffffffc is in no object" },
	{ "1 byte past the context",
	  { ADDK(1, END - 8), XB_LDX_MEM(BPF_DW, 0, 1, 1), XB_EXIT() },
	  FAULTS(OOB_READ, 1),
	  ADDRESS(CTX, END - 7, 8, "ctx"),
	  .message = "1 byte past the end of ctx (4096 bytes)" },
	{ "3 bytes past the context",
	  { ADDK(1, END), XB_ST_MEM(BPF_B, 1, 2, 0), XB_EXIT() },
	  FAULTS(OOB_WRITE, 1),
	  ADDRESS(CTX, END + 2, 1, "ctx"),
	  .message = "3 bytes past the end of ctx (4096 bytes)" },
	{ "2 bytes before the context",
	  { XB_STX_MEM(BPF_W, 1, 2, -2), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(CTX, -2, 4, "ctx"),
	  .message = "2 bytes before the start of ctx (4096 bytes)" },
	{ "stack overflow",
	  { XB_ST_MEM(BPF_B, 10, -513, 1), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(FRAME, -513, 1, "stack"),
	  .insns_cnt = 1,
	  .message = "1 byte before the start of stack (512 bytes)" },
	{ "stack overflow by a word",
	  { XB_STX_MEM(BPF_DW, 10, 1, -520), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(FRAME, -520, 8, "stack"),
	  .message = "8 bytes before the start of stack (512 bytes)" },
	{ "above the stack",
	  { XB_LDX_MEM(BPF_W, 0, 10, -3), XB_EXIT() },
	  FAULTS(OOB_READ, 0),
	  ADDRESS(FRAME, -3, 4, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "a callee's stack overflow",
	  { XB_CALL_FUNC(TO(0, 2)), XB_EXIT(), XB_ST_MEM(BPF_H, 10, -514, 1), XB_EXIT() },
	  FAULTS(OOB_WRITE, 2),
	  ADDRESS(FRAME, 576 - 514, 2, "stack"),
	  .insns_cnt = 2,
	  .message = "2 bytes before the start of stack (512 bytes)" },
	{ "load_acquire out of bounds",
	  { XB_ATOMIC(BPF_DW, BPF_LOAD_ACQ, 0, 10, 0), XB_EXIT() },
	  FAULTS(OOB_READ, 0),
	  ADDRESS(FRAME, 0, 8, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "atomic out of bounds",
	  { XB_ATOMIC(BPF_DW, BPF_ADD, 10, 1, -4), XB_EXIT() },
	  FAULTS(OOB_WRITE, 0),
	  ADDRESS(FRAME, -4, 8, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "cmpxchg out of bounds leaves R0",
	  { MOVK(0, 8), XB_ATOMIC(BPF_W, BPF_CMPXCHG, 10, 1, 0), XB_EXIT() },
	  FAULTS(OOB_WRITE, 1),
	  ADDRESS(FRAME, 0, 4, "stack"),
	  .message = "1 byte past the end of stack (512 bytes)" },
	{ "load_acquire misaligned",
	  { XB_ATOMIC(BPF_H, BPF_LOAD_ACQ, 0, 10, -7), XB_EXIT() },
	  FAULTS(BAD_ATOMIC, 0),
	  .insns_cnt = 1,
	  .message = "load-acquire and store-release must be aligned" },
	{ "store_release misaligned",
	  { XB_ATOMIC(BPF_DW, BPF_STORE_REL, 10, 1, -12), XB_EXIT() },
	  FAULTS(BAD_ATOMIC, 0),
	  .insns_cnt = 1,
	  .message = "load-acquire and store-release must be aligned" },
};

static u32
insns_len(const struct bpf_insn *insns, u32 max)
{
	while (max && insns[max - 1].code == 0)
		max--;
	return max;
}

static u64
address_of(const struct xb_machine *m, const struct row *row)
{
	u64 from = row->from == FROM_CTX     ? m->ctx->gaddr
	           : row->from == FROM_FRAME ? m->proc->frame_top[0]
	                                     : 0;

	return from + (u64)row->off;
}

static u32
check_fault(const struct xb_machine *m, const struct row *row)
{
	const struct xb_fault *f = &m->proc->fault;
	u64 gaddr = row->bytes ? address_of(m, row) : 0;

	if (f->kind == row->kind && f->pc == row->pc && strcmp(f->message, row->message) == 0 &&
	    f->gaddr == gaddr && f->bytes == row->bytes &&
	    strcmp(f->object, row->object ? row->object : "") == 0 && f->prog == m->proc->prog)
		return 0;
	print_error("%s: expected %s at %u, %" PRIx64 "+%" PRIu64 " (%s): %s\n"
	            "  got %s at %u, %" PRIx64 "+%" PRIu64 " (%s): %s\n",
	            row->name, xb_fault_kind_name(row->kind), row->pc, gaddr, row->bytes,
	            row->object ? row->object : "", row->message, xb_fault_kind_name(f->kind),
	            f->pc, f->gaddr, f->bytes, f->object, f->message);
	return 1;
}

static u32
run_row(const struct row *row)
{
	struct xb_machine m;
	struct xb_prog *prog;
	enum xb_run_status status;
	u32 failures = 0;

	xb_machine_init(&m, row->budget);
	prog = xb_machine_must_load(&m, row->name, row->insns,
	                            insns_len(row->insns, XB_ARRAY_SIZE(row->insns)));
	status = xb_machine_run_twice(&m, prog, row->name);
	if ((status == XB_RUN_FAULT) != (row->kind != XB_FAULT_NONE)) {
		failures++;
		print_error("%s: status %d, r0 %" PRIx64 ", fault '%s'\n", row->name, status,
		            m.proc->r[0], m.proc->fault.message);
	} else if (status == XB_RUN_FAULT) {
		failures += check_fault(&m, row);
	} else if (m.proc->r[0] != row->r0) {
		failures++;
		print_error("%s: expected r0 %" PRIx64 ", got %" PRIx64 "\n", row->name, row->r0,
		            m.proc->r[0]);
	}
	if (row->insns_cnt && m.proc->insns != row->insns_cnt) {
		failures++;
		print_error("%s: expected %" PRIu64 " instructions, got %" PRIu64 "\n", row->name,
		            row->insns_cnt, m.proc->insns);
	}
	xb_prog_free(prog);
	xb_machine_fini(&m);
	return failures;
}

static void
test_rows(void **state)
{
	u32 failures = 0;

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++)
		failures += run_row(&rows[i]);
	assert_int_equal(failures, 0);
}

/* After a fault the next run is as the first. */
static void
test_reuse_after_fault(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_ST_MEM(BPF_DW, 10, -8, 1),
		XB_CALL_FUNC(TO(1, 3)),
		XB_EXIT(),
		/* 3 */ XB_LDX_MEM(BPF_DW, 0, 1, 0),
		XB_JMP_IMM(BPF_JEQ, 0, 0, 1),
		XB_LDX_MEM(BPF_DW, 0, 10, 0),
		XB_EXIT(),
	};
	struct xb_machine m;
	struct xb_prog *prog;

	(void)state;
	xb_machine_init(&m, 0);
	prog = xb_machine_must_load(&m, "reuse", insns, XB_ARRAY_SIZE(insns));
	for (u32 i = 0; i < 4; i++) {
		*(u64 *)xb_machine_ctx(&m) = i % 2;
		assert_int_equal(xb_proc_run(m.proc, prog, m.ctx->gaddr),
		                 i % 2 ? XB_RUN_FAULT : XB_RUN_EXIT);
		assert_int_equal(m.proc->insns, i % 2 ? 5 : 6);
		assert_int_equal(m.proc->depth, i % 2);
	}
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

static void
test_eight_frames(void **state)
{
	struct bpf_insn insns[32];
	struct xb_machine m;
	struct xb_prog *prog;
	u32 n = 0;

	(void)state;
	/* Each function calls the next one, which lies behind it, and adds 1. */
	for (u32 i = 0; i < XB_PROC_FRAMES; i++) {
		insns[n++] = XB_ST_MEM(BPF_DW, 10, -512, (s32)i);
		insns[n++] = i + 1 < XB_PROC_FRAMES ? XB_CALL_FUNC(2) : MOVK(0, 0);
		insns[n++] = ADDK(0, 1);
		insns[n++] = XB_EXIT();
	}
	xb_machine_init(&m, 0);
	prog = xb_machine_must_load(&m, "eight frames", insns, n);
	assert_int_equal(xb_machine_run_twice(&m, prog, "eight frames"), XB_RUN_EXIT);
	assert_int_equal(m.proc->r[0], XB_PROC_FRAMES);
	assert_int_equal(m.proc->insns, n);
	for (u32 i = 0; i < XB_PROC_FRAMES; i++)
		assert_int_equal(*(u64 *)xb_mem_host(m.vm->mem, m.proc->frame_top[i] - 512), i);
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

/* Counts in the context how often it ran, then calls its own successor. */
static void
test_tail_call_limit(void **state)
{
	static const struct bpf_insn insns[] = {
		/* R1 is the context in each program, whatever it was before the tail call. */
		XB_LDX_MEM(BPF_DW, 2, 1, 8),   ADDK(2, 1),         XB_STX_MEM(BPF_DW, 1, 2, 8),
		XB_STX_MEM(BPF_DW, 10, 2, -8), XB_MOV64_REG(6, 1), MOVK(1, 0),
		XB_CALL(XB_CALL_TAIL),         XB_MOV64_REG(7, 0), XB_LDX_MEM(BPF_DW, 0, 6, 8),
		XB_ALU64_REG(BPF_SUB, 0, 7),   XB_EXIT(),
	};
	struct xb_machine m;
	struct xb_prog *prog;

	(void)state;
	xb_machine_init(&m, 0);
	prog = xb_machine_must_load(&m, "tail call limit", insns, XB_ARRAY_SIZE(insns));
	m.targets[0] = prog;
	assert_int_equal(xb_machine_run_twice(&m, prog, "tail call limit"), XB_RUN_EXIT);
	/* 34 runs, and -1 from the last call. */
	assert_int_equal(m.proc->r[0], 1 + XB_PROC_TAIL_CALLS + 1);
	assert_int_equal(m.proc->insns, 7 * (1 + XB_PROC_TAIL_CALLS) + 4);
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

/* A tail call in a function replaces that function; its caller goes on, in its own program. */
static void
test_tail_call_in_function(void **state)
{
	static const struct bpf_insn caller[] = {
		MOVK(6, 1000),
		XB_ST_MEM(BPF_DW, 10, -8, 5),
		XB_CALL_FUNC(TO(2, 7)),
		ADD(0, 6),
		XB_LDX_MEM(BPF_DW, 1, 10, -8),
		ADD(0, 1),
		XB_EXIT(),
		/* 7 */ XB_ST_MEM(BPF_DW, 10, -8, 77),
		MOVK(1, 1),
		XB_CALL(XB_CALL_TAIL),
		XB_EXIT(),
	};
	static const struct bpf_insn target[] = {
		MOVK(6, 0),
		XB_LDX_MEM(BPF_DW, 0, 10, -8),
		XB_ST_MEM(BPF_DW, 10, -8, 1),
		ADDK(0, 30),
		XB_EXIT(),
	};
	struct xb_machine m;
	struct xb_prog *progs[2];

	(void)state;
	xb_machine_init(&m, 0);
	progs[0] = xb_machine_must_load(&m, "caller", caller, XB_ARRAY_SIZE(caller));
	progs[1] = xb_machine_must_load(&m, "target", target, XB_ARRAY_SIZE(target));
	m.targets[1] = progs[1];
	assert_int_equal(xb_machine_run_twice(&m, progs[0], "tail call in function"), XB_RUN_EXIT);
	assert_int_equal(m.proc->r[0], 1035);
	assert_int_equal(m.proc->insns, 3 + 3 + 5 + 4);
	assert_ptr_equal(m.proc->prog, progs[0]);
	xb_prog_free(progs[0]);
	xb_prog_free(progs[1]);
	xb_machine_fini(&m);
}

/* A fault behind a tail call names the program it happened in. */
static void
test_fault_after_tail_call(void **state)
{
	static const struct bpf_insn caller[] = { MOVK(1, 2), XB_CALL(XB_CALL_TAIL), XB_EXIT() };
	static const struct bpf_insn target[] = { XB_LD_IMM64(0, 1), XB_ST_MEM(BPF_DW, 0, 0, 1),
		                                  XB_EXIT() };
	struct xb_machine m;
	struct xb_prog *progs[2];

	(void)state;
	xb_machine_init(&m, 0);
	progs[0] = xb_machine_must_load(&m, "caller", caller, XB_ARRAY_SIZE(caller));
	progs[1] = xb_machine_must_load(&m, "target", target, XB_ARRAY_SIZE(target));
	m.targets[2] = progs[1];
	assert_int_equal(xb_machine_run_twice(&m, progs[0], "fault after tail call"), XB_RUN_FAULT);
	assert_ptr_equal(m.proc->fault.prog, progs[1]);
	assert_int_equal(m.proc->fault.pc, 2);
	assert_int_equal(m.proc->insns, 4);
	xb_prog_free(progs[0]);
	xb_prog_free(progs[1]);
	xb_machine_fini(&m);
}

/* cf. include/linux/bpf.h: BPF_MAX_LOOPS. Each frame counts by itself. */
static void
test_may_goto_ends(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_CALL_FUNC(TO(0, 3)),
		XB_CALL_FUNC(TO(1, 3)),
		XB_EXIT(),
		/* 3 */ MOVK(0, 0),
		XB_MAY_GOTO(TO(4, 7)),
		ADDK(0, 1),
		XB_JA(TO(6, 4)),
		XB_EXIT(),
	};
	struct xb_machine m;
	struct xb_prog *prog;

	(void)state;
	xb_machine_init(&m, 100000000);
	prog = xb_machine_must_load(&m, "may_goto", insns, XB_ARRAY_SIZE(insns));
	assert_int_equal(xb_machine_run(&m, prog), XB_RUN_EXIT);
	assert_int_equal(m.proc->r[0], 8 * 1024 * 1024);
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

static void
test_names_and_lines(void **state)
{
	static const struct bpf_insn insns[] = {
		XB_CALL_FUNC(TO(0, 2)),
		XB_EXIT(),
		XB_LDX_MEM(BPF_B, 0, 10, 0),
		XB_EXIT(),
	};
	static const struct xb_func funcs[] = { { 0, "parse" }, { 2, "step" } };
	static const struct xb_line lines[] = { { 0, 10, 2, "a.c", "step();" },
		                                { 2, 20, 9, "a.h", "return *p;" } };
	struct xb_prog_opts opts = { .name = "p",
		                     .insns = insns,
		                     .insn_cnt = XB_ARRAY_SIZE(insns),
		                     .funcs = funcs,
		                     .func_cnt = XB_ARRAY_SIZE(funcs),
		                     .lines = lines,
		                     .line_cnt = XB_ARRAY_SIZE(lines) };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;
	struct xb_prog *prog;
	const struct xb_fault *f;

	(void)state;
	xb_machine_init(&m, 0);
	prog = xb_prog_new(m.vm, &opts, &err);
	assert_non_null(prog);
	assert_int_equal(xb_machine_run(&m, prog), XB_RUN_FAULT);
	f = &m.proc->fault;
	assert_int_equal(f->pc, 2);
	assert_string_equal(xb_prog_func_name(prog, f->pc), "step");
	assert_string_equal(xb_prog_func_name(prog, 1), "parse");
	assert_int_equal(xb_prog_line(prog, f->pc)->line, 20);
	assert_string_equal(xb_prog_line(prog, 1)->file, "a.c");
	assert_string_equal(xb_prog_name(prog), "p");
	xb_prog_free(prog);
	opts.funcs = NULL;
	opts.func_cnt = 0;
	opts.lines = NULL;
	opts.line_cnt = 0;
	prog = xb_prog_new(m.vm, &opts, &err);
	assert_non_null(prog);
	assert_string_equal(xb_prog_func_name(prog, 2), "p");
	assert_null(xb_prog_line(prog, 2));
	xb_prog_free(prog);
	xb_machine_fini(&m);
}

static void
test_read_only_object(void **state)
{
	struct xb_region_opts opts = { .name = "value of map 'rules'", .bytes = 20 };
	struct xb_err err = XB_ERR_INIT;
	struct xb_machine m;
	struct xb_region *r;

	(void)state;
	xb_machine_init(&m, 0);
	r = xb_mem_map(m.vm->mem, &opts, &err);
	assert_non_null(r);
	xb_mem_allow(m.vm->mem, r->gaddr, 20, XB_MEM_READ);
	for (u32 i = 0; i < 2; i++) {
		const struct bpf_insn insns[] = { XB_LD_IMM64(1, r->gaddr),
			                          XB_LDX_MEM(BPF_W, 0, 1, 16),
			                          i ? XB_ATOMIC(BPF_W, BPF_ADD, 1, 0, 4)
			                            : XB_ST_MEM(BPF_B, 1, 4, 1),
			                          XB_EXIT() };
		struct xb_prog *prog =
		        xb_machine_must_load(&m, "read-only", insns, XB_ARRAY_SIZE(insns));

		assert_int_equal(xb_machine_run_twice(&m, prog, "read-only"), XB_RUN_FAULT);
		assert_int_equal(m.proc->fault.kind, XB_FAULT_READ_ONLY);
		assert_int_equal(m.proc->fault.pc, 3);
		assert_string_equal(m.proc->fault.message,
		                    "value of map 'rules' (20 bytes) is read-only");
		assert_int_equal(*(u32 *)xb_mem_host(m.vm->mem, r->gaddr + 4), 0);
		xb_prog_free(prog);
	}
	xb_mem_unmap(m.vm->mem, r);
	xb_machine_fini(&m);
}

/* One access; `base` is R10 or R1 at the start, itself or hidden from what is known at load. */
static enum xb_run_status
run_access(struct xb_machine *m, struct bpf_insn insn, u8 base, bool hidden, u32 ctx_bytes)
{
	const struct bpf_insn insns[] = {
		base == 1 ? XB_MOV64_REG(6, 1) : XB_MOV64_REG(6, 10),
		XB_LDX_MEM(BPF_DW, 2, 1, 0),
		hidden ? ADD(6, 2) : MOVK(2, 0),
		MOVK(0, 0),
		MOVK(3, 0x5a),
		XB_ST_MEM(BPF_DW, 10, -512, 0x1234567),
		XB_ST_MEM(BPF_DW, 10, -8, -3),
		XB_ST_MEM(BPF_DW, 1, 56, -5),
		insn,
		XB_EXIT(),
	};
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog = xb_machine_load(m, insns, XB_ARRAY_SIZE(insns), ctx_bytes, &err);
	enum xb_run_status status;

	if (!prog)
		fail_msg("%s", err.msg);
	status = xb_machine_run_twice(m, prog, hidden ? "hidden" : "plain");
	/* The program goes, and the fault must not point to it. */
	m->proc->fault.prog = NULL;
	xb_prog_free(prog);
	return status;
}

/* Accesses that are proved at load and those that are not end alike. */
static void
test_proved_and_checked(void **state)
{
	static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };
	static const s32 offs[] = { -530, -520, -514, -513, -512, -511, -505, -504, -100,
		                    -9,   -8,   -7,   -4,   -3,   -2,   -1,   0,    1,
		                    55,   56,   57,   60,   62,   63,   64,   65 };
	struct xb_machine m;
	u32 faults = 0, exits = 0;

	(void)state;
	xb_machine_init(&m, 0);
	for (u32 n = 0; n < XB_ARRAY_SIZE(offs) * XB_ARRAY_SIZE(sizes) * 4 * 2; n++) {
		s32 off = offs[n % XB_ARRAY_SIZE(offs)];
		u32 rest = n / (u32)XB_ARRAY_SIZE(offs);
		u8 size = sizes[rest % 4], form = rest / 4 % 4, base = rest / 16 ? 1 : 10;
		struct bpf_insn insn = form == 0        ? XB_LDX_MEM(size, 0, 6, off)
		                       : form == 1      ? XB_STX_MEM(size, 6, 3, off)
		                       : form == 2      ? XB_ST_MEM(size, 6, off, -2)
		                       : size == BPF_DW ? XB_LDX_MEM(size, 0, 6, off)
		                                        : XB_LDX_MEMSX(size, 0, 6, off);
		enum xb_run_status want, got;
		struct xb_fault fault;
		u64 r0;

		want = run_access(&m, insn, base, true, 0);
		fault = m.proc->fault;
		r0 = m.proc->r[0];
		got = run_access(&m, insn, base, false, 64);
		if (want != got || (want == XB_RUN_EXIT && r0 != m.proc->r[0]) ||
		    (want == XB_RUN_FAULT && memcmp(&fault, &m.proc->fault, sizeof(fault)) != 0))
			fail_msg("base r%u off %d code 0x%02x: checked %d '%s', proved %d '%s'",
			         base, off, insn.code, want, fault.message, got,
			         m.proc->fault.message);
		faults += want == XB_RUN_FAULT;
		exits += want == XB_RUN_EXIT;
	}
	assert_true(faults > 100 && exits > 100);
	xb_machine_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_reuse_after_fault),
		cmocka_unit_test(test_eight_frames),
		cmocka_unit_test(test_tail_call_limit),
		cmocka_unit_test(test_tail_call_in_function),
		cmocka_unit_test(test_fault_after_tail_call),
		cmocka_unit_test(test_may_goto_ends),
		cmocka_unit_test(test_names_and_lines),
		cmocka_unit_test(test_read_only_object),
		cmocka_unit_test(test_proved_and_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
