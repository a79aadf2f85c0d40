/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every instruction of the set.
 */
#include "tests/insns.h"
#include "tests/vm/machine.h"
#include "tests/vm/model.h"
#include "tests/vm/oracle.h"
#include "tests/vm/trials.h"

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const s32 imms[] = {
	0,         1,         -1,   2,    -2,     5,      7,      31,      32,
	33,        63,        64,   0x7f, 0x80,   0xff,   0x7fff, 0x8000,  0x12345678,
	INT32_MAX, INT32_MIN, -128, -129, -32768, -32769, 0xffff, 0x10000, INT32_MIN + 1,
};

static const struct {
	const char *name;
	u8 op;
	s16 off;
} alu_ops[] = {
	{ "add", BPF_ADD, 0 },   { "sub", BPF_SUB, 0 }, { "mul", BPF_MUL, 0 },
	{ "div", BPF_DIV, 0 },   { "mod", BPF_MOD, 0 }, { "or", BPF_OR, 0 },
	{ "and", BPF_AND, 0 },   { "lsh", BPF_LSH, 0 }, { "rsh", BPF_RSH, 0 },
	{ "arsh", BPF_ARSH, 0 }, { "xor", BPF_XOR, 0 }, { "sdiv", BPF_DIV, 1 },
	{ "smod", BPF_MOD, 1 },  { "mov", BPF_MOV, 0 },
};

static const struct {
	const char *name;
	u8 op;
} jump_ops[] = {
	{ "jeq", BPF_JEQ }, { "jgt", BPF_JGT },   { "jge", BPF_JGE },   { "jset", BPF_JSET },
	{ "jne", BPF_JNE }, { "jsgt", BPF_JSGT }, { "jsge", BPF_JSGE }, { "jlt", BPF_JLT },
	{ "jle", BPF_JLE }, { "jslt", BPF_JSLT }, { "jsle", BPF_JSLE },
};

static void
test_alu_registers(void **state)
{
	struct xb_trials *s = *state;

	for (u32 i = 0; i < XB_ARRAY_SIZE(alu_ops); i++) {
		u8 op = alu_ops[i].op;
		s16 off = alu_ops[i].off;

		xb_trials_add(s, alu_ops[i].name, XB_ALU64_REG_OFF(op, 1, 2, off));
		xb_trials_add(s, alu_ops[i].name, XB_ALU32_REG_OFF(op, 1, 2, off));
	}
	xb_trials_run(s, true);
}

static void
test_alu_constants(void **state)
{
	struct xb_trials *s = *state;

	for (u32 i = 0; i < XB_ARRAY_SIZE(alu_ops); i++) {
		for (u32 k = 0; k < XB_ARRAY_SIZE(imms); k++) {
			u8 op = alu_ops[i].op;
			s16 off = alu_ops[i].off;

			xb_trials_add(s, alu_ops[i].name, XB_ALU64_IMM_OFF(op, 1, off, imms[k]));
			xb_trials_add(s, alu_ops[i].name, XB_ALU32_IMM_OFF(op, 1, off, imms[k]));
		}
	}
	xb_trials_run(s, false);
}

static void
test_alu_unary(void **state)
{
	struct xb_trials *s = *state;

	for (s32 bits = 8; bits <= 32; bits *= 2) {
		xb_trials_add(s, "movsx", XB_ALU64_REG_OFF(BPF_MOV, 1, 2, bits));
		if (bits < 32)
			xb_trials_add(s, "movsx", XB_ALU32_REG_OFF(BPF_MOV, 1, 2, bits));
	}
	for (s32 bits = 16; bits <= 64; bits *= 2) {
		xb_trials_add(s, "le", XB_ENDIAN(BPF_TO_LE, 1, bits));
		xb_trials_add(s, "be", XB_ENDIAN(BPF_TO_BE, 1, bits));
		xb_trials_add(s, "bswap", XB_BSWAP(1, bits));
	}
	xb_trials_add(s, "neg", XB_ALU64_IMM(BPF_NEG, 1, 0));
	xb_trials_add(s, "neg", XB_ALU32_IMM(BPF_NEG, 1, 0));
	xb_trials_run(s, true);
}

