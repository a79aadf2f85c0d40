/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a call gets from an instruction to a helper or a kernel function: bound once, at load. What
 * it does from then on is in helper_call.c.
 */
#include "emu/helper_call_priv.h"

#include "emu/kfunc.h"
#include "emu/prog.h"

#include <stdio.h>
#include <string.h>

/*
 * What libbpf leaves of a call or relocation that cannot be resolved, in code that must not be
 * reached.
 */
#define POISON_CO_RE     195896080u /* 0xbad2310 */
#define POISON_MAP_FIRST 2001000000u
#define POISON_KFUNC_END 2003000000u

/* A call that libbpf could not resolve: no fault as long as it is not reached. */
static u64
call_unresolved(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	(void)r;
	if (call->aux == POISON_CO_RE)
		return xb_proc_fault(proc, XB_FAULT_BAD_CALL,
		                     "invalid func unknown#%u: CO-RE found no such field, type or "
		                     "value in the kernel's BTF",
		                     POISON_CO_RE);
	if (call->aux)
		return xb_proc_fault(proc, XB_FAULT_BAD_CALL,
		                     "invalid func unknown#%u: libbpf found nothing to put here",
		                     (u32)call->aux);
	return xb_proc_fault(
	        proc, XB_FAULT_BAD_CALL,
	        "call of a kernel function that was not found when the object was loaded");
}

static void
bind_unresolved(struct xb_call *call, u32 id)
{
	*call = (struct xb_call){ .fn = call_unresolved, .name = "unresolved", .aux = id };
}

/* The registers that are arguments, see struct xb_call. */
static u8
args_of(const struct xb_helper *row)
{
	u8 regs = 0;

	for (u32 i = 0; i < HELPER_ARGS && row->args[i] != XB_ARG_NONE; i++)
		regs |= (u8)(row->args[i] == XB_ARG_MAYBE ? 0 : 2u << i);
	return regs;
}

static void
bind_row(const struct xb_emu *emu, const struct xb_helper *row, u64 r1_const, struct xb_call *call)
{
	struct xb_map *map = NULL;

	if (r1_const && emu->handle_region)
		map = xb_map_by_handle(emu, r1_const);
	*call = (struct xb_call){
		.fn = helper_call_fn(emu, row, map),
		.name = row->name,
		.data = row,
		.aux = (uintptr_t)map,
		.reads = args_of(row),
	};
}

static int
bind_kfunc(struct xb_emu *emu, struct xb_bpf_prog *prog, const struct bpf_insn *insn, u64 r1_const,
           struct xb_call *call, struct xb_err *err)
{
	const struct xb_kfunc *row;

	if (insn->imm == 0 && insn->off == 0) { /* weak, and not found */
		bind_unresolved(call, 0);
		return 0;
	}
	row = xb_kfunc_resolve(emu, prog, insn, err);
	if (!row)
		return -1;
	bind_row(emu, &row->call, r1_const, call);
	return 0;
}

bool
xb_helper_is_unresolved(u32 id)
{
	return id == POISON_CO_RE || (id >= POISON_MAP_FIRST && id < POISON_KFUNC_END);
}

/* A program that is linked anew was checked, part by part, when its parts were loaded. */
static bool
may_call_gpl(const struct xb_bpf_prog *prog)
{
	return prog->gpl_compatible || prog->vm != NULL;
}

/* The row that a program may call, or NULL and err in the verifier's words (cf. check_helper_call).
 */
static const struct xb_helper *
find_row(const struct xb_emu *emu, const struct xb_bpf_prog *prog, u32 id, struct xb_err *err)
{
	const struct xb_helper *row = xb_helper_find(emu, id, xb_bpf_prog_type(prog));
	const char *name = row ? row->name : xb_helper_name(id), *source;

	if (!name && !row)
		xb_err_set(err, XB_ERR_LOAD, "invalid func unknown#%u", id);
	else if (!row && xb_helper_state_of(emu, id, &source) != XB_HELPER_MISSING)
		xb_err_set(err, XB_ERR_LOAD, "program of this type cannot use helper bpf_%s#%u",
		           name, id);
	else if (!row)
		xb_err_set(err, XB_ERR_LOAD, "unknown func bpf_%s#%u: this helper is not emulated",
		           name, id);
	else if (row->gpl_only && !may_call_gpl(prog))
		xb_err_set(err, XB_ERR_LOAD,
		           "cannot call GPL-restricted function from non-GPL compatible program: "
		           "bpf_%s#%u",
		           name, id);
	else if (row->might_sleep && !(prog->flags & BPF_F_SLEEPABLE))
		xb_err_set(err, XB_ERR_LOAD,
		           "helper call might sleep in a non-sleepable prog: bpf_%s#%u", name, id);
	else
		return row;
	return NULL;
}

int
xb_helper_bind(void *emu_arg, const struct xb_prog *prog, u32 pc, u64 r1_const,
               struct xb_call *call, struct xb_err *err)
{
	struct xb_emu *emu = emu_arg;
	u32 cnt;
	const struct bpf_insn *insn = xb_prog_insns(prog, &cnt) + pc;
	struct xb_bpf_prog *bpf_prog = xb_prog_user(prog);
	const struct xb_helper *row;
	u32 id = (u32)insn->imm;

	bpf_prog->refusal = 0;
	if (insn->src_reg == BPF_PSEUDO_KFUNC_CALL)
		return bind_kfunc(emu, bpf_prog, insn, r1_const, call, err);
	if (xb_helper_is_unresolved(id)) {
		bind_unresolved(call, id);
		return 0;
	}
	if (bpf_prog->ops && bpf_prog->ops->never_runs && xb_helper_name(id)) {
		bind_unresolved(call, id);
		call->name = xb_helper_name(id);
		return 0;
	}
	row = find_row(emu, bpf_prog, id, err);
	if (!row)
		return -1;
	bind_row(emu, row, r1_const, call);
	return 0;
}
