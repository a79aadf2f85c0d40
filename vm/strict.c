/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/strict_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define BIT(reg)     ((u16)(1u << (reg)))
#define ARGUMENTS    (BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5))
#define CALLEE_SAVED (BIT(6) | BIT(7) | BIT(8) | BIT(9) | BIT(10))

struct xb_strict {
	struct xb_insn_index index;
	struct xb_strict_regs regs;
	u16 callers[XB_PROC_ALL_FRAMES]; /* what was readable where each frame called */
	u64 gaddr, bytes, stride;        /* the stack */
	u8 written[];                    /* a bit for each of its bytes */
};

/* What an instruction reads, and what it writes when it does not fault. */
struct effect {
	u16 reads, writes;
	bool loads, stores;
	u64 gaddr; /* of either */
	u32 bytes;
};

struct xb_strict *
xb_strict_new(const struct xb_proc *proc)
{
	struct xb_strict *s = calloc(1, sizeof(*s) + proc->stack->bytes / 8 + 1);

	if (!s)
		return NULL;
	xb_insn_index_init(&s->index);
	s->gaddr = proc->stack->gaddr;
	s->bytes = proc->stack->bytes;
	s->stride = proc->frames[0].top - s->gaddr;
	return s;
}

void
xb_strict_free(struct xb_strict *strict)
{
	free(strict);
}

void
xb_strict_enter(struct xb_proc *proc, u32 args)
{
	struct xb_strict *s = proc->strict;
	u64 first;

	s->regs.readable = (u16)(((2u << args) - 2) | BIT(10));
	s->regs.lost = 0;
	first = proc->frames[proc->depth].top - proc->frame_bytes - s->gaddr;
	if (first >= s->bytes) /* of the frames that tail calls need: nothing is known of them */
		return;
	memset(s->written + first / 8, 0, proc->frame_bytes / 8);
}

struct xb_strict_regs
xb_strict_save(const struct xb_proc *proc)
{
	return proc->strict->regs;
}

void
xb_strict_restore(struct xb_proc *proc, struct xb_strict_regs regs)
{
	proc->strict->regs = regs;
}

void
xb_strict_set_reg(struct xb_proc *proc, u32 reg)
{
	proc->strict->regs.readable |= BIT(reg);
}

/* The part of [gaddr, gaddr + bytes) that is in the stack, as offsets in it. */
static bool
stack_part(const struct xb_strict *s, u64 gaddr, u64 bytes, u64 *from, u64 *to)
{
	if (!s || gaddr < s->gaddr || gaddr - s->gaddr >= s->bytes)
		return false;
	*from = gaddr - s->gaddr;
	*to = *from + (bytes < s->bytes - *from ? bytes : s->bytes - *from);
	return true;
}

static bool
is_written(const struct xb_strict *s, u64 off)
{
	return s->written[off / 8] >> off % 8 & 1;
}

bool
xb_strict_written(const struct xb_proc *proc, u64 gaddr, u64 bytes)
{
	u64 from, to;

	if (!stack_part(proc->strict, gaddr, bytes, &from, &to))
		return true;
	while (from < to && is_written(proc->strict, from))
		from++;
	return from == to;
}

void
xb_strict_write(struct xb_proc *proc, u64 gaddr, u64 bytes)
{
	u64 from, to;

	if (!stack_part(proc->strict, gaddr, bytes, &from, &to))
		return;
	for (; from < to; from++)
		proc->strict->written[from / 8] |= (u8)(1u << from % 8);
}

/* "bytes 4 to 7 of the stack at fp-16", the first that were not written of an access. */
static void
stack_text(const struct xb_proc *proc, u64 gaddr, u64 bytes, char *buf, size_t size)
{
	const struct xb_strict *s = proc->strict;
	u64 off = gaddr - s->gaddr, frame = off / s->stride, first = 0, last;
	char of[32] = "";

	while (first < bytes && is_written(s, off + first))
		first++;
	for (last = first; last + 1 < bytes && !is_written(s, off + last + 1);)
		last++;
	if (frame != proc->depth)
		snprintf(of, sizeof(of), " of frame %u", (u32)frame);
	if (first == last)
		snprintf(buf, size, "byte %llu of the stack at fp-%llu%s was",
		         (unsigned long long)first,
		         (unsigned long long)(proc->frames[frame].top - gaddr), of);
	else
		snprintf(buf, size, "bytes %llu to %llu of the stack at fp-%llu%s were",
		         (unsigned long long)first, (unsigned long long)last,
		         (unsigned long long)(proc->frames[frame].top - gaddr), of);
}

