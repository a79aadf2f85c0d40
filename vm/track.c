/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What registers are known to hold: constants, and distances from the frame's top or the context.
 *
 * Forward data flow over basic blocks. A block's entry state is the meet of those of its
 * predecessors; a register only ever goes from a value to "nothing", so the walk ends after few
 * visits. Functions start with nothing known but R10, and R1 in the first, unless it is called too.
 * (The verifier does this and far more; here it only saves work at run time, and knowing less is
 * always safe.)
 */
#include "vm/prog_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REGS 11

struct state {
	struct xb_known r[REGS];
};

struct tracker {
	const struct xb_prog *prog;
	s32 *block;           /* of slots that start one: index of its state, else -1 */
	struct state *states; /* entry states */
	bool *seen;           /* whether a state was reached at all */
	bool *dirty;          /* whether it changed since its block was walked */
	u32 *todo;            /* first slots of dirty blocks, each once */
	u32 todo_cnt;
	u32 block_cnt;
};

static const struct xb_known nothing = { .kind = XB_KNOWN_NOTHING };

/* Where a jump leads, or -1 where the instruction is none. Calls are not jumps here. */
static s64
target_of(const struct xb_prog *prog, u32 pc)
{
	enum xb_insn_id id = prog->ops[pc].code;

	if (XB_FIELD_KIND(xb_insn_row(id)->off) == XB_FIELD_JUMP)
		return (s64)pc + 1 + prog->insns[pc].off;
	if (id == XB_INSN_JA32)
		return (s64)pc + 1 + prog->insns[pc].imm;
	return -1;
}

static bool
is_wide(const struct xb_prog *prog, u32 pc)
{
	return prog->ops[pc].code == XB_INSN_LDIMM64 || prog->ops[pc].code == XB_INSN_LDFUNC;
}

static bool
falls_through(enum xb_insn_id id)
{
	return id != XB_INSN_EXIT && id != XB_INSN_JA && id != XB_INSN_JA32;
}

/* The result of dst op= value, where that is simple enough to know. */
static struct xb_known
combine(enum xb_insn_id id, struct xb_known a, struct xb_known b)
{
	if (b.kind != XB_KNOWN_CONST || a.kind == XB_KNOWN_NOTHING)
		return nothing;
	switch (id) {
	case XB_INSN_ADD64_K:
	case XB_INSN_ADD64_X:
		a.value = (s64)((u64)a.value + (u64)b.value);
		return a;
	case XB_INSN_SUB64_K:
	case XB_INSN_SUB64_X:
		a.value = (s64)((u64)a.value - (u64)b.value);
		return a;
	default:
		return nothing;
	}
}

static u64
wide_imm(const struct xb_prog *prog, u32 pc)
{
	return (u32)prog->insns[pc].imm | (u64)(u32)prog->insns[pc + 1].imm << 32;
}

/* Applies the instruction at pc. */
static void
transfer(const struct xb_prog *prog, u32 pc, struct state *s)
{
	const struct bpf_insn *insn = &prog->insns[pc];
	enum xb_insn_id id = prog->ops[pc].code;
	const struct xb_insn_row *row = xb_insn_row(id);
	struct xb_known imm = { .kind = XB_KNOWN_CONST, .value = insn->imm };
	enum xb_field dst = XB_FIELD_KIND(row->dst);

	if (BPF_CLASS(row->code) == BPF_LD && BPF_MODE(row->code) != BPF_IMM)
		s->r[0] = nothing;
	if (XB_FIELD_KIND(row->src) == XB_FIELD_RW)
		s->r[insn->src_reg] = nothing;
	switch (id) {
	case XB_INSN_CALL:
	case XB_INSN_CALL_LOCAL:
	case XB_INSN_CALL_KFUNC:
		for (u32 i = 0; i <= 5; i++)
			s->r[i] = nothing;
		return;
	case XB_INSN_CMPXCHG_W:
	case XB_INSN_CMPXCHG_DW:
		s->r[0] = nothing;
		return;
	case XB_INSN_MOV64_K:
		s->r[insn->dst_reg] = imm;
		return;
	case XB_INSN_MOV32_K:
		imm.value = (u32)insn->imm;
		s->r[insn->dst_reg] = imm;
		return;
	case XB_INSN_MOV64_X:
		s->r[insn->dst_reg] = s->r[insn->src_reg];
		return;
	case XB_INSN_LDIMM64:
		imm.value = (s64)wide_imm(prog, pc);
		s->r[insn->dst_reg] = imm;
		return;
	default:
		break;
	}
	if (dst == XB_FIELD_RW)
		s->r[insn->dst_reg] =
		        combine(id, s->r[insn->dst_reg],
		                BPF_SRC(insn->code) == BPF_X ? s->r[insn->src_reg] : imm);
	else if (dst == XB_FIELD_W)
		s->r[insn->dst_reg] = nothing;
}

static struct state
entry_state(bool first)
{
	struct state s = { 0 };

	s.r[10] = (struct xb_known){ .kind = XB_KNOWN_FRAME };
	if (first)
		s.r[1] = (struct xb_known){ .kind = XB_KNOWN_CTX };
	return s;
}

