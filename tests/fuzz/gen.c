/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen.c - registers, blocks, conditions and loops: the frame that all other statements hang in.
 */
#include "tests/fuzz/gen_priv.h"

#include <assert.h>
#include <string.h>

#define LOOP_MOST  4 /* rounds */
#define DEPTH_MOST 5u

u32
gen_put(struct gen *g, struct bpf_insn insn)
{
	assert(g->p->cnt < PROGRAM_MAX_INSNS);
	g->p->insns[g->p->cnt] = insn;
	return g->p->cnt++;
}

void
gen_puts(struct gen *g, const struct bpf_insn *insns, u32 cnt)
{
	for (u32 i = 0; i < cnt; i++)
		gen_put(g, insns[i]);
}

void
gen_land(struct gen *g, u32 pc)
{
	struct bpf_insn *insn = &g->p->insns[pc];
	s32 off = (s32)(g->p->cnt - pc - 1);

	if (insn->code == (BPF_JMP32 | BPF_JA))
		insn->imm = off;
	else
		insn->off = (s16)off;
}

void
gen_set(struct gen *g, u8 reg, enum kind kind)
{
	g->r[reg] = (struct reg){ .kind = kind };
}

u8
gen_dst(struct gen *g, enum kind kind)
{
	u8 reg;

	do
		reg = (u8)chance_below(&g->c, 10);
	while (g->held & 1u << reg);
	gen_set(g, reg, kind);
	return reg;
}

/* A number's register, of those that are not in `but`; made where there is none. */
static u8
any_scalar(struct gen *g, u32 but)
{
	u8 regs[10], reg;
	u32 cnt = 0;

	for (u8 i = 0; i < 10; i++)
		if (gen_is(g, i, KIND_SCALAR) && !(but & 1u << i))
			regs[cnt++] = i;
	if (cnt)
		return regs[chance_below(&g->c, cnt)];
	reg = gen_dst(g, KIND_SCALAR);
	gen_put(g, XB_MOV64_IMM(reg, chance_imm(&g->c)));
	return reg;
}

u8
gen_scalar(struct gen *g)
{
	return any_scalar(g, 0);
}

u8
gen_var(struct gen *g)
{
	return any_scalar(g, g->held);
}

void
gen_masked(struct gen *g, u8 dst, s32 mask)
{
	u8 src = gen_scalar(g);

	gen_set(g, dst, KIND_SCALAR);
	if (chance_percent(&g->c, 50))
		PUT(g, XB_MOV64_REG(dst, src), XB_ALU64_IMM(BPF_AND, dst, mask));
	else
		PUT(g, XB_MOV32_REG(dst, src), XB_ALU32_IMM(BPF_AND, dst, mask));
}

void
gen_meet(struct gen *g, const struct reg *other)
{
	for (u8 i = 0; i < 10; i++) {
		const struct reg *a = &g->r[i], *b = &other[i];

		if (a->kind != b->kind || a->lo != b->lo || a->bytes != b->bytes ||
		    a->hash != b->hash || a->stack != b->stack || a->atomic != b->atomic)
			gen_set(g, i, KIND_NONE);
	}
}

void
gen_lose_packet(struct gen *g)
{
	for (u8 i = 0; i < 10; i++)
		if (gen_is(g, i, KIND_PACKET))
			gen_set(g, i, KIND_NONE);
}

void
gen_lose_hash(struct gen *g)
{
	for (u8 i = 0; i < 10; i++)
		if (g->r[i].hash)
			gen_set(g, i, KIND_NONE);
}

void
gen_called(struct gen *g, enum kind r0)
{
	for (u8 i = 1; i <= 5; i++)
		gen_set(g, i, KIND_NONE);
	gen_set(g, 0, r0);
}

