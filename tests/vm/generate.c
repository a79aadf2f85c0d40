/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/generate.h"

#include "tests/insns.h"
#include "tests/vm/machine.h"

#include <string.h>

#define MAX_FUNCS 3
#define MAX_BODY  12 /* slots of a function, but for its end */

u32
xb_chance_below(struct xb_chance *c, u32 end)
{
	c->state = c->state * 6364136223846793005u + 1442695040888963407u;
	return (u32)((c->state >> 33) % end);
}

/* The layout of a program: functions, in slots. */
struct layout {
	u32 start[MAX_FUNCS], end[MAX_FUNCS], cnt;
};

static s32
any_imm(struct xb_chance *c)
{
	static const s32 imms[] = { 0, 1, -1, 2, 7, 8, 16, 31, 63, 64, 255, INT32_MAX, INT32_MIN };

	if (xb_chance_below(c, 4) == 0)
		return (s32)(xb_chance_below(c, 1u << 31) * 2 + xb_chance_below(c, 2));
	return imms[xb_chance_below(c, XB_ARRAY_SIZE(imms))];
}

/* Displacements that fit the frame or the context, and some that do not. */
static s16
any_off(struct xb_chance *c, u8 base)
{
	if (xb_chance_below(c, 12) == 0)
		return (s16)((s32)xb_chance_below(c, 65536) - 32768);
	if (base == 10)
		return (s16)(-8 * (s32)xb_chance_below(c, 66));
	return (s16)(8 * xb_chance_below(c, 16));
}

static u8
any_reg(struct xb_chance *c, u32 field)
{
	if (xb_chance_below(c, 400) == 0)
		return (u8)xb_chance_below(c, 16);
	switch (XB_FIELD_KIND(field)) {
	case XB_FIELD_R:
		return (u8)xb_chance_below(c, 11);
	case XB_FIELD_W:
	case XB_FIELD_RW:
		return (u8)xb_chance_below(c, 10);
	case XB_FIELD_VALUE:
		return (u8)XB_FIELD_VALUE_OF(field);
	default:
		return 0;
	}
}

/* A jump from slot pc to one of its function. */
static s32
jump_off(struct xb_chance *c, const struct layout *l, u32 func, u32 pc)
{
	u32 to = l->start[func] + xb_chance_below(c, l->end[func] - l->start[func]);

	return (s32)to - (s32)pc - 1;
}

/* A call from slot pc to another function, mostly a later one. */
static s32
call_off(struct xb_chance *c, const struct layout *l, u32 pc)
{
	return (s32)l->start[xb_chance_below(c, 30) ? l->cnt - 1 : xb_chance_below(c, l->cnt)] -
	       (s32)pc - 1;
}

static s32
imm_of(struct xb_chance *c, const struct layout *l, u32 func, u32 pc, enum xb_insn_id id)
{
	const struct xb_insn_row *row = xb_insn_row(id);

	switch (id) {
	case XB_INSN_CALL:
	case XB_INSN_CALL_KFUNC:
		return XB_CALL_SUM + (s32)xb_chance_below(c, XB_CALL_INSNS - XB_CALL_SUM + 1);
	case XB_INSN_CALL_LOCAL:
	case XB_INSN_LDFUNC:
		return call_off(c, l, pc);
	case XB_INSN_JA32:
		return jump_off(c, l, func, pc);
	default:
		break;
	}
	if (XB_FIELD_KIND(row->imm) == XB_FIELD_VALUE)
		return XB_FIELD_VALUE_OF(row->imm);
	return XB_FIELD_KIND(row->imm) == XB_FIELD_ANY ? any_imm(c) : 0;
}

static s16
off_of(struct xb_chance *c, const struct layout *l, u32 func, u32 pc, const struct xb_insn_row *row,
       u8 base)
{
	switch (XB_FIELD_KIND(row->off)) {
	case XB_FIELD_VALUE:
		return (s16)XB_FIELD_VALUE_OF(row->off);
	case XB_FIELD_MEM:
		return any_off(c, base);
	case XB_FIELD_JUMP:
		return (s16)jump_off(c, l, func, pc);
	default:
		return 0;
	}
}

/* Where a memory access takes its address from. */
static u8 *
base_of(const struct xb_insn_row *row, u8 *dst, u8 *src)
{
	bool loads = BPF_CLASS(row->code) == BPF_LDX || XB_FIELD_KIND(row->dst) == XB_FIELD_W;

	return loads ? src : dst;
}

/* One instruction at slot pc; the slots it took, at most `room`. */
static u32
generate_insn(struct xb_chance *c, const struct layout *l, u32 func, u32 pc, u32 room,
              struct bpf_insn *out)
{
	static const u8 bases[] = { 10, 10, 10, 1, 1, 6 };
	enum xb_insn_id id = (enum xb_insn_id)xb_chance_below(c, XB_INSN_CNT);
	const struct xb_insn_row *row = xb_insn_row(id);
	bool wide = id == XB_INSN_LDIMM64 || id == XB_INSN_LDFUNC;
	u8 dst = any_reg(c, row->dst), src = any_reg(c, row->src), both;

	if (wide && room < 2)
		return 0;
	if (XB_FIELD_KIND(row->off) == XB_FIELD_MEM && xb_chance_below(c, 8))
		*base_of(row, &dst, &src) = bases[xb_chance_below(c, XB_ARRAY_SIZE(bases))];
	out[0] = XB_INSN(row->code, 0, 0, off_of(c, l, func, pc, row, *base_of(row, &dst, &src)),
	                 imm_of(c, l, func, pc, id));
	both = (u8)((src & 0xf) << 4 | (dst & 0xf));
	memcpy((u8 *)out + 1, &both, 1);
	if (xb_chance_below(c, 500) == 0)
		out[0].code = (u8)xb_chance_below(c, 256);
	if (wide)
		out[1] = XB_INSN(0, 0, 0, 0, id == XB_INSN_LDIMM64 ? any_imm(c) : 0);
	return wide ? 2 : 1;
}

u32
xb_generate(struct xb_chance *c, struct bpf_insn *insns)
{
	struct layout l = { .cnt = 1 + xb_chance_below(c, MAX_FUNCS) };
	u32 pc = 0;

	for (u32 f = 0; f < l.cnt; f++) {
		l.start[f] = f ? l.end[f - 1] : 0;
		l.end[f] = l.start[f] + 1 + xb_chance_below(c, MAX_BODY);
	}
	for (u32 f = 0; f < l.cnt; f++) {
		if (f == 0 && xb_chance_below(c, 2) && l.end[0] > 2)
			insns[pc++] = XB_MOV64_REG(6, 1);
		while (pc + 1 < l.end[f])
			pc += generate_insn(c, &l, f, pc, l.end[f] - 1 - pc, insns + pc);
		insns[pc++] = xb_chance_below(c, 10) ? XB_EXIT() : XB_JA(-2);
	}
	return pc;
}
