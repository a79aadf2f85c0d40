/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_alu.c - arithmetic on numbers, all of it.
 */
#include "tests/fuzz/gen_priv.h"

static bool
is_shift(u8 op)
{
	return op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
}

/* One that the verifier takes: it refuses a shift beyond the width, and a division by 0. */
static s32
operand(struct gen *g, u8 op, u32 width)
{
	s32 imm = chance_imm(&g->c);

	if (is_shift(op))
		return chance_percent(&g->c, 30)
		               ? CHANCE_PICK(&g->c, 0, 1, (s32)width / 2, (s32)width - 1)
		               : (s32)chance_below(&g->c, width);
	return imm == 0 && (op == BPF_DIV || op == BPF_MOD) ? -1 : imm;
}

static void
binary(struct gen *g)
{
	static const struct {
		u8 op;
		s16 off; /* 1: signed */
	} ops[] = {
		{ BPF_ADD, 0 }, { BPF_SUB, 0 }, { BPF_MUL, 0 },  { BPF_DIV, 0 }, { BPF_MOD, 0 },
		{ BPF_DIV, 1 }, { BPF_MOD, 1 }, { BPF_OR, 0 },   { BPF_AND, 0 }, { BPF_XOR, 0 },
		{ BPF_LSH, 0 }, { BPF_RSH, 0 }, { BPF_ARSH, 0 },
	};
	u32 row = chance_below(&g->c, XB_ARRAY_SIZE(ops));
	bool wide = chance_percent(&g->c, 50);
	u8 class = wide ? BPF_ALU64 : BPF_ALU, op = ops[row].op, dst = gen_var(g);

	if (chance_percent(&g->c, 50))
		gen_put(g, XB_INSN(class | op | BPF_K, dst, 0, ops[row].off,
		                   operand(g, op, wide ? 64 : 32)));
	else
		gen_put(g, XB_INSN(class | op | BPF_X, dst, gen_scalar(g), ops[row].off, 0));
}

static void
unary(struct gen *g)
{
	u8 dst = gen_var(g);
	s32 bits = CHANCE_PICK(&g->c, 16, 32, 64);

	switch (chance_below(&g->c, 5)) {
	case 0:
		gen_put(g, XB_INSN(BPF_ALU64 | BPF_NEG, dst, 0, 0, 0));
		break;
	case 1:
		gen_put(g, XB_INSN(BPF_ALU | BPF_NEG, dst, 0, 0, 0));
		break;
	case 2:
		gen_put(g, XB_ENDIAN(BPF_TO_LE, dst, bits));
		break;
	case 3:
		gen_put(g, XB_ENDIAN(BPF_TO_BE, dst, bits));
		break;
	default:
		gen_put(g, XB_BSWAP(dst, bits));
		break;
	}
}

static void
move(struct gen *g)
{
	u8 src = gen_scalar(g);
	u8 dst = gen_dst(g, KIND_SCALAR);

	switch (chance_below(&g->c, 6)) {
	case 0:
		gen_put(g, XB_MOV64_REG(dst, src));
		break;
	case 1:
		gen_put(g, XB_MOV32_REG(dst, src));
		break;
	case 2:
		gen_put(g, XB_MOV64_IMM(dst, chance_imm(&g->c)));
		break;
	case 3:
		gen_put(g, XB_MOV32_IMM(dst, chance_imm(&g->c)));
		break;
	case 4: /* sign-extended */
		gen_put(g, XB_ALU64_REG_OFF(BPF_MOV, dst, src, CHANCE_PICK(&g->c, 8, 16, 32)));
		break;
	default:
		gen_put(g, XB_ALU32_REG_OFF(BPF_MOV, dst, src, CHANCE_PICK(&g->c, 8, 16)));
		break;
	}
}

void
gen_alu(struct gen *g)
{
	u32 cnt = 1 + chance_below(&g->c, 3);

	while (cnt--) {
		u32 what = chance_below(&g->c, 10);

		(what < 6 ? binary : what < 8 ? move : unary)(g);
	}
}

void
gen_constant(struct gen *g)
{
	u64 value = chance_value(&g->c);
	u8 dst = gen_dst(g, KIND_SCALAR);

	PUT(g, XB_LD_IMM64(dst, value));
}
