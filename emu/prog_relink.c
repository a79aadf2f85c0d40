/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_relink.c - a program whose functions are replaced by EXT programs, as one program of the
 * machine.
 *
 *   slots:   [ext that replaces function 0]  target  ext  ext ...
 *
 * The target's code stays where it was, but for the calls of replaced functions, which now lead to
 * the first slot of an EXT program further on; jumps and calls are relative, so the EXT programs
 * are copied as they are. A function that was replaced stays behind as code that nobody reaches.
 * What the machine ran before is kept: faults and processes may still name it.
 */
#include "emu/arena.h"
#include "emu/link.h"
#include "emu/prog_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A program and the slot at which it begins. */
struct part {
	const struct xb_bpf_prog *prog;
	u32 base;
};

struct layout {
	struct part *parts; /* in order of base */
	u32 cnt;
	u32 insn_cnt, func_cnt, line_cnt; /* of all parts */
	u32 *bases; /* by the target's function: first slot of what replaces it, or UINT32_MAX */
};

static void
append(struct layout *l, const struct xb_bpf_prog *prog)
{
	l->parts[l->cnt++] = (struct part){ .prog = prog, .base = l->insn_cnt };
	l->insn_cnt += prog->insn_cnt;
	l->func_cnt += prog->func_cnt;
	l->line_cnt += prog->line_cnt;
}

/* Decides what goes where; one program that replaces two functions is there twice. */
static int
lay_out(const struct xb_bpf_prog *target, struct layout *l)
{
	const struct xb_bpf_prog *ext = NULL;

	l->parts = calloc(target->func_info_cnt + 1, sizeof(l->parts[0]));
	l->bases = calloc(target->func_info_cnt + 1, sizeof(l->bases[0]));
	if (l->parts == NULL || l->bases == NULL)
		return -ENOMEM;
	if (target->func_info_cnt)
		ext = xb_link_replacement(target, target->func_info[0].type_id);
	l->bases[0] = ext ? 0 : UINT32_MAX;
	if (ext)
		append(l, ext);
	append(l, target);
	for (u32 i = 1; i < target->func_info_cnt; i++) {
		ext = xb_link_replacement(target, target->func_info[i].type_id);
		l->bases[i] = ext ? l->insn_cnt : UINT32_MAX;
		if (ext)
			append(l, ext);
	}
	return l->insn_cnt <= XB_PROG_MAX_INSNS ? 0 : -E2BIG;
}

/* The target's function that starts at slot pc, or -1. */
static int
func_at(const struct xb_bpf_prog *target, s64 pc)
{
	for (u32 i = 0; i < target->func_info_cnt; i++)
		if (target->func_info[i].insn_off == pc)
			return (int)i;
	return -1;
}

/* Leads the target's calls of replaced functions, and their addresses, to what replaces them. */
static void
redirect(const struct xb_bpf_prog *target, const struct layout *l, u32 base, struct bpf_insn *insns)
{
	for (u32 pc = 0; pc < target->insn_cnt; pc++) {
		struct bpf_insn *in = &insns[base + pc];
		bool calls = in->code == (BPF_JMP | BPF_CALL) && in->src_reg == BPF_PSEUDO_CALL;
		bool wide = in->code == (BPF_LD | BPF_IMM | BPF_DW);
		u32 self = base + pc;
		int func;

		if (wide)
			pc++;
		if (!calls && !(wide && in->src_reg == BPF_PSEUDO_FUNC))
			continue;
		func = func_at(target, (s64)self - base + 1 + in->imm);
		if (func >= 0 && l->bases[func] != UINT32_MAX)
			in->imm = (s32)((s64)l->bases[func] - self - 1);
	}
}

/* Everything the machine's program is made of, from the parts. */
static int
compose(const struct xb_bpf_prog *target, const struct layout *l, struct bpf_insn **insns,
        struct xb_prog_past *made)
{
	u32 f = 0, n = 0;

