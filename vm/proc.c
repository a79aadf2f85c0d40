/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/proc.h"

#include "vm/bytes.h"
#include "vm/proc_priv.h"
#include "vm/strict_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Memory for frames up to `cnt`, behind those that there are. NULL and err: there is none. */
static struct xb_region *
map_frames(struct xb_proc *proc, u32 cnt, struct xb_err *err)
{
	u64 stride = xb_align_up(proc->frame_bytes + XB_PROC_FRAME_GAP, XB_PROC_FRAME_STRIDE);
	u32 first = proc->mapped_cnt;
	struct xb_region_opts opts = { .name = "stack", .bytes = (cnt - first + 1) * stride };
	struct xb_region *stack = xb_mem_map(proc->vm->mem, &opts, err);

	if (!stack)
		return NULL;
	for (u32 i = first; i < cnt; i++)
		proc->frames[i].top = stack->gaddr + (i - first + 1) * stride;
	proc->mapped_cnt = cnt;
	return stack;
}

struct xb_proc *
xb_proc_new(struct xb_vm *vm, u32 vcpu, struct xb_err *err)
{
	struct xb_proc *proc = calloc(1, sizeof(*proc));

	if (!proc) {
		xb_err_errno(err, ENOMEM, "process");
		return NULL;
	}
	proc->vm = vm;
	proc->vcpu = vcpu;
	proc->frame_cnt = vm->frame_cnt;
	proc->frame_bytes = vm->frame_bytes;
	proc->stack = map_frames(proc, vm->frame_cnt, err);
	if (!proc->stack) {
		free(proc);
		return NULL;
	}
	xb_mem_allow(vm->mem, proc->frames[0].top - vm->frame_bytes, vm->frame_bytes, XB_MEM_WRITE);
	if (!vm->strict)
		return proc;
	proc->strict = xb_strict_new(proc);
	if (!proc->strict) {
		xb_err_errno(err, ENOMEM, "process");
		xb_proc_free(proc);
		return NULL;
	}
	return proc;
}

void
xb_proc_free(struct xb_proc *proc)
{
	if (!proc)
		return;
	xb_strict_free(proc->strict);
	xb_mem_unmap(proc->vm->mem, proc->more_stack);
	xb_mem_unmap(proc->vm->mem, proc->stack);
	free(proc);
}

/*
 * In Linux each program keeps to its own depth when it is loaded, and no more is looked at: after n
 * tail calls there are at most the frames of n + 1 programs, where each one but the first took the
 * place of a frame (cf. kernel/bpf/verifier.c: check_max_stack_depth).
 */
bool
xb_proc_more_frames(struct xb_proc *proc)
{
	u32 of_each = proc->vm->frame_cnt;
	u64 allowed = of_each + (u64)proc->tail_calls * (of_each - 1);
	struct xb_err err = XB_ERR_INIT;

	if (allowed > XB_PROC_ALL_FRAMES)
		allowed = XB_PROC_ALL_FRAMES;
	if (proc->frame_cnt >= allowed) {
		xb_proc_fault(proc, XB_FAULT_CALL_DEPTH, "more than %u frames of calls",
		              proc->frame_cnt);
		return false;
	}
	if (proc->mapped_cnt < XB_PROC_ALL_FRAMES && proc->frame_cnt == proc->mapped_cnt) {
		proc->more_stack = map_frames(proc, XB_PROC_ALL_FRAMES, &err);
		if (!proc->more_stack) {
			xb_proc_fault(proc, XB_FAULT_INTERNAL, "%s", err.msg);
			return false;
		}
	}
	proc->frame_cnt = (u32)allowed;
	return true;
}

int
xb_proc_set_vcpu(struct xb_proc *proc, u32 vcpu, struct xb_err *err)
{
	if (vcpu >= proc->vm->vcpu_cnt)
		return xb_err_set(err, XB_ERR_USAGE, "vCPU %u of %u", vcpu, proc->vm->vcpu_cnt);
	proc->vcpu = vcpu;
	return 0;
}

