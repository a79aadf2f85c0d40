/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_func.c - a program's functions: what they begin with, and what they leave.
 */
#include "tests/fuzz/gen_priv.h"

#include <string.h>

static void
begin_frame(struct gen *g)
{
	g->r[10] = (struct reg){ .kind = KIND_MEM, .lo = -g->frame, .bytes = g->frame };
	g->r[10].stack = g->r[10].atomic = true;
	for (s32 off = -g->frame; off < 0; off += 8) {
		if (chance_percent(&g->c, 60))
			gen_put(g, XB_STX_MEM(BPF_DW, 10, gen_scalar(g), off));
		else
			gen_put(g, XB_ST_MEM(BPF_DW, 10, off, chance_imm(&g->c)));
	}
}

/* Numbers that the verifier knows nothing of. */
static void
take_inputs(struct gen *g)
{
	u8 base = gen_dst(g, KIND_NONE);
	u32 cnt = 2 + chance_below(&g->c, 4);

	g->held |= 1u << base;
	PUT(g, XB_LD_MAP_VALUE(base, MAP_IO, 0));
	while (cnt--) {
		s32 off = 8 * (s32)chance_below(&g->c, IO_RESULTS / 8);

		gen_put(g, XB_LDX_MEM(BPF_DW, gen_dst(g, KIND_SCALAR), base, off));
	}
	g->held &= ~(1u << base);
	g->r[base] = (struct reg){ .kind = KIND_MEM, .bytes = IO_BYTES, .atomic = true };
}

/* What is in the registers, and some of what is in the frame, to where it is compared. */
static void
keep_results(struct gen *g)
{
	u8 base = (u8)(1 + chance_below(&g->c, 5));
	u8 tmp = base == 5 ? 4 : 5;
	s32 off = 0;

	gen_set(g, base, KIND_NONE);
	PUT(g, XB_LD_MAP_VALUE(base, MAP_IO, IO_RESULTS));
	for (u8 i = 0; i < 10; i++, off += 8)
		if (gen_is(g, i, KIND_SCALAR))
			gen_put(g, XB_STX_MEM(BPF_DW, base, i, off));
	for (s32 at = -g->frame; at < 0 && off < (s32)(IO_BYTES - IO_RESULTS); at += 8, off += 8)
		PUT(g, XB_LDX_MEM(BPF_DW, tmp, 10, at), XB_STX_MEM(BPF_DW, base, tmp, off));
}

static void
gen_main(struct gen *g)
{
	gen_put(g, XB_MOV64_REG(6, 1));
	gen_set(g, 1, KIND_CTX);
	gen_set(g, 6, KIND_CTX);
	g->held = 1u << 6;
	take_inputs(g);
	g->frame = chance_percent(&g->c, 90) ? 8 * chance_between(&g->c, 6, 8) : 0;
	begin_frame(g);
	g->left = 2 + chance_below(&g->c, 12);
	gen_block(g, g->left);
	keep_results(g);
	gen_put_exit(g);
}

static void
take_arguments(struct gen *g, const struct func *f)
{
	for (u8 i = 0; i < f->args; i++) {
		struct reg *r = &g->r[i + 1];

		gen_set(g, (u8)(i + 1), f->kinds[i]);
		if (f->kinds[i] != KIND_MEM)
			continue;
		r->bytes = f->each && i == 2 ? (s32)ARRAY_BYTES : 16;
		r->stack = !f->each || i == 3;
		r->atomic = true;
	}
}

static void
gen_function(struct gen *g, struct func *f)
{
	memset(g->r, 0, sizeof(g->r));
	g->held = 0;
	g->callback = f->callback;
	f->start = g->p->cnt;
	take_arguments(g, f);
	if (f->args && f->kinds[0] == KIND_CTX) {
		gen_put(g, XB_MOV64_REG(6, 1));
		gen_set(g, 6, KIND_CTX);
		g->held = 1u << 6;
	}
	g->frame = chance_percent(&g->c, 60) ? 8 * chance_between(&g->c, 1, 8) : 0;
	begin_frame(g);
	g->left = 1 + chance_below(&g->c, 5);
	gen_block(g, g->left);
	gen_put_exit(g);
}

void
program_generate(struct program *p, u64 seed, u32 types)
{
	struct gen g = { .c = { .state = seed * 0xd1342543de82ef95ull }, .p = p };
	bool xdp = chance_percent(&g.c, 70);

	if (!(types & 1u << BPF_PROG_TYPE_SCHED_CLS))
		xdp = true;
	if (!(types & 1u << BPF_PROG_TYPE_XDP))
		xdp = false;
	p->seed = seed;
	p->type = xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS;
	p->cnt = 0;
	g.atomics = chance_percent(&g.c, 25);
	g.legacy = !xdp && chance_percent(&g.c, 25);
	p->wild = chance_percent(&g.c, 15);
	gen_main(&g);
	for (g.func = 1; g.func <= g.func_cnt; g.func++)
		gen_function(&g, &g.funcs[g.func - 1]);
	for (u32 i = 0; i < g.call_cnt; i++)
		p->insns[g.calls[i].pc].imm =
		        (s32)(g.funcs[g.calls[i].func].start - g.calls[i].pc - 1);
	if (p->wild)
		program_break(p, &g.c);
}