static void
test_jump_registers(void **state)
{
	struct xb_trials *s = *state;

	for (u32 i = 0; i < XB_ARRAY_SIZE(jump_ops); i++) {
		xb_trials_add(s, jump_ops[i].name, XB_JMP_REG(jump_ops[i].op, 1, 2, 1));
		xb_trials_add(s, jump_ops[i].name, XB_JMP32_REG(jump_ops[i].op, 1, 2, 1));
	}
	xb_trials_add(s, "goto", XB_JA(1));
	xb_trials_add(s, "gotol", XB_GOTOL(1));
	xb_trials_add(s, "may_goto", XB_MAY_GOTO(1));
	xb_trials_run(s, true);
}

static void
test_jump_constants(void **state)
{
	struct xb_trials *s = *state;

	for (u32 i = 0; i < XB_ARRAY_SIZE(jump_ops); i++) {
		for (u32 k = 0; k < XB_ARRAY_SIZE(imms); k++) {
			xb_trials_add(s, jump_ops[i].name,
			              XB_JMP_IMM(jump_ops[i].op, 1, imms[k], 1));
			xb_trials_add(s, jump_ops[i].name,
			              XB_JMP32_IMM(jump_ops[i].op, 1, imms[k], 1));
		}
	}
	xb_trials_run(s, false);
}

static void
test_ldimm64(void **state)
{
	struct xb_trials *s = *state;
	const u64 *values;
	u32 cnt = xb_trials_values(&values);

	for (u32 i = 0; i < cnt; i++) {
		const struct bpf_insn two[] = { XB_LD_IMM64(1, values[i]) };

		xb_trials_add(s, "ldimm64", two[0]);
		s->trys[s->try_cnt - 1].second = two[1];
	}
	xb_trials_run(s, false);
}

static const u8 sizes[] = { BPF_B, BPF_H, BPF_W, BPF_DW };

static void
test_loads_and_stores(void **state)
{
	struct xb_trials *s = *state;

	for (u32 i = 0; i < XB_ARRAY_SIZE(sizes); i++) {
		for (s16 off = 0; off <= 9; off++) {
			xb_trials_add(s, "ldx", XB_LDX_MEM(sizes[i], 1, 3, off));
			if (sizes[i] != BPF_DW)
				xb_trials_add(s, "ldsx", XB_LDX_MEMSX(sizes[i], 1, 3, off));
			xb_trials_add(s, "stx", XB_STX_MEM(sizes[i], 3, 2, off));
			for (u32 k = 0; k < XB_ARRAY_SIZE(imms); k += 3)
				xb_trials_add(s, "st", XB_ST_MEM(sizes[i], 3, off, imms[k]));
		}
	}
	xb_trials_run(s, true);
}

static void
test_atomics(void **state)
{
	static const struct {
		const char *name;
		s32 imm;
	} ops[] = {
		{ "atomic add", BPF_ADD },
		{ "atomic or", BPF_OR },
		{ "atomic and", BPF_AND },
		{ "atomic xor", BPF_XOR },
		{ "atomic fetch add", BPF_ADD | BPF_FETCH },
		{ "atomic fetch or", BPF_OR | BPF_FETCH },
		{ "atomic fetch and", BPF_AND | BPF_FETCH },
		{ "atomic fetch xor", BPF_XOR | BPF_FETCH },
		{ "atomic xchg", BPF_XCHG },
		{ "atomic cmpxchg", BPF_CMPXCHG },
	};
	static const s16 offs[] = { 0, 8, 4, 1, 3, 6, 7 };
	struct xb_trials *s = *state;

	for (u32 i = 0; i < XB_ARRAY_SIZE(ops); i++) {
		for (u32 k = 0; k < XB_ARRAY_SIZE(offs); k++) {
			xb_trials_add(s, ops[i].name, XB_ATOMIC(BPF_W, ops[i].imm, 3, 2, offs[k]));
			xb_trials_add(s, ops[i].name, XB_ATOMIC(BPF_DW, ops[i].imm, 3, 2, offs[k]));
		}
	}
	for (u32 i = 0; i < XB_ARRAY_SIZE(sizes); i++) {
		for (s16 off = 0; off <= 8; off += 8) {
			xb_trials_add(s, "load_acquire",
			              XB_ATOMIC(sizes[i], BPF_LOAD_ACQ, 1, 3, off));
			xb_trials_add(s, "store_release",
			              XB_ATOMIC(sizes[i], BPF_STORE_REL, 3, 2, off));
		}
	}
	xb_trials_run(s, true);
}

