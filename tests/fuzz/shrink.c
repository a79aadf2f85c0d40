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
	struct machine moved;
};

/*
 * Less of a program may be one that shows where something lies, which the kernel allows. Then it
 * gives something else where all lies elsewhere.
 */
static bool
shows_addresses(struct shrinking *s, const struct verdict *v)
{
	struct seen *seen = s->rig->seen;
	const struct side *sides[] = { &s->rig->machines[0].side, &s->moved.side };
	char text[200];

	for (u32 i = 0; i < 2; i++) {
		long fd = side_load(sides[i], &s->next, NULL, 0);

		if (fd < 0)
			return true;
		side_run(sides[i], &s->next, (int)fd, v->use.maps, &s->rig->inputs[v->input],
		         &seen[i]);
		side_unload(sides[i], (int)fd);
	}
	return seen_differs(&seen[0], &seen[1], text, sizeof(text)) != NULL;
}

/* Whether the next one still shows the difference, on whatever input. */
static bool
is_same(struct shrinking *s)
{
	struct verdict v;

	trial_run(s->rig, &s->next, &v);
	if (!v.between || strcmp(v.between, s->v->between) != 0 || !v.known != !s->v->known)
		return false;
	if (strcmp(v.between, "kernel") == 0 && shows_addresses(s, &v))
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

/* Leaves out what does nothing: all of it, or what is in one slot. */
static bool
compact(struct shrinking *s, u32 first, u32 last)
{
	bool keeps[PROGRAM_MAX_INSNS];

	for (u32 pc = 0; pc < s->p->cnt; pc++)
		keeps[pc] = pc < first || pc > last || !is_nop(&s->p->insns[pc]);
	s->next = *s->p;
	program_drop(&s->next, keeps);
	return s->next.cnt < s->p->cnt && keep(s);
}

/* How the verifier goes about a program may depend on where its jumps are. */
static bool
compact_some(struct shrinking *s)
{
	bool any = false;

	if (compact(s, 0, s->p->cnt))
		return true;
	for (u32 pc = s->p->cnt; pc--;)
		any |= compact(s, pc, pc);
	return any;
}

/* What a jump goes by is not simpler for being less. */
static bool
simplify_imm(struct shrinking *s, u32 pc)
{
	const struct bpf_insn *insn = &s->p->insns[pc];
	s32 tries[] = { 0, 1, -1, insn->imm / 2 };

	if (program_jumps(insn) || BPF_OP(insn->code) == BPF_CALL || program_is_wide(insn) ||
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

	machine_open(&s.moved, MACHINE_MOVED);
	for (u32 round = 0; round < 10; round++) {
		any = false;
		for (u32 cnt = p->cnt / 2 + 1; cnt; cnt /= 2)
			any |= blank_runs(&s, cnt);
		any |= compact_some(&s);
		any |= simplify(&s);
		if (!any)
			break;
	}
	machine_close(&s.moved);
	trial_run(rig, p, v); /* so that the rig holds what came out */
}
