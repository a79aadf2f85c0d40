/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_write.c - whether a program can alter its packet, so that most need not be compared with
 * what came in.
 */
#include "emu/helper.h"
#include "emu/prog.h"

/*
 * Whether a program can alter the packet: it stores through a register other than R10, hands memory
 * or the context to somebody who writes, or goes on in another program. What an instruction of the
 * emulator's own does nobody knows.
 */
static bool
insn_may_write(const struct xb_bpf_prog *prog, const struct bpf_insn *insn)
{
	u8 class = BPF_CLASS(insn->code);
	const struct xb_helper *h;
	u32 i;

	if (class == BPF_ST || class == BPF_STX)
		return insn->dst_reg != BPF_REG_10;
	if (insn->code != (BPF_JMP | BPF_CALL) || insn->src_reg == BPF_PSEUDO_CALL)
		return false;
	h = insn->src_reg == 0 ? xb_helper_find(prog->emu, (u32)insn->imm, prog->type) : NULL;
	if (!h || h->id == BPF_FUNC_tail_call)
		return true;
	for (i = 0; i < 5; i++) {
		switch (h->args[i]) {
		case XB_ARG_MAP_VALUE_W:
		case XB_ARG_MEM_W:
		case XB_ARG_MEM_W_OR_NULL:
		case XB_ARG_U32_W:
		case XB_ARG_U64_W:
		case XB_ARG_U64_RW:
		case XB_ARG_CTX:
			return true;
		default:
			break;
		}
	}
	return false;
}

bool
xb_prog_may_write(const struct xb_bpf_prog *prog)
{
	const struct xb_prog *vm = xb_bpf_prog_vm(prog);
	const struct bpf_insn *insns;
	u32 i, cnt;

	insns = xb_prog_insns(vm, &cnt);
	for (i = 0; i < cnt; i++) {
		if (xb_prog_is_own(vm, i) || insn_may_write(prog, insns + i))
			return true;
		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW))
			i++;
	}
	return false;
}
