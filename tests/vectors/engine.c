/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/engine.h"

#include "tests/insns.h"
#include "vm/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET       100000  /* instructions of a run; the model has it too */
#define MEMORY_BYTES 16384   /* at most */
#define ROOM         0x20000 /* around it, never addressable: more than a displacement reaches */

static const struct xb_vector_engine engines[] = {
	{ .name = "interp", .loaded = true },
	{ .name = "interp, nothing known" },
	{ .name = "interp, shifted", .loaded = true, .shift = 3 },
	{ .name = "step", .steps = true },
	{ .name = "strict", .strict = true, .loaded = true },
	{ .name = "strict step", .strict = true, .steps = true },
};

struct xb_vector_machine {
	const struct xb_vector_engine *engine;
	struct xb_vm *vm;
	struct xb_proc *proc;
	struct xb_region *region; /* memory lies in the middle of it */
	const struct xb_vector *vector;
	u8 memory[MEMORY_BYTES]; /* after a run */
};

const struct xb_vector_engine *
xb_vector_engines(u32 *cnt)
{
	*cnt = XB_ARRAY_SIZE(engines);
	return engines;
}

bool
xb_vector_engine_applies(const struct xb_vector_engine *engine, const struct xb_vector *v)
{
	for (u32 i = 0; engine->shift && i < v->insn_cnt; i++) {
		const struct bpf_insn *insn = &v->insns[i];

		if (BPF_CLASS(insn->code) == BPF_STX && BPF_MODE(insn->code) == BPF_ATOMIC &&
		    (insn->imm == BPF_LOAD_ACQ || insn->imm == BPF_STORE_REL))
			return false;
	}
	return true;
}

static int
bind_call(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const, struct xb_call *call,
          struct xb_err *err)
{
	(void)emu;
	(void)prog;
	(void)r1_const;
	(void)call;
	return xb_err_set(err, XB_ERR_LOAD, "insn %u: there are no helpers", pc);
}

static bool
load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value)
{
	const struct xb_vector_machine *m = proc->vm->emu;
	u32 at = (u32)off, cnt = m->vector->packet_bytes;

	*value = 0;
	if (cnt < bytes || at > cnt - bytes)
		return false;
	for (u32 i = 0; i < bytes; i++)
		*value = *value << 8 | m->vector->packet[at + i];
	return true;
}

struct xb_vector_machine *
xb_vector_machine_new(const struct xb_vector_engine *engine, char *why, size_t why_bytes)
{
	static const struct xb_vm_ops ops = { .bind_call = bind_call, .load_packet = load_packet };
	const struct xb_region_opts region = { .name = "memory",
		                               .bytes = 2 * ROOM + MEMORY_BYTES,
		                               .low = true };
	struct xb_vector_machine *m = calloc(1, sizeof(*m));
	struct xb_vm_opts opts = {
		.vcpu_cnt = 1, .max_insns = BUDGET, .strict = engine->strict, .ops = &ops, .emu = m
	};
	struct xb_err err = XB_ERR_INIT;

	if (!m)
		return NULL;
	m->engine = engine;
	m->vm = xb_vm_new(&opts, &err);
	if (m->vm)
		m->proc = xb_proc_new(m->vm, 0, &err);
	if (m->proc)
		m->region = xb_mem_map(m->vm->mem, &region, &err);
	if (m->region)
		return m;
	snprintf(why, why_bytes, "%s", err.msg);
	xb_vector_machine_free(m);
	return NULL;
}

void
xb_vector_machine_free(struct xb_vector_machine *m)
{
	if (!m)
		return;
	if (m->region)
		xb_mem_unmap(m->vm->mem, m->region);
	xb_proc_free(m->proc);
	xb_vm_free(m->vm);
	free(m);
}

static u64
memory_gaddr(const struct xb_vector_machine *m)
{
	return m->region->gaddr + ROOM + m->engine->shift;
}

static u64
reg_value(const struct xb_vector_machine *m, const struct xb_vector_reg *reg)
{
	return reg->of_memory ? memory_gaddr(m) + reg->value : reg->value;
}

/* R1 at the start: the memory's address, if that is what it is to be. */
static u64
context(const struct xb_vector_machine *m, const struct xb_vector *v)
{
	const struct xb_vector_reg *r1 = &v->regs[1];

	return v->has_packet || (r1->of_memory && r1->value == 0) ? memory_gaddr(m) : 0;
}

