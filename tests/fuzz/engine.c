/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/engine.h"

#include "skb/skb.h"
#include "xdp/xdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All accesses looked at again that were proved when the program was loaded. */
static enum xb_run_status
drive_checked(struct xb_proc *proc)
{
	proc->check_all = true;
	return xb_proc_continue(proc);
}

/* Wrong in one thing: a 32-bit arithmetic right shift of a negative number extends its sign. */
static enum xb_run_status
drive_faulty(struct xb_proc *proc)
{
	enum xb_run_status status;

	do {
		u32 cnt;
		const struct bpf_insn insn = xb_prog_insns(proc->prog, &cnt)[proc->pc];

		status = xb_vm_step(proc);
		if (status == XB_RUN_RUNNING && BPF_CLASS(insn.code) == BPF_ALU &&
		    BPF_OP(insn.code) == BPF_ARSH)
			xb_proc_set_reg(proc, insn.dst_reg, (u64)(s64)(s32)proc->r[insn.dst_reg]);
	} while (status == XB_RUN_RUNNING);
	return status;
}

const struct engine fuzz_engines[] = {
	{ "interp", MACHINE_PLAIN, xb_proc_continue, false },
	{ "checked", MACHINE_PLAIN, drive_checked, false },
	{ "step", MACHINE_PLAIN, bounds_drive, false },
	{ "strict", MACHINE_STRICT, xb_proc_continue, false },
	{ "faulty", MACHINE_PLAIN, drive_faulty, true },
};
const u32 fuzz_engine_cnt = XB_ARRAY_SIZE(fuzz_engines);

static void
must(const void *made, const struct xb_err *err)
{
	if (made)
		return;
	fprintf(stderr, "fuzz: %s\n", err->msg);
	exit(2);
}

/* Takes the places that everything would have. */
static void
move(struct xb_emu *emu, struct xb_err *err)
{
	for (u32 low = 0; low < 2; low++) {
		struct xb_region_opts opts = { .name = "gap", .bytes = (32u << 20) + 0x15000 };

		opts.low = low;
		must(xb_mem_map(emu->mem, &opts, err), err);
	}
}

void
machine_open(struct machine *m, enum machine_kind kind)
{
	const struct xb_emu_opts opts = { .cpu_cnt = 1,
		                          .max_insns = FUZZ_BUDGET,
		                          .strict = kind == MACHINE_STRICT };
	struct xb_err err = XB_ERR_INIT;

	memset(m, 0, sizeof(*m));
	m->side.b.name = "emulator";
	m->side.b.emu = xb_emu_new(&opts, &err);
	must(m->side.b.emu, &err);
	if (kind == MACHINE_MOVED)
		move(m->side.b.emu, &err);
	xb_xdp_register(m->side.b.emu);
	xb_skb_register(m->side.b.emu);
	side_open(&m->side);
	m->xdp = xb_xdp_new(m->side.b.emu, &(struct xb_xdp_opts){ .vcpu = 0 }, &err);
	must(m->xdp, &err);
	m->skb = xb_skb_new(m->side.b.emu, &(struct xb_skb_opts){ .stays = true }, &err);
	must(m->skb, &err);
	bounds_open(&m->bounds, m->side.emu_maps);
	xb_xdp_proc(m->xdp)->user = xb_skb_proc(m->skb)->user = &m->bounds;
}

void
machine_close(struct machine *m)
{
	xb_skb_free(m->skb);
	xb_xdp_free(m->xdp);
	side_close(&m->side);
	xb_emu_free(m->side.b.emu);
}

/* What is left of the process. Other registers than R0 are dead when a program ends. */
static void
look(const struct xb_proc *proc, const struct xb_prog *prog, enum xb_run_status status, bool frame,
     struct outcome *out)
{
	out->status = status;
	out->insns = proc->insns;
	out->r[0] = proc->r[0];
	if (frame && proc->prog == prog)
		memcpy(out->stack,
		       xb_mem_host(proc->vm->mem, proc->frames[0].top - XB_PROC_FRAME_BYTES),
		       sizeof(out->stack));
	if (status != XB_RUN_FAULT)
		return;
	memcpy(out->r, proc->r, sizeof(out->r));
	out->fault = proc->fault.kind;
	out->pc = proc->fault.pc;
	out->depth = proc->depth;
	memcpy(out->message, proc->fault.message, sizeof(out->message));
}

