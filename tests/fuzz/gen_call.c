/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_call.c - tail calls, and functions of the program's own.
 */
#include "tests/fuzz/gen_priv.h"

void
gen_tail_call(struct gen *g)
{
	u32 held = g->held;

	if (g->callback || !gen_is(g, 6, KIND_CTX))
		return;
	gen_arg(g, 3, (s32)chance_below(&g->c, 4), 3);
	g->held = held;
	PUT(g, XB_MOV64_REG(1, 6), XB_LD_MAP_FD(2, MAP_TAIL), XB_CALL(BPF_FUNC_tail_call));
	gen_called(g, KIND_NONE);
	gen_lose_packet(g);
}

void
gen_refer(struct gen *g, u32 pc, u32 func)
{
	g->calls[g->call_cnt].func = func;
	g->calls[g->call_cnt++].pc = pc;
}

/* A function with arguments of some kinds, the first of which may be the context. */
static u32
new_function(struct gen *g)
{
	struct func *f = &g->funcs[g->func_cnt];

	f->args = chance_below(&g->c, 6);
	for (u32 i = 0; i < f->args; i++)
		f->kinds[i] = chance_percent(&g->c, 30) ? KIND_MEM : KIND_SCALAR;
	if (gen_is(g, 6, KIND_CTX) && f->args && chance_percent(&g->c, 60))
		f->kinds[0] = KIND_CTX;
	return g->func_cnt++;
}

/* One that is made after this one; GEN_FUNCS: there is none. */
static u32
choose_function(struct gen *g)
{
	u32 f;

	if (g->func_cnt < GEN_FUNCS && chance_percent(&g->c, g->func_cnt ? 40 : 100))
		return new_function(g);
	if (g->func_cnt <= g->func)
		return GEN_FUNCS;
	f = g->func + chance_below(&g->c, g->func_cnt - g->func);
	if (g->funcs[f].callback)
		return GEN_FUNCS;
	if (g->funcs[f].args && g->funcs[f].kinds[0] == KIND_CTX && !gen_is(g, 6, KIND_CTX))
		return GEN_FUNCS;
	return f;
}

static void
put_argument(struct gen *g, u8 dst, enum kind kind)
{
	s32 off = g->frame >= 16 ? -8 * chance_between(&g->c, 2, g->frame / 8) : 0;

	if (kind == KIND_CTX)
		gen_put(g, XB_MOV64_REG(dst, 6));
	else if (kind == KIND_SCALAR)
		gen_put(g, XB_MOV64_REG(dst, gen_scalar(g)));
	else if (off && chance_percent(&g->c, 60))
		PUT(g, XB_MOV64_REG(dst, 10), XB_ALU64_IMM(BPF_ADD, dst, off));
	else
		PUT(g, XB_LD_MAP_VALUE(dst, MAP_IO, 8));
	gen_set(g, dst, KIND_NONE);
	g->held |= 1u << dst;
}

void
gen_local_call(struct gen *g)
{
	u32 held = g->held, f;

	if (g->legacy || g->call_cnt == XB_ARRAY_SIZE(g->calls))
		return;
	f = choose_function(g);
	if (f == GEN_FUNCS)
		return;
	for (u8 i = 0; i < g->funcs[f].args; i++)
		put_argument(g, (u8)(i + 1), g->funcs[f].kinds[i]);
	g->held = held;
	gen_refer(g, gen_put(g, XB_CALL_FUNC(0)), f);
	gen_called(g, KIND_SCALAR);
	gen_lose_packet(g);
	gen_lose_hash(g);
}

/* bpf_loop or bpf_for_each_map_elem, of a function of its own that gets a piece of the frame. */
void
gen_callback(struct gen *g)
{
	bool each = chance_percent(&g->c, 40);
	struct func *f = &g->funcs[g->func_cnt];
	u32 held = g->held, pc;

	if (g->legacy || g->loops || g->callback || g->frame < 16 || g->func_cnt == GEN_FUNCS ||
	    g->call_cnt == XB_ARRAY_SIZE(g->calls))
		return;
	*f = (struct func){ .args = each ? 4 : 2, .callback = true, .each = each };
	f->kinds[0] = each ? KIND_NONE : KIND_SCALAR;
	f->kinds[1] = each ? KIND_NONE : KIND_MEM;
	f->kinds[2] = f->kinds[3] = KIND_MEM;
	if (each)
		PUT(g, XB_LD_MAP_FD(1, MAP_ARRAY));
	else
		gen_arg(g, 1, (s32)chance_below(&g->c, 4), 3);
	/*
	 * Never 0 rounds: where that is known Linux takes the function for dead code, then misses
	 * it and warns (cf. kernel/bpf/verifier.c: jit_subprogs).
	 */
	if (!each)
		gen_put(g, XB_ALU64_IMM(BPF_ADD, 1, 1));
	gen_set(g, 1, KIND_NONE);
	g->held |= 1u << 1;
	pc = gen_put(g, XB_INSN(BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_FUNC, 0, 0));
	gen_put(g, XB_INSN(0, 0, 0, 0, 0));
	gen_refer(g, pc, g->func_cnt++);
	PUT(g, XB_MOV64_REG(3, 10),
	    XB_ALU64_IMM(BPF_ADD, 3, -8 * chance_between(&g->c, 2, g->frame / 8)),
	    XB_MOV64_IMM(4, 0), XB_CALL(each ? BPF_FUNC_for_each_map_elem : BPF_FUNC_loop));
	g->held = held;
	gen_called(g, KIND_SCALAR);
	gen_lose_packet(g);
	gen_lose_hash(g);
}
