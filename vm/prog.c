/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/prog.h"

#include "vm/proc.h"
#include "vm/prog_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From the row of a 64-bit operation to that of the same with 32 bits. */
#define NARROW 2
_Static_assert(XB_INSN_ADD64_K + NARROW == XB_INSN_ADD32_K, "order of rows");
_Static_assert(XB_INSN_SMOD64_X + NARROW == XB_INSN_SMOD32_X, "order of rows");

int
xb_prog_err_at(const struct xb_prog *prog, u32 pc, struct xb_err *err)
{
	const struct xb_line *line = xb_prog_line(prog, pc);

	if (line)
		return xb_err_prefix(err, "insn %u (%s:%u)", pc, line->file, line->line);
	return xb_err_prefix(err, "insn %u", pc);
}

int
xb_prog_err(const struct xb_prog *prog, u32 pc, struct xb_err *err, const char *fmt, ...)
{
	const struct xb_line *line = xb_prog_line(prog, pc);
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (line)
		return xb_err_set(err, XB_ERR_LOAD, "insn %u (%s:%u): %s", pc, line->file,
		                  line->line, msg);
	return xb_err_set(err, XB_ERR_LOAD, "insn %u: %s", pc, msg);
}

/* The form of an access that needs no check, or 0 where there is none. */
static u16
known_form(enum xb_insn_id id)
{
#define KNOWN(op) [XB_INSN_##op] = XB_OP_##op##_KNOWN,
	static const u16 forms[XB_INSN_CNT] = { XB_OP_ACCESS_LIST(KNOWN) };
#undef KNOWN
	return forms[id];
}

/* The form of an access through a pointer into the second address space, or 0. */
static u16
space_form(enum xb_insn_id id)
{
#define SPACE(op) [XB_INSN_##op] = XB_OP_##op##_SPACE,
	static const u16 forms[XB_INSN_CNT] = { XB_OP_ACCESS_LIST(SPACE) XB_OP_ATOMIC_LIST(SPACE) };
#undef SPACE
	return forms[id];
}

/* Whether the register that an access goes through is such a pointer. */
static bool
is_through_space(const struct bpf_insn *insn, enum xb_insn_id id, const struct xb_known *known)
{
	bool loads = BPF_CLASS(insn->code) == BPF_LDX ||
	             XB_FIELD_KIND(xb_insn_row(id)->dst) == XB_FIELD_W;

	return known[loads ? insn->src_reg : insn->dst_reg].kind == XB_KNOWN_SPACE;
}

/* Arithmetic with such pointers is of 32 bits, whatever the instruction says. */
static enum xb_insn_id
narrow_form(const struct bpf_insn *insn, enum xb_insn_id id, const struct xb_known *known)
{
	u8 op = BPF_OP(insn->code);

	if (BPF_CLASS(insn->code) != BPF_ALU64 || op == BPF_MOV || op == BPF_NEG || op == BPF_END)
		return id;
	if (known[insn->dst_reg].kind != XB_KNOWN_SPACE &&
	    (BPF_SRC(insn->code) == BPF_K || known[insn->src_reg].kind != XB_KNOWN_SPACE))
		return id;
	return id + NARROW;
}

/* A pointer into the second address space is made, or becomes an address again. */
static int
decode_cast(struct xb_prog *prog, const struct xb_tracked *at, struct xb_err *err)
{
	struct xb_op *op = &prog->ops[at->pc];

	if (!prog->has_space && at->reached)
		return xb_prog_err(prog, at->pc, err,
		                   "addr_space_cast insn can only be used in a program that has an "
		                   "associated arena");
	if (op->code == XB_INSN_CAST_TO_0 || !prog->space.high)
		op->code = XB_INSN_MOV32_X;
	else
		op->imm = (s64)prog->space.high;
	return 0;
}

/* Whether an access of the context, known to be within it, is one of memory. */
static bool
is_plain(const struct xb_prog *prog, const struct bpf_insn *insn, u32 off)
{
	const struct xb_vm_ops *ops = prog->vm->ops;

	return ops && ops->ctx_plain ? ops->ctx_plain(prog, insn, off)
	                             : BPF_CLASS(insn->code) == BPF_LDX;
}

/* Whether an access needs no check: within its frame, or a plain one within the context. */
static bool
is_proved(const struct xb_prog *prog, const struct bpf_insn *insn, const struct xb_known *known)
{
	bool loads = BPF_CLASS(insn->code) == BPF_LDX;
	const struct xb_known *base = &known[loads ? insn->src_reg : insn->dst_reg];
	s64 bytes = xb_insn_bytes(insn->code), at, frame = prog->vm->frame_bytes;

	if (base->value < -frame || base->value > INT32_MAX)
		return false;
	at = base->value + insn->off;
	if (base->kind == XB_KNOWN_FRAME)
		return at >= -frame && at + bytes <= 0;
	return base->kind == XB_KNOWN_CTX && at >= 0 && at + bytes <= prog->ctx_bytes &&
	       is_plain(prog, insn, (u32)at);
}

