/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs: calls and frames, helpers, callbacks, tail calls, budgets.
 */
#include "tests/vm/ending.h"
#include "tests/vm/machine.h"
#include "tests/vm/twice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct xb_ending rows[] = {
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
	  ADDRESS(FRAME, XB_PROC_FRAME_STRIDE - 8, 8, "stack"),
	  .insns_cnt = 4,
	  .message = "4089 bytes past the end of stack (512 bytes)" },

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
	{ "a 32-bit constant is known with zeroes above",
	  { XB_MOV32_IMM(1, -1), XB_CALL(XB_CALL_AUX), XB_EXIT() },
	  RETURNS(0xffffffff, 3) },
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
	{ "a callback to the program itself, by a number",
	  { XB_LDX_MEM(BPF_DW, 0, 1, 16), XB_LD_IMM64(2, 0xf00d000000000000ull), MOVK(1, 1),
	    XB_CALL(XB_CALL_LOOP), XB_EXIT() },
	  FAULTS(BAD_CALL, 4),
	  .message = "callback 0xf00d000000000000 is not a function" },
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
};

static void
test_rows(void **state)
{
	u32 failures = 0;

	(void)state;
	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++)
		failures += xb_ending_check(&rows[i]);
	assert_int_equal(failures, 0);
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
		assert_int_equal(*(u64 *)xb_mem_host(m.vm->mem, m.proc->frames[i].top - 512), i);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_eight_frames),
		cmocka_unit_test(test_tail_call_limit),
		cmocka_unit_test(test_tail_call_in_function),
		cmocka_unit_test(test_fault_after_tail_call),
		cmocka_unit_test(test_may_goto_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