/* Whether a run starts with the register as it is to be. */
static bool
is_there(const struct xb_vector_machine *m, const struct xb_vector *v, u32 reg)
{
	return !v->regs[reg].given ||
	       (reg == 1 && (v->has_packet || reg_value(m, &v->regs[1]) == context(m, v)));
}

/* Instructions in front of the program; how many. */
static u32
put_prologue(const struct xb_vector_machine *m, const struct xb_vector *v, struct bpf_insn *insns)
{
	u32 n = 0;

	if (!m->engine->loaded || v->expected.end == XB_VECTOR_REFUSED)
		return 0;
	for (u32 i = 0; i < 10; i++) {
		const struct bpf_insn load[] = { XB_LD_IMM64(i, reg_value(m, &v->regs[i])) };

		if (is_there(m, v, i))
			continue;
		memcpy(insns + n, load, sizeof(load));
		n += 2;
	}
	return n;
}

static struct xb_prog *
load(struct xb_vector_machine *m, const struct xb_vector *v, u32 *prologue, struct xb_err *err)
{
	struct bpf_insn *insns = calloc(v->insn_cnt + 20, sizeof(*insns));
	struct xb_prog_opts opts = { .name = "vector", .insns = insns, .may_load_packet = true };
	struct xb_prog *prog;

	if (!insns) {
		xb_err_set(err, XB_ERR_USAGE, "no memory");
		return NULL;
	}
	*prologue = put_prologue(m, v, insns);
	memcpy(insns + *prologue, v->insns, v->insn_cnt * sizeof(*insns));
	opts.insn_cnt = *prologue + v->insn_cnt;
	if (m->engine->loaded && v->has_memory && context(m, v))
		opts.ctx_bytes = v->memory_bytes;
	prog = xb_prog_new(m->vm, &opts, err);
	free(insns);
	return prog;
}

static enum xb_run_status
start(struct xb_vector_machine *m, const struct xb_vector *v, const struct xb_prog *prog)
{
	enum xb_run_status status;

	if (m->engine->loaded)
		return xb_proc_run(m->proc, prog, context(m, v));
	xb_proc_start(m->proc, prog, context(m, v));
	for (u32 i = 0; i < 10; i++) {
		if (!is_there(m, v, i))
			xb_proc_set_reg(m->proc, i, reg_value(m, &v->regs[i]));
	}
	if (!m->engine->steps)
		return xb_proc_continue(m->proc);
	do {
		status = xb_vm_step(m->proc);
	} while (status == XB_RUN_RUNNING);
	return status;
}

static void
run(struct xb_vector_machine *m, const struct xb_vector *v, const struct xb_prog *prog,
    u32 prologue, struct xb_vector_result *result)
{
	struct xb_mem *mem = m->vm->mem;
	u64 gaddr = memory_gaddr(m);

	if (v->memory_bytes) {
		memcpy(xb_mem_host(mem, gaddr), v->memory, v->memory_bytes);
		xb_mem_allow(mem, gaddr, v->memory_bytes,
		             v->read_only ? XB_MEM_READ : XB_MEM_WRITE);
	}
	m->vector = v;
	if (start(m, v, prog) == XB_RUN_EXIT) {
		result->end = XB_VECTOR_R0;
		result->r0 = m->proc->r[0];
	} else {
		result->end = XB_VECTOR_FAULT;
		result->kind = m->proc->fault.kind;
		result->slot = m->proc->fault.pc - prologue;
		result->has_slot = true;
	}
	if (v->memory_bytes) {
		memcpy(m->memory, xb_mem_host(mem, gaddr), v->memory_bytes);
		xb_mem_forbid(mem, gaddr, v->memory_bytes);
	}
}

bool
xb_vector_machine_run(struct xb_vector_machine *m, const struct xb_vector *v,
                      struct xb_vector_result *result, char *why, size_t why_bytes)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog;
	u32 prologue = 0;

	*result = (struct xb_vector_result){ .memory = m->memory };
	if (v->memory_bytes > MEMORY_BYTES) {
		snprintf(why, why_bytes, "more than %d bytes of memory", MEMORY_BYTES);
		return false;
	}
	prog = load(m, v, &prologue, &err);
	if (prog) {
		run(m, v, prog, prologue, result);
		xb_prog_free(prog);
		return true;
	}
	if (err.kind != XB_ERR_LOAD) {
		snprintf(why, why_bytes, "%s", err.msg);
		return false;
	}
	result->end = XB_VECTOR_REFUSED;
	result->has_slot = sscanf(err.msg, "insn %u", &result->slot) == 1;
	result->slot -= result->has_slot ? prologue : 0;
	snprintf(why, why_bytes, "%s", err.msg);
	return true;
}