u64
xb_strict_fault(struct xb_proc *proc, u64 gaddr, u64 bytes, const char *what)
{
	struct xb_fault *f = xb_proc_new_fault(proc, XB_FAULT_UNINIT);
	char text[100];

	if (!f)
		return 0;
	f->gaddr = gaddr;
	f->bytes = bytes;
	snprintf(f->object, sizeof(f->object), "%s", proc->stack->name);
	stack_text(proc, gaddr, bytes, text, sizeof(text));
	snprintf(f->message, sizeof(f->message), "%s%s%s never written", what ? what : "",
	         what ? ": " : "", text);
	return 0;
}

static void
fault_reg(struct xb_proc *proc, u16 missing, const char *callee)
{
	u32 reg = (u32)__builtin_ctz(missing);

	xb_proc_fault(proc, XB_FAULT_UNINIT, "%s%sregister r%u was %s", callee ? callee : "",
	              callee ? ": " : "", reg,
	              proc->strict->regs.lost & BIT(reg) ? "lost in a call" : "never written");
}

static u16
regs_of(u32 field, u32 reg, bool reads)
{
	enum xb_field kind = XB_FIELD_KIND(field);

	if (kind == XB_FIELD_RW || kind == (reads ? XB_FIELD_R : XB_FIELD_W))
		return BIT(reg);
	return 0;
}

/* The address of a load, a store or an atomic access. */
static void
memory_effect(const struct xb_proc *proc, const struct bpf_insn *insn, struct effect *e)
{
	u8 class = BPF_CLASS(insn->code);
	bool atomic = BPF_MODE(insn->code) == BPF_ATOMIC && class == BPF_STX;
	bool acquires = atomic && insn->imm == BPF_LOAD_ACQ;

	if (class != BPF_LDX && class != BPF_ST && class != BPF_STX)
		return;
	e->loads = class == BPF_LDX || (atomic && insn->imm != BPF_STORE_REL);
	e->stores = class != BPF_LDX && !acquires;
	e->bytes = xb_insn_bytes(insn->code);
	e->gaddr = proc->r[class == BPF_LDX || acquires ? insn->src_reg : insn->dst_reg] +
	           (u64)(s64)insn->off;
}

/* What the instruction does by its row, and beside it. */
static struct effect
effect_of(const struct xb_proc *proc, const struct bpf_insn *insn, enum xb_insn_id id)
{
	const struct xb_insn_row *row = xb_insn_row(id);
	struct effect e = { .reads = regs_of(row->dst, insn->dst_reg, true) |
		                     regs_of(row->src, insn->src_reg, true),
		            .writes = regs_of(row->dst, insn->dst_reg, false) |
		                      regs_of(row->src, insn->src_reg, false) };

	switch (id) {
	case XB_INSN_CALL:
	case XB_INSN_CALL_KFUNC:
		e.reads = (u16)(xb_prog_call(proc->prog, proc->pc)->reads & ARGUMENTS);
		e.writes = BIT(0);
		break;
	case XB_INSN_EXIT: /* what a function returns nothing but its caller may look at */
		e.reads = proc->depth == proc->base_depth ? BIT(0) : 0;
		break;
	case XB_INSN_CMPXCHG_W:
	case XB_INSN_CMPXCHG_DW:
		e.reads |= BIT(0);
		e.writes |= BIT(0);
		break;
	case XB_INSN_LDABS_B:
	case XB_INSN_LDABS_H:
	case XB_INSN_LDABS_W:
	case XB_INSN_LDIND_B:
	case XB_INSN_LDIND_H:
	case XB_INSN_LDIND_W: /* the context is in R6 (cf. kernel/bpf/verifier.c: check_ld_abs) */
		e.reads |= BIT(6);
		e.writes |= BIT(0);
		break;
	case XB_INSN_OWN:
		if (insn->dst_reg < BPF_REG_10)
			e.writes = BIT(insn->dst_reg);
		return e;
	default:
		break;
	}
	memory_effect(proc, insn, &e);
	return e;
}