/* Anchors: results that were worked out by hand from the standard. */
static void
test_literals(void **state)
{
	static const struct {
		struct xb_try t;
		u64 r1, r2, want;
	} rows[] = {
#define ROW(name, insn, r1, r2, want) { { name, insn, { 0 } }, r1, r2, want }
		ROW("add32 zero-extends", XB_ALU32_REG(BPF_ADD, 1, 2), ~0ull, 1, 0),
		ROW("add64 k sign-extends", XB_ALU64_IMM(BPF_ADD, 1, -1), 0, 0, ~0ull),
		ROW("sub32 wraps", XB_ALU32_IMM(BPF_SUB, 1, 1), 0, 0, 0xffffffff),
		ROW("mul64 wraps", XB_ALU64_REG(BPF_MUL, 1, 2), 1ull << 63, 3, 1ull << 63),
		ROW("div64 by 0", XB_ALU64_REG(BPF_DIV, 1, 2), 7, 0, 0),
		ROW("div32 by 0", XB_ALU32_REG(BPF_DIV, 1, 2), ~0ull, 1ull << 32, 0),
		ROW("mod64 by 0", XB_ALU64_REG(BPF_MOD, 1, 2), ~0ull, 0, ~0ull),
		ROW("mod32 by 0", XB_ALU32_REG(BPF_MOD, 1, 2), ~0ull, 0, 0xffffffff),
		ROW("div64 k is unsigned", XB_ALU64_IMM(BPF_DIV, 1, -1), ~0ull, 0, 1),
		ROW("sdiv64 min / -1", XB_ALU64_REG_OFF(BPF_DIV, 1, 2, 1), 1ull << 63, ~0ull,
		    1ull << 63),
		ROW("sdiv32 min / -1", XB_ALU32_REG_OFF(BPF_DIV, 1, 2, 1), 1ull << 31, ~0ull,
		    1ull << 31),
		ROW("smod64 min % -1", XB_ALU64_REG_OFF(BPF_MOD, 1, 2, 1), 1ull << 63, ~0ull, 0),
		ROW("smod32 min % -1", XB_ALU32_REG_OFF(BPF_MOD, 1, 2, 1), 1ull << 31, ~0ull, 0),
		ROW("sdiv64 truncates", XB_ALU64_IMM_OFF(BPF_DIV, 1, 1, 2), (u64)-13, 0, (u64)-6),
		ROW("smod64 follows dividend", XB_ALU64_IMM_OFF(BPF_MOD, 1, 1, 3), (u64)-13, 0,
		    (u64)-1),
		ROW("sdiv32 by 0", XB_ALU32_REG_OFF(BPF_DIV, 1, 2, 1), ~0ull, 0, 0),
		ROW("smod64 by 0", XB_ALU64_REG_OFF(BPF_MOD, 1, 2, 1), (u64)-13, 0, (u64)-13),
		ROW("lsh64 masks", XB_ALU64_REG(BPF_LSH, 1, 2), 3, 65, 6),
		ROW("rsh32 masks", XB_ALU32_REG(BPF_RSH, 1, 2), 0xf0000000f0, 36, 0xf),
		ROW("lsh64 k masks", XB_ALU64_IMM(BPF_LSH, 1, 65), 3, 0, 6),
		ROW("lsh64 k of its width", XB_ALU64_IMM(BPF_LSH, 1, 64), 3, 0, 3),
		ROW("rsh64 k below 0", XB_ALU64_IMM(BPF_RSH, 1, -1), ~0ull, 0, 1),
		ROW("arsh64 k masks", XB_ALU64_IMM(BPF_ARSH, 1, 127), (u64)-2, 0, ~0ull),
		ROW("lsh32 k masks", XB_ALU32_IMM(BPF_LSH, 1, 40), ~0ull, 0, 0xffffff00),
		ROW("rsh32 k of its width", XB_ALU32_IMM(BPF_RSH, 1, 32), ~0ull, 0, 0xffffffff),
		ROW("arsh32 k masks", XB_ALU32_IMM(BPF_ARSH, 1, 36), 0x80000000, 0, 0xf8000000),
		ROW("div64 k by 0", XB_ALU64_IMM(BPF_DIV, 1, 0), 7, 0, 0),
		ROW("mod32 k by 0", XB_ALU32_IMM(BPF_MOD, 1, 0), ~0ull, 0, 0xffffffff),
		ROW("arsh32", XB_ALU32_IMM(BPF_ARSH, 1, 4), 0x80000000, 0, 0xf8000000),
		ROW("arsh64", XB_ALU64_IMM(BPF_ARSH, 1, 63), 1ull << 63, 0, ~0ull),
		ROW("neg32", XB_ALU32_IMM(BPF_NEG, 1, 0), 1, 0, 0xffffffff),
		ROW("neg64 min", XB_ALU64_IMM(BPF_NEG, 1, 0), 1ull << 63, 0, 1ull << 63),
		ROW("mov32 k", XB_MOV32_IMM(1, -1), 0, 0, 0xffffffff),
		ROW("mov64 k", XB_MOV64_IMM(1, -1), 0, 0, ~0ull),
		ROW("movsx32 8", XB_ALU32_REG_OFF(BPF_MOV, 1, 2, 8), 0, 0x80, 0xffffff80),
		ROW("movsx64 16", XB_ALU64_REG_OFF(BPF_MOV, 1, 2, 16), 0, 0x8000, (u64)-32768),
		ROW("le16 truncates", XB_ENDIAN(BPF_TO_LE, 1, 16), 0x1122334455667788, 0, 0x7788),
		ROW("be16", XB_ENDIAN(BPF_TO_BE, 1, 16), 0x1122334455667788, 0, 0x8877),
		ROW("be32", XB_ENDIAN(BPF_TO_BE, 1, 32), 0x1122334455667788, 0, 0x88776655),
		ROW("be64", XB_ENDIAN(BPF_TO_BE, 1, 64), 0x1122334455667788, 0, 0x8877665544332211),
		ROW("bswap32", XB_BSWAP(1, 32), 0x1122334455667788, 0, 0x88776655),
#undef ROW
	};
	struct xb_trials *s = *state;
	u32 failures = 0;

	for (u32 i = 0; i < XB_ARRAY_SIZE(rows); i++) {
		const struct bpf_insn insns[] = {
			XB_LDX_MEM(BPF_DW, 2, 1, 8),
			XB_LDX_MEM(BPF_DW, 1, 1, 0),
			rows[i].t.insn,
			XB_MOV64_REG(0, 1),
			XB_EXIT(),
		};
		struct xb_slot slot = { .r1 = rows[i].r1, .r2 = rows[i].r2 };
		struct xb_prog *prog = xb_machine_must_load(&s->machine, rows[i].t.name, insns,
		                                            XB_ARRAY_SIZE(insns));
		u64 *ctx = xb_machine_ctx(&s->machine);

		ctx[0] = rows[i].r1;
		ctx[1] = rows[i].r2;
		xb_proc_run(s->machine.proc, prog, s->machine.ctx->gaddr);
		xb_prog_free(prog);
		assert_true(xb_model_apply(&rows[i].t, &slot));
		if (s->machine.proc->r[0] == rows[i].want && slot.r1 == rows[i].want)
			continue;
		failures++;
		print_error("%s: expected %" PRIx64 ", machine %" PRIx64 ", model %" PRIx64 "\n",
		            rows[i].t.name, rows[i].want, s->machine.proc->r[0], slot.r1);
	}
	assert_int_equal(failures, 0);
}