u32
gen_condition(struct gen *g)
{
	static const u8 ops[] = { BPF_JEQ,  BPF_JNE,  BPF_JGT,  BPF_JGE,  BPF_JLT, BPF_JLE,
		                  BPF_JSGT, BPF_JSGE, BPF_JSLT, BPF_JSLE, BPF_JSET };
	u8 op = ops[chance_below(&g->c, XB_ARRAY_SIZE(ops))];
	u8 class = chance_percent(&g->c, 50) ? BPF_JMP : BPF_JMP32;
	u8 a = gen_scalar(g);

	if (chance_percent(&g->c, 50))
		return gen_put(g, XB_INSN(class | op | BPF_K, a, 0, 0, chance_imm(&g->c)));
	return gen_put(g, XB_INSN(class | op | BPF_X, a, gen_scalar(g), 0, 0));
}

void
gen_put_exit(struct gen *g)
{
	if (!gen_is(g, 0, KIND_SCALAR)) {
		gen_set(g, 0, KIND_SCALAR);
		gen_put(g, chance_percent(&g->c, 50) ? XB_MOV64_IMM(0, chance_imm(&g->c))
		                                     : XB_MOV32_IMM(0, chance_imm(&g->c)));
	}
	if (g->callback)
		gen_put(g, XB_ALU64_IMM(BPF_AND, 0, 1));
	gen_put(g, XB_EXIT());
}

static void block(struct gen *g, u32 cnt, bool may_end);

static void
gen_exit(struct gen *g)
{
	if (!g->may_end)
		return;
	gen_put_exit(g);
	g->ended = true;
}

/* In loops the verifier goes each way in each round. */
static bool
too_many_ways(struct gen *g)
{
	return g->loops && g->ways++ >= 2;
}

static void
gen_if(struct gen *g)
{
	struct reg saved[11];
	u32 jump;

	if (too_many_ways(g))
		return;
	jump = gen_condition(g);

	memcpy(saved, g->r, sizeof(saved));
	block(g, 1 + chance_below(&g->c, 4), true);
	gen_land(g, jump);
	if (g->ended)
		memcpy(g->r, saved, sizeof(saved));
	else
		gen_meet(g, saved);
	g->ended = false;
}

static void
gen_if_else(struct gen *g)
{
	struct reg saved[11], first[11];
	u32 jump, over;

	if (too_many_ways(g))
		return;
	jump = gen_condition(g);

	memcpy(saved, g->r, sizeof(saved));
	gen_block(g, 1 + chance_below(&g->c, 3));
	over = gen_put(g, chance_percent(&g->c, 50) ? XB_JA(0) : XB_GOTOL(0));
	gen_land(g, jump);
	memcpy(first, g->r, sizeof(first));
	memcpy(g->r, saved, sizeof(saved));
	gen_block(g, 1 + chance_below(&g->c, 3));
	gen_land(g, over);
	gen_meet(g, first);
}

/* A register that calls leave alone, for a loop's counter; 0: none is free. */
static u8
free_counter(const struct gen *g)
{
	for (u8 i = 7; i <= 9; i++)
		if (!(g->held & 1u << i))
			return i;
	return 0;
}

/* What the loop's head rests on is to hold at its end again. */
static void
restore(struct gen *g, const struct reg *head)
{
	for (u8 i = 0; i < 10; i++) {
		if (head[i].kind != KIND_SCALAR || gen_is(g, i, KIND_SCALAR))
			continue;
		gen_put(g, XB_MOV64_IMM(i, chance_imm(&g->c)));
		gen_set(g, i, KIND_SCALAR);
	}
}

static void
jump_back(struct gen *g, struct bpf_insn insn, u32 to)
{
	u32 pc = gen_put(g, insn);

	g->p->insns[pc].off = (s16)((s32)to - (s32)pc - 1);
}

