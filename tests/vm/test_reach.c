/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Code that jumps on constants never reach may call what there is not. What the machine does when
 * it runs decides which code that is: a call that is reached must be refused, any other must not.
 */
#include "tests/insns.h"
#include "tests/vm/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define UNKNOWN 9999

static const u64 operands[] = { 0, 1, 3, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, ~0ull };

static const u8 jumps[] = { BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
	                    BPF_JSET, BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE };

static const u8 ops[] = { BPF_ADD, BPF_SUB, BPF_AND, BPF_OR, BPF_XOR, BPF_LSH, BPF_RSH, BPF_ARSH };

/*
 * Loads with an unknown call at slot `at`, and runs with R0 = 1 there instead; both must tell the
 * same.
 */
static void
check(struct xb_machine *m, const char *what, struct bpf_insn *insns, u32 cnt, u32 at)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *runs, *calls;

	insns[at] = XB_MOV64_IMM(0, 1);
	runs = xb_machine_must_load(m, what, insns, cnt);
	assert_int_equal(xb_machine_run(m, runs), XB_RUN_EXIT);
	insns[at] = XB_CALL(UNKNOWN);
	calls = xb_machine_load(m, insns, cnt, XB_MACHINE_CTX_BYTES, &err);
	if ((m->proc->r[0] == 1) == (calls != NULL))
		fail_msg("%s: the call is %sreached, and was %s", what, m->proc->r[0] ? "" : "not ",
		         calls ? "allowed" : "refused");
	xb_prog_free(calls);
	xb_prog_free(runs);
}

/* Every comparison of constants, of either width, with a register and with an immediate. */
static void
test_jumps(void **state)
{
	struct xb_machine m;
	char what[80];

	(void)state;
	xb_machine_init(&m, 0);
	for (size_t n = 0;
	     n < XB_ARRAY_SIZE(jumps) * XB_ARRAY_SIZE(operands) * XB_ARRAY_SIZE(operands) * 4;
	     n++) {
		u64 a = operands[n % 8], b = operands[n / 8 % 8];
		u8 op = jumps[n / 256], class = n & 64 ? BPF_JMP : BPF_JMP32;
		struct bpf_insn jump = {
			.code = (u8)(class | op | BPF_X), .dst_reg = 1, .src_reg = 2, .off = 1
		};
		struct bpf_insn insns[] = { XB_LD_IMM64(1, a),  XB_LD_IMM64(2, b),
			                    XB_MOV64_IMM(0, 0), jump,
			                    XB_CALL(UNKNOWN),   XB_EXIT() };

		if (n & 128)
			insns[5] = (struct bpf_insn){ .code = (u8)(class | op | BPF_K),
				                      .dst_reg = 1,
				                      .off = 1,
				                      .imm = (s32)b };
		snprintf(what, sizeof(what), "0x%llx %02x 0x%llx", (unsigned long long)a,
		         insns[5].code, (unsigned long long)b);
		check(&m, what, insns, XB_ARRAY_SIZE(insns), 6);
	}
	xb_machine_fini(&m);
}

/* Every operation that is worked out, of either width. */
static void
test_operations(void **state)
{
	struct xb_machine m;
	char what[80];

	(void)state;
	xb_machine_init(&m, 0);
	for (size_t n = 0;
	     n < XB_ARRAY_SIZE(ops) * XB_ARRAY_SIZE(operands) * XB_ARRAY_SIZE(operands) * 2; n++) {
		u64 a = operands[n % 8], b = operands[n / 8 % 8];
		struct bpf_insn op = { .code = (u8)(ops[n / 128] | BPF_X |
			                            (n & 64 ? BPF_ALU64 : BPF_ALU)),
			               .dst_reg = 1,
			               .src_reg = 2 };
		struct bpf_insn odd = { .code = BPF_JMP | BPF_JSET | BPF_K,
			                .dst_reg = 1,
			                .off = 1,
			                .imm = 0x40000001 };
		struct bpf_insn insns[] = {
			XB_LD_IMM64(1, a), XB_LD_IMM64(2, b), XB_MOV64_IMM(0, 0), op, odd,
			XB_CALL(UNKNOWN),  XB_EXIT()
		};

		snprintf(what, sizeof(what), "0x%llx op %02x 0x%llx", (unsigned long long)a,
		         op.code, (unsigned long long)b);
		check(&m, what, insns, XB_ARRAY_SIZE(insns), 7);
	}
	xb_machine_fini(&m);
}

/* What is not known may go either way; functions that only dead code calls are dead. */
static void
test_rows(void **state)
{
	static const struct {
		const char *name;
		struct bpf_insn insns[8];
		bool loads;
	} rows[] = {
		{ "an unknown register decides",
		  { XB_MOV64_IMM(0, 0),
		    { .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 1, .off = 1 },
		    XB_CALL(UNKNOWN),
		    XB_EXIT() },
		  false },
		{ "behind exit",
		  { XB_MOV64_IMM(0, 0), XB_EXIT(), XB_CALL(UNKNOWN), XB_EXIT() },
		  true },
		{ "in a function that only dead code calls",
		  { XB_MOV64_IMM(0, 0),
		    XB_EXIT(),
		    { .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		    XB_EXIT(),
		    XB_CALL(UNKNOWN),
		    XB_EXIT() },
		  true },
		{ "in a function that is called",
		  { { .code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = 1 },
		    XB_EXIT(),
		    XB_CALL(UNKNOWN),
		    XB_EXIT() },
		  false },
		{ "a constant in one turn, another in the next",
		  { XB_MOV64_IMM(0, 0),
		    XB_MOV64_IMM(6, 0),
		    { .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 6, .off = 1 },
		    XB_CALL(UNKNOWN),
		    { .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 6, .imm = 1 },
		    { .code = BPF_JMP | BPF_JLT | BPF_K, .dst_reg = 6, .off = -4, .imm = 2 },
		    XB_EXIT() },
		  false },
	};
	struct xb_machine m;

	(void)state;
	xb_machine_init(&m, 0);
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		struct xb_err err = XB_ERR_INIT;
		struct xb_prog *prog;
		u32 cnt = 8;

		while (!rows[i].insns[cnt - 1].code)
			cnt--;
		prog = xb_machine_load(&m, rows[i].insns, cnt, XB_MACHINE_CTX_BYTES, &err);
		if ((prog != NULL) != rows[i].loads)
			fail_msg("%s: %s", rows[i].name, prog ? "loads" : err.msg);
		xb_prog_free(prog);
	}
	xb_machine_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_operations),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