/* The marks of xb_verifier_refuses() are right: each such constant is refused, by itself. */
static void
test_refused_by_verifier(void **state)
{
	struct xb_trials *s = *state;
	u32 failures = 0, asked = 0;

	if (!s->kernel)
		skip();
	for (u32 i = 0; i < XB_ARRAY_SIZE(alu_ops); i++) {
		for (u32 k = 0; k < 2 * XB_ARRAY_SIZE(imms); k++) {
			const struct bpf_insn insns[] = {
				XB_MOV64_IMM(0, 1),
				XB_INSN((k % 2 ? BPF_ALU : BPF_ALU64) | alu_ops[i].op | BPF_K, 0, 0,
				        alu_ops[i].off, imms[k / 2]),
				XB_EXIT(),
			};
			int fd;

			if (!xb_verifier_refuses(&insns[1]))
				continue;
			asked++;
			fd = xb_oracle_load(BPF_PROG_TYPE_XDP, insns, XB_ARRAY_SIZE(insns), NULL, 0,
			                    0);
			if (fd == -EINVAL)
				continue;
			failures++;
			print_error("%s %d: the kernel says %d\n", alu_ops[i].name, imms[k / 2],
			            fd);
		}
	}
	assert_true(asked > 50);
	assert_int_equal(failures, 0);
}

/* What needs a program of its own; the result is R0's lower half. */
struct program {
	const char *name;
	struct bpf_insn insns[16];
	u32 want;
	const char *machine_only; /* why the kernel is not asked */
};

/* Bytes of the packet that programs see: 0x10, 0x11, ... */
#define PACKET_BYTES 64