/* False after a fault: the instruction reads what was not written. */
static bool
check(struct xb_proc *proc, const struct effect *e)
{
	u16 missing = e->reads & (u16)~proc->strict->regs.readable;
	const struct xb_call *call;

	if (missing) {
		call = xb_prog_call(proc->prog, proc->pc);
		fault_reg(proc, missing, call ? call->name : NULL);
		return false;
	}
	if (!e->loads || !xb_mem_check(proc->vm->mem, e->gaddr, e->bytes, XB_MEM_READ) ||
	    xb_strict_written(proc, e->gaddr, e->bytes))
		return true; /* or it faults by itself */
	xb_strict_fault(proc, e->gaddr, e->bytes, NULL);
	return false;
}

/* Registers behind a call of whatever kind. */
static void
lose_arguments(struct xb_strict_regs *regs)
{
	regs->lost = regs->readable & ARGUMENTS;
	regs->readable &= (u16)~ARGUMENTS;
}

/* A call of one of the program's functions, or the return from it. */
static void
change_frame(struct xb_proc *proc, enum xb_insn_id id)
{
	struct xb_strict *s = proc->strict;
	struct xb_strict_regs regs = s->regs;

	if (id == XB_INSN_CALL_LOCAL) {
		s->callers[proc->depth - 1] = regs.readable;
		xb_strict_enter(proc, 0);
		s->regs.readable |= regs.readable & ARGUMENTS;
		return;
	}
	s->regs.readable = s->callers[proc->depth];
	lose_arguments(&s->regs);
	s->regs.readable = (u16)((s->regs.readable & CALLEE_SAVED) | (regs.readable & BIT(0)));
}

static void
settle(struct xb_proc *proc, enum xb_insn_id id, const struct effect *e, bool left)
{
	struct xb_strict *s = proc->strict;

	if (id == XB_INSN_CALL_LOCAL || id == XB_INSN_EXIT) {
		change_frame(proc, id);
		return;
	}
	if ((id == XB_INSN_CALL || id == XB_INSN_CALL_KFUNC || id == XB_INSN_OWN) && left) {
		xb_strict_enter(proc, 1); /* a tail call */
		return;
	}
	if (id == XB_INSN_CALL || id == XB_INSN_CALL_KFUNC ||
	    (id >= XB_INSN_LDABS_B && id <= XB_INSN_LDIND_W))
		lose_arguments(&s->regs);
	s->regs.readable |= e->writes;
	s->regs.lost &= (u16)~e->writes;
	if (e->stores)
		xb_strict_write(proc, e->gaddr, e->bytes);
}

/* Registers that an instruction of the emulator's own changed, whichever it says. */
static u16
changed(const u64 *before, const u64 *after)
{
	u16 regs = 0;

	for (u32 i = 0; i < BPF_REG_10; i++)
		regs |= (u16)(before[i] != after[i] ? BIT(i) : 0);
	return regs;
}

static enum xb_run_status
step_once(struct xb_proc *proc)
{
	const struct xb_prog *prog = proc->prog;
	const struct bpf_insn *insn = &prog->insns[proc->pc];
	enum xb_insn_id id = xb_insn_find(&proc->strict->index, insn);
	u32 pc = proc->pc, depth = proc->depth;
	enum xb_run_status status;
	u64 before[BPF_REG_10];
	struct effect e;

	if (id == XB_INSN_CNT)
		id = XB_INSN_OWN;
	e = effect_of(proc, insn, id);
	if (!check(proc, &e)) {
		proc->insns++;
		return XB_RUN_FAULT;
	}
	memcpy(before, proc->r, sizeof(before));
	status = xb_interp_run(proc, true);
	if (status != XB_RUN_RUNNING)
		return status;
	if (id == XB_INSN_OWN)
		e.writes |= changed(before, proc->r);
	if (proc->depth < depth && id != XB_INSN_EXIT) { /* an LD_ABS outside of the packet: 0 */
		proc->strict->regs.readable |= BIT(0);
		id = XB_INSN_EXIT;
	}
	settle(proc, id, &e, proc->prog != prog || proc->pc != pc + 1);
	return status;
}

enum xb_run_status
xb_strict_run(struct xb_proc *proc, bool step)
{
	enum xb_run_status status;

	do {
		status = step_once(proc);
	} while (status == XB_RUN_RUNNING && !step);
	return status;
}