/* do { } while (--counter): with a way out in may_goto, sometimes. */
static void
loop_down(struct gen *g, u8 counter, const struct reg *saved)
{
	static const u8 ops[] = { BPF_JNE, BPF_JGT, BPF_JSGT };
	u8 op = ops[chance_below(&g->c, XB_ARRAY_SIZE(ops))];
	u8 class = chance_percent(&g->c, 50) ? BPF_JMP : BPF_JMP32;
	bool may = chance_percent(&g->c, 25);
	u32 head, out = 0;

	head = g->p->cnt;
	if (may)
		out = gen_put(g, XB_MAY_GOTO(0));
	gen_block(g, 1 + chance_below(&g->c, 3));
	restore(g, saved);
	gen_put(g, chance_percent(&g->c, 50) ? XB_ALU64_IMM(BPF_SUB, counter, 1)
	                                     : XB_ALU32_IMM(BPF_ADD, counter, -1));
	jump_back(g, XB_INSN(class | op | BPF_K, counter, 0, 0, 0), head);
	if (may) {
		gen_land(g, out);
		gen_meet(g, saved);
	}
}

/* while (counter) { }: of a number that is not known before. */
static void
loop_while(struct gen *g, u8 counter, const struct reg *saved)
{
	u32 head = g->p->cnt, out;

	out = gen_put(g, XB_JMP_IMM(BPF_JEQ, counter, 0, 0));
	gen_block(g, 1 + chance_below(&g->c, 3));
	restore(g, saved);
	gen_put(g, XB_ALU64_IMM(BPF_SUB, counter, 1));
	jump_back(g, XB_JA(0), head);
	gen_land(g, out);
	memcpy(g->r, saved, 10 * sizeof(*saved));
}

static void
gen_loop(struct gen *g)
{
	u8 counter = free_counter(g);
	bool down = chance_percent(&g->c, 70);
	struct reg saved[11];

	if (!counter || g->loops >= 2)
		return;
	for (u8 i = 0; i < 10; i++)
		if (!(g->held & 1u << i) && !gen_is(g, i, KIND_SCALAR))
			gen_set(g, i, KIND_NONE);
	gen_set(g, counter, KIND_NONE);
	g->held |= 1u << counter;
	if (down)
		gen_put(g, XB_MOV64_IMM(counter, 1 + (s32)chance_below(&g->c, LOOP_MOST)));
	else
		gen_masked(g, counter, CHANCE_PICK(&g->c, 1, 3, 4, 5));
	gen_set(g, counter, KIND_SCALAR);
	memcpy(saved, g->r, sizeof(saved));
	if (!g->loops)
		g->ways = 0;
	g->loops++;
	(down ? loop_down : loop_while)(g, counter, saved);
	g->loops--;
	g->held &= ~(1u << counter);
}

/* Statements and how often each comes. */
static const struct {
	void (*make)(struct gen *g);
	u32 weight;
} statements[] = {
	{ gen_alu, 30 },       { gen_constant, 4 },   { gen_access, 14 },  { gen_move_access, 4 },
	{ gen_spill, 3 },      { gen_packet, 7 },     { gen_ctx, 4 },      { gen_lookup, 5 },
	{ gen_map_change, 4 }, { gen_value_addr, 3 }, { gen_helper, 8 },   { gen_tail_call, 2 },
	{ gen_local_call, 3 }, { gen_legacy, 5 },     { gen_callback, 2 }, { gen_if, 8 },
	{ gen_if_else, 4 },    { gen_loop, 4 },       { gen_exit, 2 },
};

static void
statement(struct gen *g)
{
	u32 sum = 0, at;

	for (u32 i = 0; i < XB_ARRAY_SIZE(statements); i++)
		sum += statements[i].weight;
	at = chance_below(&g->c, sum);
	for (u32 i = 0; i < XB_ARRAY_SIZE(statements); at -= statements[i++].weight) {
		if (at < statements[i].weight) {
			statements[i].make(g);
			return;
		}
	}
}

static void
block(struct gen *g, u32 cnt, bool may_end)
{
	if (g->depth >= DEPTH_MOST)
		cnt = 0;
	g->depth++;
	for (u32 i = 0; i < cnt && g->left && !g->ended; i++) {
		g->left--;
		g->may_end = may_end;
		statement(g);
	}
	g->depth--;
}

void
gen_block(struct gen *g, u32 cnt)
{
	block(g, cnt, false);
}
