/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wild.c - programs broken on purpose: checks left out, offsets and registers that are wrong, jumps
 * to elsewhere. Most of them load, and many fault.
 */
#include "tests/fuzz/chance.h"
#include "tests/fuzz/program.h"
#include "tests/insns.h"

static bool
is_access(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code);

	return class == BPF_LDX || class == BPF_ST || class == BPF_STX;
}

static bool
is_condition(const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code), op = BPF_OP(insn->code);

	return (class == BPF_JMP || class == BPF_JMP32) && op != BPF_JA && op != BPF_CALL &&
	       op != BPF_EXIT;
}

static void
break_offset(struct bpf_insn *insn, struct chance *c)
{
	static const s16 by[] = { -512, -64, -9, -8, -1, 1, 8, 9, 40, 64, 200, 512, 4096 };

	insn->off = (s16)(insn->off + by[chance_below(c, XB_ARRAY_SIZE(by))]);
}

static void
break_base(struct bpf_insn *insn, struct chance *c)
{
	if (BPF_CLASS(insn->code) == BPF_LDX)
		insn->src_reg = chance_below(c, 11) & 0xf;
	else
		insn->dst_reg = chance_below(c, 11) & 0xf;
}

static void
break_access(struct bpf_insn *insn, struct chance *c)
{
	(chance_percent(c, 70) ? break_offset : break_base)(insn, c);
}

/* A check that is not there, or the wrong way round. */
static void
break_condition(struct bpf_insn *insn, struct chance *c)
{
	if (chance_percent(c, 70))
		*insn = XB_JA(0);
	else
		insn->code ^= BPF_JGT ^ BPF_JLE;
}

static void
break_any(struct bpf_insn *insn, struct chance *c)
{
	switch (chance_below(c, 4)) {
	case 0:
		insn->imm = chance_imm(c);
		break;
	case 1:
		insn->dst_reg = chance_below(c, 10) & 0xf;
		break;
	case 2:
		insn->src_reg = chance_below(c, 10) & 0xf;
		break;
	default:
		*insn = XB_JA(0);
		break;
	}
}

void
program_break(struct program *p, struct chance *c)
{
	u32 times = 1 + chance_below(c, 3), tries = 100;

	while (times && tries--) {
		u32 pc = chance_below(c, p->cnt);
		struct bpf_insn *insn = &p->insns[pc];

		if (program_is_wide(insn) || insn->code == 0)
			continue;
		if (is_access(insn))
			break_access(insn, c);
		else if (is_condition(insn))
			break_condition(insn, c);
		else if (chance_percent(c, 80) || insn->code == (BPF_JMP | BPF_EXIT))
			continue;
		else
			break_any(insn, c);
		times--;
	}
}