/* Remembers how far an access that is known to be of the context reaches into it. */
static void
note_ctx(struct xb_prog *prog, const struct bpf_insn *insn, const struct xb_known *known)
{
	const struct xb_known *base =
	        &known[BPF_CLASS(insn->code) == BPF_LDX ? insn->src_reg : insn->dst_reg];
	s64 end;

	if (base->kind != XB_KNOWN_CTX || base->value < 0 || base->value > INT32_MAX)
		return;
	end = base->value + insn->off + xb_insn_bytes(insn->code);
	if (end > prog->ctx_end)
		prog->ctx_end = (u32)end;
}

static u64
wide_imm(const struct bpf_insn *insn)
{
	return (u32)insn[0].imm | (u64)(u32)insn[1].imm << 32;
}

static u64
call_unreached(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	(void)call;
	(void)r;
	return xb_proc_fault(proc, XB_FAULT_BAD_CALL,
	                     "call of something unknown, in code that no jump seemed to reach");
}

/* Code that is never reached may call what there is not, as programs for several kernels do. */
static int
bind_call(struct xb_prog *prog, const struct xb_tracked *at, struct xb_err *err)
{
	const struct xb_known *r1_known = &at->known[1];
	u64 r1 = r1_known->kind == XB_KNOWN_CONST ? (u64)r1_known->value : 0;
	struct xb_call *call = &prog->calls[prog->call_cnt++];
	u32 pc = at->pc;

	if (!prog->vm->ops || !prog->vm->ops->bind_call)
		return xb_prog_err(prog, pc, err, "the machine has no emulator to call");
	prog->ops[pc].call = call;
	if (!prog->vm->ops->bind_call(prog->vm->emu, prog, pc, r1, call, err))
		return 0;
	if (at->reached)
		return xb_prog_err_at(prog, pc, err);
	*call = (struct xb_call){ .fn = call_unreached, .name = "unreached" };
	*err = XB_ERR_INIT;
	return 0;
}

/* Turns slot pc, whose row is known, into its operation. */
static int
decode(void *arg, const struct xb_tracked *at, struct xb_err *err)
{
	struct xb_prog *prog = arg;
	u32 pc = at->pc;
	const struct bpf_insn *insn = &prog->insns[pc];
	struct xb_op *op = &prog->ops[pc];
	enum xb_insn_id id = op->code;

	op->dst = insn->dst_reg;
	op->src = insn->src_reg;
	op->off = insn->off;
	op->imm = insn->imm;
	switch (id) {
	case XB_INSN_CAST_TO_0:
	case XB_INSN_CAST_TO_1:
		return decode_cast(prog, at, err);
	case XB_INSN_LDIMM64:
		op->imm = (s64)wide_imm(insn);
		return 0;
	case XB_INSN_LDFUNC:
		op->imm = (s64)xb_func_addr((u32)((s64)pc + 1 + insn->imm));
		return 0;
	case XB_INSN_CALL_LOCAL:
		op->zero_frame = xb_prog_subprog(prog, (u32)((s64)pc + 1 + insn->imm))->uses_frame;
		return 0;
	case XB_INSN_CALL:
	case XB_INSN_CALL_KFUNC:
		return bind_call(prog, at, err);
	default:
		if (prog->has_space)
			op->code = (u16)narrow_form(insn, id, at->known);
		if (space_form(id) && is_through_space(insn, id, at->known))
			op->code = space_form(id);
		else if (known_form(id) && is_proved(prog, insn, at->known))
			op->code = known_form(id);
		if (known_form(id) && at->reached)
			note_ctx(prog, insn, at->known);
		return 0;
	}
}

static u32
count_calls(const struct xb_prog *prog)
{
	u32 cnt = 0;

	for (u32 pc = 0; pc < prog->insn_cnt; pc++)
		cnt += prog->insns[pc].code == (BPF_JMP | BPF_CALL);
	return cnt;
}

