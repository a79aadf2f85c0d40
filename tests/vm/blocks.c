/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/blocks.h"

#include "tests/insns.h"

bool
xb_block_uses_memory(const struct bpf_insn *insn)
{
	switch (BPF_CLASS(insn->code)) {
	case BPF_LDX:
	case BPF_ST:
	case BPF_STX:
		return true;
	default:
		return false;
	}
}

static bool
is_ldimm64(const struct bpf_insn *insn)
{
	return insn->code == (BPF_LD | BPF_IMM | BPF_DW);
}

static bool
is_goto(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_JA) || insn->code == (BPF_JMP32 | BPF_JA);
}

static bool
is_jump(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_JMP || BPF_CLASS(insn->code) == BPF_JMP32;
}

u32
xb_block_emit(const struct xb_try *t, struct bpf_insn *out)
{
	u32 n = 0;

	out[n++] = XB_LDX_MEM(BPF_DW, 0, 6, offsetof(struct xb_slot, r0));
	out[n++] = XB_LDX_MEM(BPF_DW, 1, 6, offsetof(struct xb_slot, r1));
	out[n++] = XB_LDX_MEM(BPF_DW, 2, 6, offsetof(struct xb_slot, r2));
	if (xb_block_uses_memory(&t->insn)) {
		out[n++] = XB_MOV64_REG(3, 6);
		out[n++] = XB_ALU64_IMM(BPF_ADD, 3, offsetof(struct xb_slot, mem));
	}
	/* Code behind a goto must be reachable: R2 = 5 takes another way to it. */
	if (is_goto(&t->insn))
		out[n++] = XB_JMP_IMM(BPF_JEQ, 2, 5, 1);
	out[n++] = t->insn;
	if (is_ldimm64(&t->insn))
		out[n++] = t->second;
	if (is_jump(&t->insn))
		out[n++] = XB_MOV64_IMM(0, XB_BLOCK_SKIPPED);
	out[n++] = XB_STX_MEM(BPF_DW, 6, 0, offsetof(struct xb_slot, r0));
	/* Jumps change neither, and a verifier would follow what it knows of them. */
	if (!is_jump(&t->insn)) {
		out[n++] = XB_STX_MEM(BPF_DW, 6, 1, offsetof(struct xb_slot, r1));
		out[n++] = XB_STX_MEM(BPF_DW, 6, 2, offsetof(struct xb_slot, r2));
	}
	out[n++] = XB_ALU64_IMM(BPF_ADD, 6, sizeof(struct xb_slot));
	return n;
}