void
xb_proc_stop(struct xb_proc *proc, enum xb_stop stop)
{
	__atomic_store_n(&proc->stop, (u32)stop, __ATOMIC_RELEASE);
}

void
xb_proc_set_reg(struct xb_proc *proc, u32 reg, u64 value)
{
	assert(reg < BPF_REG_10);
	proc->r[reg] = value;
	proc->check_all = true;
	if (proc->strict)
		xb_strict_set_reg(proc, reg);
}

bool
xb_proc_frame(const struct xb_proc *proc, u32 idx, struct xb_frame_info *info)
{
	const struct xb_frame *frame;

	if (idx > proc->depth)
		return false;
	*info = (struct xb_frame_info){ .bytes = proc->frame_bytes };
	info->gaddr = proc->frames[proc->depth - idx].top - proc->frame_bytes;
	if (idx == 0) {
		info->prog = proc->prog;
		info->pc = proc->pc;
		return true;
	}
	frame = &proc->frames[proc->depth - idx];
	info->prog = frame->prog;
	info->pc = frame->ret_pc - 1; /* a call takes one slot */
	return true;
}

/* The end of the slice that starts now. */
static u64
slice_end(const struct xb_proc *proc)
{
	u64 left = proc->max_insns - proc->insns;

	return proc->insns + (left < XB_PROC_SLICE_INSNS ? left : XB_PROC_SLICE_INSNS);
}

bool
xb_proc_next_slice(struct xb_proc *proc)
{
	u32 stop;

	if (proc->insns > proc->max_insns) {
		xb_proc_fault(proc, XB_FAULT_BUDGET, "stopped after %llu instructions",
		              (unsigned long long)proc->insns);
		return false;
	}
	stop = __atomic_load_n(&proc->stop, __ATOMIC_ACQUIRE);
	if (!stop && proc->poll)
		stop = proc->poll(proc, proc->poll_arg);
	if (stop) {
		xb_proc_fault(proc, XB_FAULT_STOPPED, "%s",
		              stop == XB_STOP_DEADLINE ? "deadline passed" : "cancelled");
		return false;
	}
	proc->slice_end = slice_end(proc);
	return true;
}

/* A run that faulted left its frames behind. */
static void
drop_frames(struct xb_proc *proc, u32 to_depth)
{
	while (proc->depth > to_depth)
		xb_proc_pop_frame(proc);
}

void
xb_proc_start(struct xb_proc *proc, const struct xb_prog *prog, u64 ctx_gaddr)
{
	drop_frames(proc, 0);
	proc->prog = prog;
	proc->pc = 0;
	proc->event = 0;
	proc->tail_calls = 0;
	proc->frame_cnt = proc->vm->frame_cnt;
	proc->insns = 0;
	proc->max_insns = proc->vm->max_insns;
	proc->slice_end = slice_end(proc);
	proc->base_depth = 0;
	proc->check_all = false;
	proc->ctx_gaddr = ctx_gaddr;
	proc->fault.kind = XB_FAULT_NONE;
	memset(proc->r, 0, 10 * sizeof(proc->r[0]));
	proc->r[1] = ctx_gaddr;
	xb_proc_enter_frame(proc, prog->subprogs[0].uses_frame);
	if (XB_UNLIKELY(proc->strict != NULL))
		xb_strict_enter(proc, 1);
}

static void
unlock(struct xb_proc *proc)
{
	__atomic_store_n((u32 *)xb_mem_host(proc->vm->mem, proc->lock_gaddr), 0, __ATOMIC_RELEASE);
	proc->lock_gaddr = 0;
}

static enum xb_run_status
engine_run(struct xb_proc *proc, bool step)
{
	return XB_UNLIKELY(proc->strict != NULL) ? xb_strict_run(proc, step)
	                                         : xb_interp_run(proc, step);
}

static enum xb_run_status
tell(struct xb_proc *proc)
{
	if (proc->vm->ops->faulted)
		proc->vm->ops->faulted(proc);
	return XB_RUN_FAULT;
}