static void
keep_bytes(struct outcome *out, const u8 *meta, u32 meta_bytes, const u8 *data, u32 bytes)
{
	out->meta_bytes = meta_bytes;
	out->bytes = bytes;
	if (meta_bytes + bytes > sizeof(out->data))
		bytes = (u32)sizeof(out->data) - meta_bytes;
	memcpy(out->data, meta, meta_bytes);
	memcpy(out->data + meta_bytes, data, bytes);
}

/* The packet as the context tells of it, after a fault, too. */
static void
keep_xdp(const struct xb_proc *proc, struct outcome *out)
{
	const struct xdp_md *md = xb_mem_host(proc->vm->mem, proc->ctx_gaddr);

	memcpy(out->ctx, md, sizeof(*md));
	keep_bytes(out, xb_mem_host(proc->vm->mem, md->data_meta), md->data - md->data_meta,
	           xb_mem_host(proc->vm->mem, md->data), md->data_end - md->data);
}

static void
run_xdp(struct machine *m, const struct engine *e, const struct xb_bpf_prog *prog, bool frame,
        const struct input *in, struct outcome *out)
{
	const struct xb_xdp_in packet = {
		.meta = in->data,
		.meta_bytes = in->meta_bytes,
		.data = in->data + in->meta_bytes,
		.bytes = in->bytes,
		.ingress_ifindex = 1,
	};
	struct xb_proc *proc = xb_xdp_proc(m->xdp);
	enum xb_run_status status;
	struct xb_xdp_out end;

	xb_xdp_load(m->xdp, &packet);
	xb_xdp_begin(m->xdp, prog);
	status = e->drive(proc);
	look(proc, prog->vm, status, frame, out);
	keep_xdp(proc, out);
	xb_xdp_end(m->xdp, prog, status, &end);
}

static void
run_skb(struct machine *m, const struct engine *e, const struct xb_bpf_prog *prog, bool frame,
        const struct input *in, struct outcome *out)
{
	struct xb_skb_ctx ctx = {
		.ifindex = 1,
		.mark = in->skb.mark,
		.priority = in->skb.priority,
		.gso_segs = in->skb.gso_segs,
	};
	const struct xb_skb_in packet = {
		.data = in->data,
		.bytes = in->bytes,
		.ctx = &ctx,
		.prog_type = BPF_PROG_TYPE_SCHED_CLS,
	};
	struct xb_proc *proc = xb_skb_proc(m->skb);
	enum xb_run_status status;
	struct xb_skb_out end;

	memcpy(ctx.cb, in->skb.cb, sizeof(ctx.cb));
	xb_skb_load(m->skb, &packet);
	xb_skb_begin(m->skb, prog);
	status = e->drive(proc);
	look(proc, prog->vm, status, frame, out);
	xb_skb_end(m->skb, prog, status, &end);
	keep_bytes(out, end.meta, end.meta_bytes, end.data, end.bytes);
	memcpy(out->ctx, end.ctx, sizeof(out->ctx));
}

void
engine_run(struct machine *m, const struct engine *e, const struct program *p,
           const struct program_use *use, int fd, const struct input *in, struct outcome *out)
{
	const struct xb_bpf_prog *prog = backend_emu_prog(&m->side.b, fd);

	memset(out, 0, sizeof(*out));
	m->bounds.xdp = p->type == BPF_PROG_TYPE_XDP;
	side_set_maps(&m->side, use->maps, &in->maps);
	(p->type == BPF_PROG_TYPE_XDP ? run_xdp : run_skb)(m, e, prog, use->frame, in, out);
	side_get_maps(&m->side, use->maps, &out->maps);
	if (!m->bounds.message[0])
		return;
	out->status = XB_RUN_FAULT;
	out->fault = XB_FAULT_INTERNAL;
	out->pc = m->bounds.pc;
	memcpy(out->message, m->bounds.message, sizeof(m->bounds.message));
	m->bounds.message[0] = '\0';
}
