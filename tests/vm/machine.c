/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vm/machine.h"

#include "vm/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct xb_machine *
machine_of(const struct xb_proc *proc)
{
	return proc->vm->emu;
}

static u64
call_sum(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	(void)proc;
	(void)call;
	return r[1] + r[2] + r[3] + r[4] + r[5];
}

static u64
call_fault(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT, "%s: %llu", call->name,
	              (unsigned long long)r[1]);
	return 4711;
}

static u64
call_loop(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	u64 cnt = r[1], func = r[2], arg = r[3], sum = 0, r0;

	(void)call;
	for (u64 i = 0; i < cnt; i++) {
		const u64 args[5] = { i, arg };

		if (!xb_proc_callback(proc, func, args, &r0))
			return 0;
		sum += r0;
	}
	return sum;
}

static u64
call_tail(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const struct xb_prog *target = machine_of(proc)->targets[r[1] % 4];

	(void)call;
	return target && xb_proc_tail_call(proc, target) ? 0 : (u64)-1;
}

static u64
call_read(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	const u8 *p = xb_mem_range(proc->vm->mem, r[1], r[2], XB_MEM_READ);
	u64 sum = 0;

	if (!p)
		return xb_proc_fault_mem(proc, r[1], r[2], XB_MEM_READ, call->name);
	for (u64 i = 0; i < r[2]; i++)
		sum += p[i];
	return sum;
}

static u64
call_aux(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	(void)proc;
	(void)r;
	return call->aux;
}

static u64
call_insns(struct xb_proc *proc, const struct xb_call *call, const u64 *r)
{
	(void)call;
	(void)r;
	return proc->insns;
}

static int
bind_call(void *emu, const struct xb_prog *prog, u32 pc, u64 r1_const, struct xb_call *call,
          struct xb_err *err)
{
	static const struct xb_call calls[] = {
		[XB_CALL_SUM] = { .fn = call_sum, .name = "sum" },
		[XB_CALL_FAULT] = { .fn = call_fault, .name = "fault" },
		[XB_CALL_LOOP] = { .fn = call_loop, .name = "loop" },
		[XB_CALL_TAIL] = { .fn = call_tail, .name = "tail" },
		[XB_CALL_READ] = { .fn = call_read, .name = "read" },
		[XB_CALL_AUX] = { .fn = call_aux, .name = "aux" },
		[XB_CALL_INSNS] = { .fn = call_insns, .name = "insns" },
	};
	u32 cnt;
	const struct bpf_insn *insn = &xb_prog_insns(prog, &cnt)[pc];

	(void)emu;
	if (insn->imm < 0 || (u32)insn->imm >= XB_ARRAY_SIZE(calls) || !calls[insn->imm].fn)
		return xb_err_set(err, XB_ERR_LOAD, "helper #%d is unknown", insn->imm);
	*call = calls[insn->imm];
	call->aux = r1_const;
	return 0;
}

static bool
load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value)
{
	const struct xb_machine *m = machine_of(proc);

	*value = 0;
	if (off < 0 || bytes > m->packet_bytes || (u32)off > m->packet_bytes - bytes)
		return false;
	for (u32 i = 0; i < bytes; i++)
		*value = *value << 8 | m->packet[(u32)off + i];
	return true;
}

static const struct xb_vm_ops ops = { .bind_call = bind_call, .load_packet = load_packet };

void
xb_machine_init(struct xb_machine *m, u64 max_insns)
{
	struct xb_vm_opts vm_opts = { .vcpu_cnt = 1, .max_insns = max_insns, .ops = &ops };
	struct xb_region_opts ctx_opts = { .name = "ctx", .bytes = XB_MACHINE_CTX_BYTES };
	struct xb_err err = XB_ERR_INIT;

	*m = (struct xb_machine){ .packet = NULL };
	vm_opts.emu = m;
	ctx_opts.low = true;
	m->vm = xb_vm_new(&vm_opts, &err);
	if (!m->vm)
		fail_msg("%s", err.msg);
	m->proc = xb_proc_new(m->vm, 0, &err);
	m->ctx = xb_mem_map(m->vm->mem, &ctx_opts, &err);
	if (!m->proc || !m->ctx)
		fail_msg("%s", err.msg);
	xb_mem_allow(m->vm->mem, m->ctx->gaddr, m->ctx->bytes, XB_MEM_WRITE);
}

void
xb_machine_fini(struct xb_machine *m)
{
	xb_mem_unmap(m->vm->mem, m->ctx);
	xb_proc_free(m->proc);
	xb_vm_free(m->vm);
}

struct xb_prog *
xb_machine_load(struct xb_machine *m, const struct bpf_insn *insns, u32 cnt, u32 ctx_bytes,
                struct xb_err *err)
{
	const struct xb_space space = {
		.gaddr = m->ctx->gaddr,
		.bytes = XB_MACHINE_CTX_BYTES,
		.first = XB_MACHINE_SPACE_FIRST,
		.high = XB_MACHINE_SPACE_HIGH,
	};
	struct xb_prog_opts opts = {
		.name = "prog",
		.insns = insns,
		.insn_cnt = cnt,
		.ctx_bytes = ctx_bytes,
		.may_load_packet = true,
		.space = &space,
	};

	return xb_prog_new(m->vm, &opts, err);
}

struct xb_prog *
xb_machine_must_load(struct xb_machine *m, const char *name, const struct bpf_insn *insns, u32 cnt)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_prog *prog = xb_machine_load(m, insns, cnt, XB_MACHINE_CTX_BYTES, &err);

	if (!prog)
		fail_msg("%s: %s", name, err.msg);
	return prog;
}

void *
xb_machine_ctx(struct xb_machine *m)
{
	return xb_mem_host(m->vm->mem, m->ctx->gaddr);
}

enum xb_run_status
xb_machine_run(struct xb_machine *m, const struct xb_prog *prog)
{
	memset(xb_machine_ctx(m), 0, XB_MACHINE_CTX_BYTES);
	return xb_proc_run(m->proc, prog, m->ctx->gaddr);
}