static void
make_dirty(struct tracker *t, u32 pc)
{
	s32 b = t->block[pc];

	if (t->dirty[b])
		return;
	t->dirty[b] = true;
	t->todo[t->todo_cnt++] = pc;
}

/* Merges a predecessor's state into a block's entry. */
static void
meet(struct tracker *t, s64 pc, const struct state *from)
{
	s32 b = t->block[pc];
	struct state *to = &t->states[b];

	if (!t->seen[b]) {
		*to = *from;
		t->seen[b] = true;
		make_dirty(t, (u32)pc);
		return;
	}
	for (u32 i = 0; i < REGS; i++) {
		if (to->r[i].kind == XB_KNOWN_NOTHING ||
		    (to->r[i].kind == from->r[i].kind && to->r[i].value == from->r[i].value))
			continue;
		to->r[i] = nothing;
		make_dirty(t, (u32)pc);
	}
}

/* Walks the block at pc from its entry state to its end. */
static void
walk_block(struct tracker *t, u32 pc)
{
	const struct xb_prog *prog = t->prog;
	struct state s = t->states[t->block[pc]];

	t->dirty[t->block[pc]] = false;
	for (;;) {
		enum xb_insn_id id = prog->ops[pc].code;
		s64 target = target_of(prog, pc);

		transfer(prog, pc, &s);
		if (target >= 0)
			meet(t, target, &s);
		pc += is_wide(prog, pc) ? 2 : 1;
		if (pc >= prog->insn_cnt || !falls_through(id))
			return;
		if (t->block[pc] >= 0) {
			meet(t, pc, &s);
			return;
		}
	}
}

/* Blocks start at functions, jump targets, and behind jumps. */
static int
find_blocks(struct tracker *t, struct xb_err *err)
{
	const struct xb_prog *prog = t->prog;
	u32 pc;

	t->block = malloc((prog->insn_cnt + 1) * sizeof(*t->block));
	if (!t->block)
		return xb_err_errno(err, ENOMEM, "program");
	memset(t->block, 0xff, (prog->insn_cnt + 1) * sizeof(*t->block));
	for (u32 i = 0; i < prog->subprog_cnt; i++)
		t->block[prog->subprogs[i].start] = 0;
	for (pc = 0; pc < prog->insn_cnt; pc += is_wide(prog, pc) ? 2 : 1) {
		s64 target = target_of(prog, pc);

		if (target < 0 && falls_through(prog->ops[pc].code))
			continue;
		if (target >= 0)
			t->block[target] = 0;
		t->block[pc + 1] = 0;
	}
	t->block[prog->insn_cnt] = -1;
	for (pc = 0; pc < prog->insn_cnt; pc++) {
		if (t->block[pc] == 0)
			t->block[pc] = (s32)t->block_cnt++;
	}
	t->states = calloc(t->block_cnt, sizeof(*t->states));
	t->seen = calloc(t->block_cnt, sizeof(*t->seen));
	t->dirty = calloc(t->block_cnt, sizeof(*t->dirty));
	t->todo = calloc(t->block_cnt, sizeof(*t->todo));
	if (!t->states || !t->seen || !t->dirty || !t->todo)
		return xb_err_errno(err, ENOMEM, "program");
	return 0;
}

/* Whether the first function is called too, or its address taken: R1 may be anything then. */
static bool
first_is_called(const struct xb_prog *prog)
{
	for (u32 pc = 0; pc < prog->insn_cnt; pc += is_wide(prog, pc) ? 2 : 1) {
		enum xb_insn_id id = prog->ops[pc].code;

		if ((id == XB_INSN_CALL_LOCAL || id == XB_INSN_LDFUNC) &&
		    (s64)pc + 1 + prog->insns[pc].imm == 0)
			return true;
	}
	return false;
}

/* A stack of blocks: each is walked once, and once more for each register that is given up. */
static void
reach_fixpoint(struct tracker *t)
{
	const struct xb_prog *prog = t->prog;

	for (u32 i = 0; i < prog->subprog_cnt; i++) {
		struct state s = entry_state(i == 0 && !first_is_called(prog));

		meet(t, prog->subprogs[i].start, &s);
	}
	while (t->todo_cnt)
		walk_block(t, t->todo[--t->todo_cnt]);
}

int
xb_prog_track(const struct xb_prog *prog,
              int (*fn)(void *arg, u32 pc, const struct xb_known known[11], struct xb_err *err),
              void *arg, struct xb_err *err)
{
	struct tracker t = { .prog = prog };
	struct state s = { 0 };
	int ret = find_blocks(&t, err);

	if (!ret)
		reach_fixpoint(&t);
	for (u32 pc = 0, next; !ret && pc < prog->insn_cnt; pc = next) {
		struct state before;

		if (t.block[pc] >= 0)
			s = t.states[t.block[pc]];
		before = s;
		/* fn may change the operation: ask all that is asked of it before. */
		next = pc + (is_wide(prog, pc) ? 2 : 1);
		transfer(prog, pc, &s);
		ret = fn(arg, pc, before.r, err);
	}
	free(t.todo);
	free(t.dirty);
	free(t.seen);
	free(t.states);
	free(t.block);
	return ret;
}