static const struct program programs[] = {
	{ "exit", { XB_MOV64_IMM(0, 42), XB_EXIT() }, 42, NULL },
	{ "call",
	  { XB_MOV64_IMM(1, 1), XB_MOV64_IMM(2, 2), XB_MOV64_IMM(3, 3), XB_MOV64_IMM(4, 4),
	    XB_MOV64_IMM(5, 5), XB_CALL(XB_CALL_SUM), XB_JMP_IMM(BPF_JEQ, 0, 0, 1),
	    XB_MOV64_IMM(0, 1), XB_EXIT() },
	  1,
	  NULL },
	{ "call kfunc",
	  { XB_CALL_KFUNC(XB_CALL_INSNS, 0), XB_EXIT() },
	  1,
	  "the function's number is one of the running kernel" },
	{ "call local",
	  { XB_MOV64_IMM(1, 20), XB_MOV64_IMM(6, 1), XB_CALL_FUNC(2), XB_ALU64_REG(BPF_ADD, 0, 6),
	    XB_EXIT(), XB_MOV64_REG(0, 1), XB_MOV64_IMM(6, 1000), XB_ALU64_IMM(BPF_MUL, 0, 2),
	    XB_EXIT() },
	  41,
	  NULL },
	{ "func address",
	  { XB_MOV64_IMM(1, 3), XB_LD_FUNC(2, 4), XB_MOV64_IMM(3, 10), XB_CALL(XB_CALL_LOOP),
	    XB_EXIT(), XB_MOV64_REG(0, 1), XB_ALU64_REG(BPF_ADD, 0, 2), XB_EXIT() },
	  33,
	  "the kernel wants BTF for functions whose address is taken" },
#define LD_ROW(name, ld, want)                                                                     \
	{                                                                                          \
		name, { XB_MOV64_REG(6, 1), XB_MOV64_IMM(7, 4), ld, XB_EXIT() }, want, NULL        \
	}
	LD_ROW("ld_abs b", XB_LD_ABS(BPF_B, 3), 0x13),
	LD_ROW("ld_abs h", XB_LD_ABS(BPF_H, 3), 0x1314),
	LD_ROW("ld_abs w", XB_LD_ABS(BPF_W, 3), 0x13141516),
	LD_ROW("ld_ind b", XB_LD_IND(BPF_B, 7, 3), 0x17),
	LD_ROW("ld_ind h", XB_LD_IND(BPF_H, 7, 3), 0x1718),
	LD_ROW("ld_ind w", XB_LD_IND(BPF_W, 7, 3), 0x1718191a),
	LD_ROW("ld_ind w back", XB_LD_IND(BPF_W, 7, -4), 0x10111213),
	LD_ROW("ld_abs w last", XB_LD_ABS(BPF_W, 60), 0x4c4d4e4f),
#undef LD_ROW
	{ "ld_abs past the end returns 0",
	  { XB_MOV64_REG(6, 1), XB_LD_ABS(BPF_W, 61), XB_MOV64_IMM(0, 5), XB_EXIT() },
	  0,
	  NULL },
	{ "ld_ind far before returns 0",
	  { XB_MOV64_REG(6, 1), XB_MOV64_IMM(7, 0), XB_LD_IND(BPF_B, 7, -5), XB_MOV64_IMM(0, 5),
	    XB_EXIT() },
	  0,
	  NULL },
	{ "ld_abs in a function ends that one",
	  { XB_MOV64_REG(6, 1), XB_CALL_FUNC(2), XB_MOV64_IMM(0, 9), XB_EXIT(), XB_MOV64_REG(6, 1),
	    XB_LD_ABS(BPF_B, 4000), XB_MOV64_IMM(0, 5), XB_EXIT() },
	  9,
	  "the kernel wants BTF for functions with LD_ABS" },
	{ "cast to 0, to use",
	  { XB_ST_MEM(BPF_W, 1, 8, 7), XB_LD_IMM64(2, 0x500010008), XB_CAST_TO_0(2, 2),
	    XB_LDX_MEM(BPF_W, 0, 2, 0), XB_EXIT() },
	  7,
	  "the kernel wants an arena" },
	{ "cast to 1, to keep",
	  { XB_MOV64_IMM(2, 8), XB_CAST_TO_1(0, 2), XB_ALU64_IMM(BPF_RSH, 0, 30), XB_EXIT() },
	  20,
	  "the kernel wants an arena" },
	{ "ldx changes all of its register",
	  { XB_LD_IMM64(0, ~0ull), XB_ST_MEM(BPF_DW, 10, -8, -1), XB_LDX_MEM(BPF_B, 0, 10, -8),
	    XB_ALU64_IMM(BPF_RSH, 0, 4), XB_EXIT() },
	  0xf,
	  NULL },
};

