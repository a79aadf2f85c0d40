/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/twice.h"

#include "tests/insns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CTX_COMPARED 512 /* bytes of the context that programs in tests get to */

/* All that a run leaves behind. */
struct after {
	enum xb_run_status status;
	u64 r[11];
	u64 insns;
	u32 depth, pc;
	const struct xb_prog *prog;
	struct xb_fault fault;
	u8 ctx[CTX_COMPARED];
	u8 stack[XB_PROC_FRAME_BYTES];
};

static void
look(struct xb_machine *m, enum xb_run_status status, struct after *a)
{
	const struct xb_proc *p = m->proc;

	memset(a, 0, sizeof(*a));
	a->status = status;
	memcpy(a->r, p->r, sizeof(a->r));
	a->insns = p->insns;
	a->depth = p->depth;
	a->pc = p->pc;
	a->prog = p->prog;
	memcpy(a->ctx, xb_machine_ctx(m), sizeof(a->ctx));
	memcpy(a->stack, xb_mem_host(m->vm->mem, p->frames[0].top - XB_PROC_FRAME_BYTES),
	       sizeof(a->stack));
	if (status == XB_RUN_FAULT)
		a->fault = p->fault;
}

static void
compare_faults(const struct xb_fault *a, const struct xb_fault *b, const char *name)
{
	if (a->kind != b->kind || a->prog != b->prog || a->pc != b->pc || a->gaddr != b->gaddr ||
	    a->bytes != b->bytes || strcmp(a->object, b->object) != 0 ||
	    strcmp(a->message, b->message) != 0)
		fail_msg("%s: run: %s at %u: %s; stepped: %s at %u: %s", name,
		         xb_fault_kind_name(a->kind), a->pc, a->message,
		         xb_fault_kind_name(b->kind), b->pc, b->message);
}

static void
compare_memory(const struct after *a, const struct after *b, const char *name, const char *how)
{
	if (memcmp(a->ctx, b->ctx, sizeof(a->ctx)) != 0)
		fail_msg("%s: %s: context differs", name, how);
	if (memcmp(a->stack, b->stack, sizeof(a->stack)) != 0)
		fail_msg("%s: %s: stack differs", name, how);
}

static void
compare_registers(const struct after *a, const struct after *b, const char *name, const char *how)
{
	for (u32 i = 0; i < XB_ARRAY_SIZE(a->r); i++) {
		if (a->r[i] != b->r[i])
			fail_msg("%s: %s: r%u: %llx and %llx", name, how, i,
			         (unsigned long long)a->r[i], (unsigned long long)b->r[i]);
	}
}

static void
compare_runs(const struct after *a, const struct after *b, const char *name)
{
	const char *how = "run and stepped";

	if (a->status != b->status)
		fail_msg("%s: run: status %d, stepped: %d", name, a->status, b->status);
	compare_faults(&a->fault, &b->fault, name);
	compare_registers(a, b, name, how);
	compare_memory(a, b, name, how);
	if (a->insns != b->insns || a->depth != b->depth || a->pc != b->pc || a->prog != b->prog)
		fail_msg("%s: run: %llu instructions, depth %u, pc %u; stepped: %llu, %u, %u", name,
		         (unsigned long long)a->insns, a->depth, a->pc,
		         (unsigned long long)b->insns, b->depth, b->pc);
}

/* A fault in the instruction itself, not in a callback that it made. */
static void
check_no_effect(const struct after *before, const struct after *after, const char *name)
{
	if (after->depth != before->depth || after->prog != before->prog)
		return;
	compare_registers(before, after, name, "before and after the fault");
	compare_memory(before, after, name, "before and after the fault");
	if (after->insns != before->insns + 1)
		fail_msg("%s: the faulting instruction is not counted once", name);
}

/* Calls run callbacks, which may change memory before they fault. */
static bool
is_call(const struct after *a)
{
	u32 cnt;

	return xb_prog_insns(a->prog, &cnt)[a->pc].code == (BPF_JMP | BPF_CALL);
}

enum xb_run_status
xb_machine_run_twice(struct xb_machine *m, const struct xb_prog *prog, const char *name)
{
	struct after *run = malloc(sizeof(*run)), *step = malloc(sizeof(*step));
	struct after *before = malloc(sizeof(*before));
	enum xb_run_status status;

	assert_non_null(run);
	assert_non_null(step);
	assert_non_null(before);
	look(m, xb_machine_run(m, prog), run);
	memset(xb_machine_ctx(m), 0, XB_MACHINE_CTX_BYTES);
	xb_proc_start(m->proc, prog, m->ctx->gaddr);
	do {
		look(m, XB_RUN_RUNNING, before);
		status = xb_vm_step(m->proc);
	} while (status == XB_RUN_RUNNING);
	look(m, status, step);
	compare_runs(run, step, name);
	if (status == XB_RUN_FAULT && !is_call(before))
		check_no_effect(before, step, name);
	else if (status == XB_RUN_FAULT && step->depth == before->depth)
		compare_registers(before, step, name, "before and after the call that faulted");
	free(run);
	free(step);
	free(before);
	return status;
}
