/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * edit.c - programs with instructions more or less, whose jumps lead where they did.
 */
#include "tests/fuzz/program.h"

bool
program_names_func(const struct bpf_insn *insn)
{
	return program_is_wide(insn) && insn->src_reg == BPF_PSEUDO_FUNC;
}

bool
program_jumps(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	if (program_names_func(insn))
		return true;
	if ((class != BPF_JMP && class != BPF_JMP32) || op == BPF_EXIT)
		return false;
	return op != BPF_CALL || insn->src_reg == BPF_PSEUDO_CALL;
}

static bool
jumps_by_imm(const struct bpf_insn *insn)
{
	return program_names_func(insn) || BPF_OP(insn->code) == BPF_CALL ||
	       insn->code == (BPF_JMP32 | BPF_JA);
}

/* Slot pc is at at[pc] now. */
static void
relink(struct program *p, const struct bpf_insn *was, u32 was_cnt, const u32 *at, const bool *keeps)
{
	for (u32 pc = 0; pc < was_cnt; pc++) {
		struct bpf_insn *insn = &p->insns[at[pc]];
		s32 to = (s32)pc + 1;

		if (keeps[pc] && program_jumps(&was[pc])) {
			to += jumps_by_imm(&was[pc]) ? was[pc].imm : was[pc].off;
			if (to < 0 || to > (s32)was_cnt)
				continue;
			to = (s32)at[to] - (s32)at[pc] - 1;
			if (jumps_by_imm(insn))
				insn->imm = to;
			else
				insn->off = (s16)to;
		}
		if (program_is_wide(&was[pc]))
			pc++;
	}
}

void
program_drop(struct program *p, const bool *keeps)
{
	struct bpf_insn was[PROGRAM_MAX_INSNS];
	u32 at[PROGRAM_MAX_INSNS + 1], was_cnt = p->cnt;

	p->cnt = 0;
	for (u32 pc = 0; pc < was_cnt; pc++) {
		was[pc] = p->insns[pc];
		at[pc] = p->cnt;
		if (keeps[pc])
			p->insns[p->cnt++] = was[pc];
	}
	at[was_cnt] = p->cnt;
	relink(p, was, was_cnt, at, keeps);
}

void
program_insert(struct program *p, u32 pc, struct bpf_insn insn)
{
	struct bpf_insn was[PROGRAM_MAX_INSNS];
	u32 at[PROGRAM_MAX_INSNS + 1], was_cnt = p->cnt;
	bool keeps[PROGRAM_MAX_INSNS];

	if (p->cnt == PROGRAM_MAX_INSNS)
		return;
	for (u32 i = 0; i <= was_cnt; i++)
		at[i] = i <= pc ? i : i + 1;
	for (u32 i = 0; i < was_cnt; i++) {
		keeps[i] = true;
		was[i] = p->insns[i];
	}
	for (u32 i = 0; i < was_cnt; i++)
		p->insns[at[i]] = was[i];
	p->insns[pc + 1] = insn;
	p->cnt++;
	relink(p, was, was_cnt, at, keeps);
}
