/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulator of the caller's: its table behind the one that the inner machine asks.
 */
#include "xdpbench/emulator.h"

#include "lib/process_priv.h"

#include <errno.h>
#include <stdlib.h>

struct table_emulator {
	struct xb_emulator head;
	struct xb_emulator_ops ops;
	void *self;
};

static struct table_emulator *
table_of(const struct xb_emulator *e)
{
	return XB_CONTAINER_OF((uintptr_t)e, struct table_emulator, head);
}

/* What the instruction of a call names. */
static struct xb_callee
callee_of(const struct bpf_insn *insn)
{
	return (struct xb_callee){
		.kind = insn->src_reg == BPF_PSEUDO_KFUNC_CALL ? XB_CALLEE_KFUNC : XB_CALLEE_HELPER,
		.number = insn->imm,
		.off = insn->off,
	};
}

/* Of whose process an emulator is in the midst of an instruction of its own. */
static bool
set_in_insn(struct xb_proc *proc, bool in_insn)
{
	struct xb_process *p = proc->user;
	bool before = p->in_insn;

	p->in_insn = in_insn;
	return before;
}

static const struct bpf_insn *
insn_at(const struct xb_prog *prog, u32 pc)
{
	u32 cnt;

	return xb_prog_insns(prog, &cnt) + pc;
}

static u64
call_table(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct table_emulator *t = proc->vm->emu;
	struct xb_callee callee = callee_of(insn_at(proc->prog, proc->pc));
	bool before = set_in_insn(proc, false);
	u64 r0 = t->ops.call(t->self, proc->user, &callee, &r[1]);

	(void)call;
	set_in_insn(proc, before);
	return r0;
}

static int
bind_call(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const, struct xb_call *call,
          struct xb_err *err)
{
	const struct table_emulator *t = emu;
	struct xb_callee callee = callee_of(insn_at(prog, pc));
	const char *name;

	(void)r1_const;
	if (!t->ops.bind || !t->ops.call)
		return xb_err_set(err, XB_ERR_LOAD, "the machine has no emulator to call");
	name = t->ops.bind(t->self, &callee, err);
	if (!name)
		return -1;
	*call = (struct xb_call){ .fn = call_table, .name = name };
	return 0;
}

static int
own_insn(void *emu, const struct bpf_insn *insn, char *text, size_t bytes, struct xb_err *err)
{
	const struct table_emulator *t = emu;

	(void)err;
	return t->ops.claim_insn && t->ops.run_insn &&
	       t->ops.claim_insn(t->self, insn, text, bytes);
}

static void
exec_own_insn(struct xb_proc *proc, const struct bpf_insn *insn)
{
	const struct table_emulator *t = proc->vm->emu;
	bool before = set_in_insn(proc, true);

	t->ops.run_insn(t->self, proc->user, insn);
	set_in_insn(proc, before);
}

static const struct xb_vm_ops vm_ops = {
	.bind_call = bind_call,
	.own_insn = own_insn,
	.exec_own_insn = exec_own_insn,
};

static struct xb_vm *
table_attach(struct xb_emulator *e, struct xb_machine *machine, struct xb_vm_opts *opts,
             struct xb_err *err)
{
	struct table_emulator *t = table_of(e);

	opts->ops = &vm_ops;
	opts->emu = t;
	machine->vm = xb_vm_new(opts, err);
	if (!machine->vm)
		return NULL;
	e->machine = machine;
	if (!t->ops.attach || t->ops.attach(t->self, machine, err) == 0)
		return machine->vm;
	lib_machine_empty(machine);
	xb_vm_free(machine->vm);
	machine->vm = NULL;
	e->machine = NULL;
	return NULL;
}

/* Forms of ldimm64 that name something, left over: the machine does not know what. */
static int
check_resolved(const struct bpf_insn *insns, u32 cnt, struct xb_err *err)
{
	for (u32 i = 0; i < cnt; i++) {
		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[i].src_reg != 0 && insns[i].src_reg != BPF_PSEUDO_FUNC)
			return xb_err_set(err, XB_ERR_LOAD,
			                  "insn %u: the emulator does not resolve ldimm64 with "
			                  "src_reg %u",
			                  i, insns[i].src_reg);
		i++;
	}
	return 0;
}

static int
load_resolved(struct table_emulator *t, struct xb_program *program, struct bpf_insn *insns,
              const struct xb_program_opts *opts, struct xb_err *err)
{
	const struct xb_prog_opts prog_opts = {
		.name = program->name,
		.insns = insns,
		.insn_cnt = opts->insn_cnt,
		.ctx_bytes = opts->ctx_bytes,
		.user = program,
	};

	if (t->ops.resolve && t->ops.resolve(t->self, opts, insns, opts->insn_cnt, err) != 0)
		return -1;
	if (check_resolved(insns, opts->insn_cnt, err) != 0)
		return -1;
	program->ctx_bytes = opts->ctx_bytes;
	program->data = xb_prog_new(program->machine->vm, &prog_opts, err);
	return program->data ? 0 : -1;
}

static int
table_load(struct xb_emulator *e, struct xb_program *program, const struct xb_program_opts *opts,
           struct xb_err *err)
{
	struct bpf_insn *insns;
	int rc;

	insns = malloc(opts->insn_cnt * sizeof(*insns));
	if (!insns)
		return xb_err_errno(err, ENOMEM, "program");
	memcpy(insns, opts->insns, opts->insn_cnt * sizeof(*insns));
	rc = load_resolved(table_of(e), program, insns, opts, err);
	free(insns);
	return rc;
}

static void
table_unload(struct xb_program *program)
{
	xb_prog_free(program->data);
}

static const struct xb_prog *
table_prog(const struct xb_program *program)
{
	return program->data;
}

static bool
table_is_of(const struct xb_program *program, const struct xb_prog *prog)
{
	return program->data == prog;
}

static void
table_free(struct xb_emulator *e)
{
	struct table_emulator *t = table_of(e);

	if (e->machine)
		xb_vm_free(e->machine->vm);
	if (t->ops.release)
		t->ops.release(t->self);
	free(t);
}

static const struct lib_emulator_kind table_kind = {
	.attach = table_attach,
	.load = table_load,
	.unload = table_unload,
	.prog = table_prog,
	.is_of = table_is_of,
	.free = table_free,
};

struct xb_emulator *
xb_emulator_new(const struct xb_emulator_ops *ops, void *self, struct xb_err *err)
{
	struct table_emulator *t = calloc(1, sizeof(*t));

	if (!t) {
		xb_err_errno(err, ENOMEM, "emulator");
		return NULL;
	}
	if (lib_opts_copy(&t->ops, sizeof(t->ops), ops, "emulator", err) != 0) {
		free(t);
		return NULL;
	}
	t->head.kind = &table_kind;
	t->self = self;
	return &t->head;
}

void
xb_emulator_free(struct xb_emulator *emulator)
{
	if (emulator)
		emulator->kind->free(emulator);
}

void *
xb_emulator_self(const struct xb_emulator *emulator)
{
	return emulator->kind == &table_kind ? table_of(emulator)->self : NULL;
}