static u32
program_len(const struct program *p)
{
	u32 n = XB_ARRAY_SIZE(p->insns);

	while (p->insns[n - 1].code == 0)
		n--;
	return n;
}

static void
test_programs(void **state)
{
	struct xb_trials *s = *state;
	u8 packet[PACKET_BYTES];
	u32 failures = 0;

	for (u32 i = 0; i < PACKET_BYTES; i++)
		packet[i] = (u8)(0x10 + i);
	s->machine.packet = packet;
	s->machine.packet_bytes = PACKET_BYTES;
	for (u32 i = 0; i < XB_ARRAY_SIZE(programs); i++) {
		const struct program *p = &programs[i];
		u32 cnt = program_len(p);
		struct xb_prog *prog = xb_machine_must_load(&s->machine, p->name, p->insns, cnt);

		for (u32 pc = 0; pc < cnt; pc++) {
			xb_trials_cover(s, &p->insns[pc]);
			pc += p->insns[pc].code == (BPF_LD | BPF_IMM | BPF_DW);
		}
		if (xb_machine_run(&s->machine, prog) != XB_RUN_EXIT ||
		    (u32)s->machine.proc->r[0] != p->want) {
			failures++;
			print_error("%s: expected %u, got %u, fault '%s'\n", p->name, p->want,
			            (u32)s->machine.proc->r[0], s->machine.proc->fault.message);
		}
		xb_prog_free(prog);
	}
	s->machine.packet = NULL;
	assert_int_equal(failures, 0);
}

static void
test_programs_on_kernel(void **state)
{
	struct xb_trials *s = *state;
	u8 packet[PACKET_BYTES];
	char log[4096];
	u32 failures = 0;

	if (!s->kernel)
		skip();
	for (u32 i = 0; i < PACKET_BYTES; i++)
		packet[i] = (u8)(0x10 + i);
	for (u32 i = 0; i < XB_ARRAY_SIZE(programs); i++) {
		const struct program *p = &programs[i];
		u32 retval = ~p->want;
		int fd;

		if (p->machine_only) {
			print_message("%s: not on the kernel: %s\n", p->name, p->machine_only);
			continue;
		}
		fd = xb_oracle_load(BPF_PROG_TYPE_SCHED_CLS, p->insns, program_len(p), log,
		                    sizeof(log), 1);
		if (fd < 0 || xb_oracle_run(fd, packet, sizeof(packet), &retval) ||
		    retval != p->want) {
			failures++;
			print_error("%s: expected %u, kernel %u (%s)\n", p->name, p->want, retval,
			            fd < 0 ? log : "loaded");
		}
		if (fd >= 0)
			close(fd);
	}
	assert_int_equal(failures, 0);
}

/* After all others: no row of the table without a row here. */
static void
test_all_covered(void **state)
{
	struct xb_trials *s = *state;
	u32 missing = 0;

	for (u32 i = 0; i < XB_INSN_OWN; i++) { /* that one is in test_own.c */
		if (s->covered[i])
			continue;
		missing++;
		print_error("%s: no row tries it\n", xb_insn_row((enum xb_insn_id)i)->name);
	}
	assert_int_equal(missing, 0);
}

static int
setup(void **state)
{
	struct xb_trials *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	xb_machine_init(&s->machine, 0);
	xb_insn_index_init(&s->index);
	s->kernel = xb_oracle_permitted();
	*state = s;
	return 0;
}

static int
teardown(void **state)
{
	struct xb_trials *s = *state;

	xb_machine_fini(&s->machine);
	free(s);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alu_registers),    cmocka_unit_test(test_alu_constants),
		cmocka_unit_test(test_alu_unary),        cmocka_unit_test(test_jump_registers),
		cmocka_unit_test(test_jump_constants),   cmocka_unit_test(test_ldimm64),
		cmocka_unit_test(test_loads_and_stores), cmocka_unit_test(test_atomics),
		cmocka_unit_test(test_literals),         cmocka_unit_test(test_refused_by_verifier),
		cmocka_unit_test(test_programs),         cmocka_unit_test(test_programs_on_kernel),
		cmocka_unit_test(test_all_covered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
