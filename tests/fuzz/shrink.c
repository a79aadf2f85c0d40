/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shrink.c - a program that shows a difference, made small: instructions leave and numbers become
 * simple as long as the difference is between the same two.
 */
#include "tests/fuzz/trial.h"
#include "tests/insns.h"

#include <string.h>

struct shrinking {
	struct rig *rig;
	struct program *p, next; /* the best by now, and one that may be better */
	struct verdict *v;
};

/* Whether the next one still shows the difference, on whatever input. */
static bool
is_same(struct shrinking *s)
{
	struct verdict v;

	trial_run(s->rig, &s->next, &v);
	if (!v.between || strcmp(v.between, s->v->between) != 0)
		return false;
	*s->v = v;
	return true;
}

/* Takes the next one if it does. */
static bool
keep(struct shrinking *s)
{
	if (s->next.cnt == s->p->cnt &&
	    memcmp(s->next.insns, s->p->insns, s->p->cnt * sizeof(s->p->insns[0])) == 0)
		return false;
	if (!is_same(s))
		return false;
	*s->p = s->next;
	return true;
}

static u32
slots(const struct program *p, u32 pc)
{
	return program_is_wide(&p->insns[pc]) && pc + 1 < p->cnt ? 2 : 1;
}

static bool
is_nop(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) && insn->off == 0;
}

/* Instructions from pc on, `cnt` of them, become jumps to the next; the slot behind them. */
static u32
blank(struct program *p, u32 pc, u32 cnt)
{
	while (cnt-- && pc < p->cnt)
		for (u32 left = slots(p, pc); left; left--)
			p->insns[pc++] = XB_JA(0);
	return pc;
}

static bool
blank_runs(struct shrinking *s, u32 cnt)
{
	bool any = false;
	u32 end;

	for (u32 pc = 0; pc < s->p->cnt; pc = end) {
		s->next = *s->p;
		end = blank(&s->next, pc, cnt);
		any |= keep(s);
	}
	return any;
}

/* How far an instruction jumps, as a pointer of its kind. */
static bool
jumps(const struct bpf_insn *insn, s32 *by)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if ((class != BPF_JMP && class != BPF_JMP32) || op == BPF_EXIT)
		return false;
	*by = insn->off;
	if (class == BPF_JMP32 && op == BPF_JA)
		*by = insn->imm;
	if (op == BPF_CALL)
		*by = insn->imm;
	return op != BPF_CALL || insn->src_reg == BPF_PSEUDO_CALL;
}

static void
set_jump(struct bpf_insn *insn, s32 by)
{
	if (BPF_OP(insn->code) == BPF_CALL || insn->code == (BPF_JMP32 | BPF_JA))
		insn->imm = by;
	else
		insn->off = (s16)by;
}

/* Leaves out what does nothing. */
static bool
compact(struct shrinking *s)
{
	u32 at[PROGRAM_MAX_INSNS + 1], cnt = 0;
	struct program *to = &s->next;
	s32 by;

	*to = *s->p;
	for (u32 pc = 0; pc < s->p->cnt; pc++) {
		at[pc] = cnt;
		if (!is_nop(&s->p->insns[pc]))
			to->insns[cnt++] = s->p->insns[pc];
	}
	at[s->p->cnt] = to->cnt = cnt;
	for (u32 pc = 0; pc < s->p->cnt; pc += slots(s->p, pc)) {
		s32 target;

		if (is_nop(&s->p->insns[pc]) || !jumps(&s->p->insns[pc], &by))
			continue;
		target = (s32)pc + 1 + by;
		if (target >= 0 && target <= (s32)s->p->cnt)
			set_jump(&to->insns[at[pc]], (s32)at[target] - (s32)at[pc] - 1);
	}
	return cnt && cnt < s->p->cnt && keep(s);
}

/* What a jump goes by is not simpler for being less. */
static bool
simplify_imm(struct shrinking *s, u32 pc)
{
	const struct bpf_insn *insn = &s->p->insns[pc];
	s32 by, tries[] = { 0, 1, -1, insn->imm / 2 };

	if (jumps(insn, &by) || BPF_OP(insn->code) == BPF_CALL || program_is_wide(insn) ||
	    BPF_MODE(insn->code) == BPF_ATOMIC)
		return false;
	for (u32 i = 0; i < XB_ARRAY_SIZE(tries); i++) {
		if (insn->imm == 0 || (i == 3 && insn->imm / 2 == 0))
			return false;
		s->next = *s->p;
		s->next.insns[pc].imm = tries[i];
		if (insn->imm != tries[i] && keep(s))
			return true;
	}
	return false;
}

static bool
simplify(struct shrinking *s)
{
	bool any = false;

	for (u32 pc = 0; pc < s->p->cnt; pc += slots(s->p, pc))
		any |= simplify_imm(s, pc);
	return any;
}

void
shrink(struct rig *rig, struct program *p, struct verdict *v)
{
	struct shrinking s = { .rig = rig, .p = p, .v = v };
	bool any;

	/* Less of a program may be one that shows where something lies, which is no difference. */
	rig->careful = true;
	s.next = *p;
	if (!is_same(&s))
		rig->careful = false;
	for (u32 round = 0; round < 10; round++) {
		any = false;
		for (u32 cnt = p->cnt / 2 + 1; cnt; cnt /= 2)
			any |= blank_runs(&s, cnt);
		any |= compact(&s);
		any |= simplify(&s);
		if (!any)
			break;
	}
	rig->careful = false;
	trial_run(rig, p, v); /* so that the rig holds what came out */
}