	*insns = malloc(l->insn_cnt * sizeof(struct bpf_insn));
	made->funcs = calloc(l->func_cnt + 1, sizeof(struct xb_func));
	made->lines = calloc(l->line_cnt + 1, sizeof(struct xb_line));
	if (*insns == NULL || made->funcs == NULL || made->lines == NULL)
		return -ENOMEM;
	for (u32 i = 0; i < l->cnt; i++) {
		const struct part *p = &l->parts[i];

		memcpy(*insns + p->base, p->prog->insns,
		       p->prog->insn_cnt * sizeof(struct bpf_insn));
		for (u32 j = 0; j < p->prog->func_cnt; j++, f++) {
			made->funcs[f] = p->prog->funcs[j];
			made->funcs[f].pc += p->base;
		}
		for (u32 j = 0; j < p->prog->line_cnt; j++, n++) {
			made->lines[n] = p->prog->lines[j];
			made->lines[n].pc += p->base;
		}
		if (p->prog == target)
			redirect(target, l, p->base, *insns);
	}
	return 0;
}

/* The arena of the parts: the machine's program has one second address space. */
static struct xb_arena *
arena_of(const struct layout *l)
{
	for (u32 i = 0; i < l->cnt; i++)
		if (l->parts[i].prog->arena)
			return l->parts[i].prog->arena;
	return NULL;
}

static bool
may_share(const struct layout *l, const struct xb_arena *arena)
{
	for (u32 i = 0; i < l->cnt; i++)
		if (l->parts[i].prog->arena && l->parts[i].prog->arena != arena)
			return false;
	return true;
}

/* The licences were judged when each program was loaded: a part may call what the target may not.
 */
static struct xb_prog *
build(struct xb_bpf_prog *target, const struct layout *l, const struct bpf_insn *insns,
      const struct xb_prog_past *made)
{
	struct xb_arena *arena = arena_of(l);
	const struct xb_space space = arena ? xb_arena_space(arena) : (struct xb_space){ 0 };
	const struct xb_prog_opts opts = {
		.name = target->func_name,
		.space = arena ? &space : NULL,
		.insns = insns,
		.insn_cnt = l->insn_cnt,
		.funcs = made->funcs,
		.func_cnt = l->func_cnt,
		.lines = made->lines,
		.line_cnt = l->line_cnt,
		.ctx_bytes = target->ops->ctx_bytes ? target->ops->ctx_bytes(target) : 0,
		.may_load_packet = target->ops->may_load_packet,
		.user = target,
	};
	bool gpl = target->gpl_compatible;
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *vm;

	if (!may_share(l, arena))
		return NULL;
	for (u32 i = 0; i < l->cnt; i++)
		target->gpl_compatible |= l->parts[i].prog->gpl_compatible;
	vm = xb_prog_new(target->emu->vm, &opts, &err);
	target->gpl_compatible = gpl;
	return vm;
}

int
xb_prog_relink(struct xb_bpf_prog *prog)
{
	struct xb_prog_past *past = calloc(1, sizeof(*past)), made = { 0 };
	struct bpf_insn *insns = NULL;
	struct layout l = { 0 };
	int rc = past ? lay_out(prog, &l) : -ENOMEM;

	if (rc == 0)
		rc = compose(prog, &l, &insns, &made);
	if (rc == 0) {
		made.vm = build(prog, &l, insns, &made);
		rc = made.vm ? 0 : -EINVAL;
	}
	free(insns);
	free(l.bases);
	free(l.parts);
	if (rc) {
		free(made.lines);
		free(made.funcs);
		free(past);
		return rc;
	}
	*past = (struct xb_prog_past){
		.next = prog->past,
		.vm = prog->vm,
		.funcs = prog->vm_funcs,
		.lines = prog->vm_lines,
	};
	prog->past = past;
	__atomic_store_n(&prog->vm, made.vm, __ATOMIC_RELEASE); /* vCPUs may be about to run it */
	prog->vm_funcs = made.funcs;
	prog->vm_lines = made.lines;
	return 0;
}