/* A lock that a program kept would stop every later one. */
static enum xb_run_status
drop_lock(struct xb_proc *proc, enum xb_run_status status)
{
	if (XB_LIKELY(proc->lock_gaddr == 0) || status == XB_RUN_RUNNING)
		return XB_LIKELY(status != XB_RUN_FAULT) ? status : tell(proc);
	unlock(proc);
	xb_proc_fault(proc, XB_FAULT_LOCK, "the program ended with a lock held");
	return tell(proc);
}

enum xb_run_status
xb_proc_run(struct xb_proc *proc, const struct xb_prog *prog, u64 ctx_gaddr)
{
	xb_proc_start(proc, prog, ctx_gaddr);
	return drop_lock(proc, engine_run(proc, false));
}

enum xb_run_status
xb_proc_continue(struct xb_proc *proc)
{
	return drop_lock(proc, engine_run(proc, false));
}

void
xb_proc_stop_now(struct xb_proc *proc, const char *why)
{
	xb_proc_fault(proc, XB_FAULT_STOPPED, "%s", why);
	if (proc->lock_gaddr)
		unlock(proc);
}

void
xb_proc_abandon(struct xb_proc *proc)
{
	if (proc->lock_gaddr)
		unlock(proc);
	drop_frames(proc, 0);
}

enum xb_run_status
xb_vm_step(struct xb_proc *proc)
{
	return drop_lock(proc, engine_run(proc, true));
}

struct xb_fault *
xb_proc_new_fault(struct xb_proc *proc, enum xb_fault_kind kind)
{
	struct xb_fault *f = &proc->fault;

	proc->event |= XB_PROC_FAULTED;
	if (f->kind != XB_FAULT_NONE)
		return NULL;
	*f = (struct xb_fault){ .kind = kind, .prog = proc->prog, .pc = proc->pc };
	return f;
}

u64
xb_proc_fault(struct xb_proc *proc, enum xb_fault_kind kind, const char *fmt, ...)
{
	struct xb_fault *f = xb_proc_new_fault(proc, kind);
	va_list ap;

	if (!f)
		return 0;
	va_start(ap, fmt);
	vsnprintf(f->message, sizeof(f->message), fmt, ap);
	va_end(ap);
	return 0;
}

static enum xb_fault_kind
kind_of_access(const struct xb_mem_where *where, u8 need)
{
	if (where->pos == XB_WHERE_NULL)
		return XB_FAULT_NULL_POINTER;
	if (where->pos == XB_WHERE_OPAQUE)
		return XB_FAULT_BAD_CONTEXT;
	if (where->pos == XB_WHERE_INSIDE && need == XB_MEM_WRITE)
		return XB_FAULT_READ_ONLY;
	return need == XB_MEM_WRITE ? XB_FAULT_OOB_WRITE : XB_FAULT_OOB_READ;
}

u64
xb_proc_fault_mem(struct xb_proc *proc, u64 gaddr, u64 bytes, u8 need, const char *what)
{
	struct xb_mem_where where;
	struct xb_fault *f;
	char place[140];

	xb_mem_describe(proc->vm->mem, gaddr, bytes, need, &where);
	f = xb_proc_new_fault(proc, kind_of_access(&where, need));
	if (!f)
		return 0;
	f->gaddr = gaddr;
	f->bytes = bytes;
	memcpy(f->object, where.name, sizeof(f->object));
	xb_mem_where_text(&where, gaddr, place, sizeof(place));
	snprintf(f->message, sizeof(f->message), "%s%s%s", what ? what : "", what ? ": " : "",
	         place);
	return 0;
}

void
xb_proc_exec_own(struct xb_proc *proc)
{
	const struct bpf_insn *insn = &proc->prog->insns[proc->pc];
	u64 before[BPF_REG_10];
	u32 depth = proc->depth;

	memcpy(before, proc->r, sizeof(before));
	proc->vm->ops->exec_own_insn(proc, insn);
	if (proc->depth != depth) /* a callback faulted, and shows its own */
		return;
	proc->r[BPF_REG_10] = proc->frames[depth].top;
	if (proc->event && xb_proc_settle(proc) && proc->event & XB_PROC_FAULTED)
		memcpy(proc->r, before, sizeof(before));
}