/* Copies the options; ops and calls are empty yet. */
static struct xb_prog *
prog_alloc(struct xb_vm *vm, const struct xb_prog_opts *opts)
{
	struct xb_prog *prog = calloc(1, sizeof(*prog));

	if (!prog)
		return NULL;
	prog->vm = vm;
	snprintf(prog->name, sizeof(prog->name), "%s", opts->name ? opts->name : "");
	prog->user = opts->user;
	prog->insn_cnt = opts->insn_cnt;
	prog->ctx_bytes = opts->ctx_bytes;
	prog->may_load_packet = opts->may_load_packet;
	prog->has_space = opts->space != NULL;
	if (opts->space)
		prog->space = *opts->space;
	prog->funcs = opts->funcs;
	prog->func_cnt = opts->func_cnt;
	prog->lines = opts->lines;
	prog->line_cnt = opts->line_cnt;
	prog->insns = malloc(opts->insn_cnt * sizeof(*prog->insns));
	prog->ops = calloc(opts->insn_cnt + 1, sizeof(*prog->ops));
	if (!prog->insns || !prog->ops) {
		xb_prog_free(prog);
		return NULL;
	}
	memcpy(prog->insns, opts->insns, opts->insn_cnt * sizeof(*prog->insns));
	prog->calls = calloc(count_calls(prog) + 1, sizeof(*prog->calls));
	if (!prog->calls) {
		xb_prog_free(prog);
		return NULL;
	}
	return prog;
}

struct xb_prog *
xb_prog_new(struct xb_vm *vm, const struct xb_prog_opts *opts, struct xb_err *err)
{
	struct xb_prog *prog;

	if (opts->insn_cnt == 0 || opts->insn_cnt > XB_PROG_MAX_INSNS) {
		xb_err_set(err, XB_ERR_LOAD, "%u instructions; 1 to %u are allowed", opts->insn_cnt,
		           XB_PROG_MAX_INSNS);
		return NULL;
	}
	prog = prog_alloc(vm, opts);
	if (!prog) {
		xb_err_errno(err, ENOMEM, "program");
		return NULL;
	}
	if (xb_prog_check(prog, err) || xb_prog_track(prog, decode, prog, err)) {
		xb_prog_free(prog);
		return NULL;
	}
	return prog;
}

void
xb_prog_free(struct xb_prog *prog)
{
	if (!prog)
		return;
	free(prog->subprogs);
	free(prog->calls);
	free(prog->ops);
	free(prog->insns);
	free(prog);
}

const char *
xb_prog_name(const struct xb_prog *prog)
{
	return prog->name;
}

void *
xb_prog_user(const struct xb_prog *prog)
{
	return prog->user;
}

u32
xb_prog_ctx_end(const struct xb_prog *prog)
{
	return prog->ctx_end;
}

const struct bpf_insn *
xb_prog_insns(const struct xb_prog *prog, u32 *cnt)
{
	*cnt = prog->insn_cnt;
	return prog->insns;
}

/*
 * The last of `cnt` elements of `bytes` each, which start with their u32 pc and are in its order,
 * whose pc is not above `pc`; NULL where there is none.
 */
static const void *
last_at_or_before(const void *elems, u32 cnt, size_t bytes, u32 pc)
{
	const u8 *base = elems;
	u32 lo = 0, hi = cnt;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2, at;

		memcpy(&at, base + mid * bytes, sizeof(at));
		if (at <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? base + (lo - 1) * bytes : NULL;
}

const struct xb_subprog *
xb_prog_subprog(const struct xb_prog *prog, u32 pc)
{
	return last_at_or_before(prog->subprogs, prog->subprog_cnt, sizeof(*prog->subprogs), pc);
}

const char *
xb_prog_func_name(const struct xb_prog *prog, u32 pc)
{
	const struct xb_func *func =
	        last_at_or_before(prog->funcs, prog->func_cnt, sizeof(*func), pc);

	return func ? func->name : prog->name;
}

const struct xb_line *
xb_prog_line(const struct xb_prog *prog, u32 pc)
{
	return last_at_or_before(prog->lines, prog->line_cnt, sizeof(*prog->lines), pc);
}

const struct xb_call *
xb_prog_call(const struct xb_prog *prog, u32 pc)
{
	u16 code;

	if (pc >= prog->insn_cnt)
		return NULL;
	code = prog->ops[pc].code;
	return code == XB_INSN_CALL || code == XB_INSN_CALL_KFUNC ? prog->ops[pc].call : NULL;
}

bool
xb_prog_is_own(const struct xb_prog *prog, u32 pc)
{
	return prog->ops[pc].code == XB_INSN_OWN;
}

bool
xb_prog_is_func(const struct xb_prog *prog, u64 addr)
{
	const struct xb_subprog *sub;

	if ((addr & ~0xffffffffull) != XB_FUNC_TAG)
		return false;
	sub = xb_prog_subprog(prog, (u32)addr);
	return sub->start == (u32)addr && sub->is_value;
}
