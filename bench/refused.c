/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/refused.h"

#include <linux/bpf.h>
#include <stdio.h>

static bool
is_shift(const struct bpf_insn *insn)
{
	u32 op = BPF_OP(insn->code);

	return op == BPF_LSH || op == BPF_RSH || op == BPF_ARSH;
}

static bool
is_division(const struct bpf_insn *insn)
{
	u32 op = BPF_OP(insn->code);

	return op == BPF_DIV || op == BPF_MOD;
}

/* cf. kernel/bpf/verifier.c: check_alu_op */
static bool
is_refused(const struct bpf_insn *insn, char *text)
{
	u32 class = BPF_CLASS(insn->code), width = class == BPF_ALU64 ? 64 : 32;

	if ((class != BPF_ALU && class != BPF_ALU64) || BPF_SRC(insn->code) != BPF_K)
		return false;
	if (is_shift(insn) && (insn->imm < 0 || (u32)insn->imm >= width))
		snprintf(text, XB_REFUSED_BYTES,
		         "a shift of %u bits by %d, which is by %u here, is refused by Linux's "
		         "verifier",
		         width, insn->imm, (u32)insn->imm & (width - 1));
	else if (is_division(insn) && insn->imm == 0)
		snprintf(text, XB_REFUSED_BYTES,
		         "a division by the constant 0 is refused by Linux's verifier");
	else
		return false;
	return true;
}

size_t
xb_refused_next(const struct bpf_insn *insns, size_t cnt, size_t from, char *text)
{
	while (from < cnt && !is_refused(&insns[from], text))
		from += insns[from].code == (BPF_LD | BPF_IMM | BPF_DW) ? 2 : 1;
	return from < cnt ? from : cnt;
}