bool
xb_proc_fill_space(struct xb_proc *proc, u64 gaddr, u32 bytes, u8 need)
{
	const struct xb_vm *vm = proc->vm;

	return vm->ops && vm->ops->fill_space &&
	       vm->ops->fill_space(vm->emu, &proc->prog->space, gaddr, bytes) &&
	       xb_mem_check(vm->mem, gaddr, bytes, need);
}

bool
xb_proc_tail_call(struct xb_proc *proc, const struct xb_prog *prog)
{
	if (proc->tail_calls >= proc->vm->max_tail_calls)
		return false;
	proc->tail_calls++;
	proc->next_prog = prog;
	proc->event |= XB_PROC_TAIL_CALL;
	return true;
}

/* What a callback changes of the process, and its caller wants back. */
struct caller {
	u64 r[11];
	const struct xb_prog *prog;
	u32 pc, base_depth;
	struct xb_bounce *bounces;
	struct xb_strict_regs regs;
};

bool
xb_proc_callback(struct xb_proc *proc, u64 func, const u64 args[5], u64 *r0)
{
	struct caller caller = { .prog = proc->prog,
		                 .pc = proc->pc,
		                 .base_depth = proc->base_depth,
		                 .bounces = proc->bounces };
	enum xb_run_status status;

	if (!xb_prog_is_func(proc->prog, func)) {
		xb_proc_fault(proc, XB_FAULT_BAD_CALL, "callback 0x%llx is not a function",
		              (unsigned long long)func);
		return false;
	}
	if (proc->depth + 1 >= proc->frame_cnt && !xb_proc_more_frames(proc))
		return false;
	/* A callback that never jumps does not look at the budget itself. */
	if (XB_UNLIKELY(proc->insns > proc->slice_end) && !xb_proc_next_slice(proc))
		return false;
	proc->frames[proc->depth].prog = proc->prog;
	proc->frames[proc->depth].ret_pc = proc->pc + 1;
	if (XB_UNLIKELY(caller.bounces != NULL)) { /* not those of the calls to come */
		proc->bounces = NULL;
		proc->event &= ~(u32)XB_PROC_BOUNCED;
	}
	memcpy(caller.r, proc->r, sizeof(caller.r));
	memcpy(&proc->r[1], args, 5 * sizeof(args[0]));
	xb_proc_push_frame(proc, xb_prog_subprog(proc->prog, (u32)func)->uses_frame);
	proc->base_depth = proc->depth;
	proc->pc = (u32)func;
	if (XB_UNLIKELY(proc->strict != NULL)) {
		caller.regs = xb_strict_save(proc);
		xb_strict_enter(proc, 5);
	}
	status = engine_run(proc, false);
	*r0 = proc->r[0];
	proc->base_depth = caller.base_depth;
	if (XB_UNLIKELY(caller.bounces != NULL)) {
		proc->bounces = caller.bounces;
		proc->event |= XB_PROC_BOUNCED;
	}
	if (status == XB_RUN_FAULT)
		return false;
	xb_proc_pop_frame(proc);
	memcpy(proc->r, caller.r, sizeof(caller.r));
	if (XB_UNLIKELY(proc->strict != NULL))
		xb_strict_restore(proc, caller.regs);
	proc->prog = caller.prog;
	proc->pc = caller.pc;
	return true;
}

enum xb_run_status
xb_proc_run_func(struct xb_proc *proc, const struct xb_prog *prog, u64 func, const u64 args[5])
{
	u64 r0;

	xb_proc_start(proc, prog, 0);
	if (!xb_proc_callback(proc, func, args, &r0))
		return drop_lock(proc, XB_RUN_FAULT);
	proc->r[0] = r0;
	return drop_lock(proc, XB_RUN_EXIT);
}
