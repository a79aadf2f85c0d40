/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/bind.h"

#include "emu/sk_msg.h"
#include "emu/sock_ops.h"
#include "emu/vcpu.h"
#include "lib/context_priv.h"

#include <errno.h>
#include <stdlib.h>

static u32
no_ctx(const struct xb_bpf_prog *prog)
{
	(void)prog;
	return 0;
}

/* Their contexts are memory, or numbers: nothing is known of them. */
#define TYPE(id, nm)                                                                               \
	{                                                                                          \
		.type = BPF_PROG_TYPE_##id, .name = (nm), .ctx_bytes = no_ctx                      \
	}

static const struct xb_prog_type bare_types[] = {
	TYPE(KPROBE, "kprobe"),
	TYPE(TRACEPOINT, "tracepoint"),
	TYPE(PERF_EVENT, "perf_event"),
	TYPE(CGROUP_SOCK, "cgroup_sock"),
	TYPE(CGROUP_DEVICE, "cgroup_device"),
	TYPE(CGROUP_SOCK_ADDR, "cgroup_sock_addr"),
	TYPE(LIRC_MODE2, "lirc_mode2"),
	TYPE(CGROUP_SYSCTL, "cgroup_sysctl"),
	TYPE(RAW_TRACEPOINT_WRITABLE, "raw_tracepoint_writable"),
	TYPE(CGROUP_SOCKOPT, "cgroup_sockopt"),
	TYPE(TRACING, "tracing"),
	TYPE(LSM, "lsm"),
	TYPE(STRUCT_OPS, "struct_ops"),
};

void
xb_bound_register_types(struct xb_emu *emu)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(bare_types); i++)
		xb_prog_type_register(emu, &bare_types[i]);
	xb_sock_ops_register(emu);
	xb_sk_msg_register(emu);
	emu->any_target = true;
}

/* What a program of Linux's says itself. */
static void
complete(struct xb_bound_opts *opts)
{
	const struct xb_bpf_prog *prog = opts->prog;

	if (!prog)
		return;
	opts->vm = opts->emu->vm;
	opts->vm_prog = xb_bpf_prog_vm(prog);
	opts->ctx_bytes = prog->ops->ctx_bytes ? prog->ops->ctx_bytes(prog) : 0;
}

struct xb_bound *
xb_bound_new(const struct xb_bound_opts *opts, struct xb_err *err)
{
	struct xb_bound *b = calloc(1, sizeof(*b));

	if (!b) {
		xb_err_errno(err, ENOMEM, "context");
		return NULL;
	}
	b->opts = *opts;
	complete(&b->opts);
	b->type = opts->context->type;
	if (b->type->bind(b, err) == 0)
		return b;
	xb_bound_free(b);
	return NULL;
}

void
xb_bound_free(struct xb_bound *b)
{
	if (!b)
		return;
	b->type->unbind(b);
	xb_proc_free(b->own_proc);
	free(b->piece);
	free(b);
}

bool
xb_bound_is_reusable(const struct xb_bound *b)
{
	return b->type->fits != NULL;
}

bool
xb_bound_reuse(struct xb_bound *b, const struct xb_bound_opts *opts)
{
	struct xb_bound_opts o = *opts;

	complete(&o);
	if (o.context->type != b->type || o.vm != b->opts.vm || o.vcpu != b->opts.vcpu ||
	    !b->type->fits || !b->type->fits(b, &o))
		return false;
	b->opts = o;
	return true;
}

struct xb_proc *
xb_bound_proc(struct xb_bound *b)
{
	return b->proc;
}

void
xb_bound_set_vcpu(struct xb_bound *b, u32 vcpu)
{
	for (; b; b = b->sub) {
		b->opts.vcpu = vcpu;
		b->proc->vcpu = vcpu;
	}
}

int
xb_bound_load(struct xb_bound *b, struct xb_err *err)
{
	if (b->opts.prog)
		b->opts.vm_prog = xb_bpf_prog_vm(b->opts.prog);
	return b->type->load(b, err);
}

void
xb_bound_begin(struct xb_bound *b)
{
	b->type->begin(b);
}

void
xb_bound_end(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out)
{
	b->type->end(b, status, out);
}

int
xb_bound_run(struct xb_bound *b, struct xb_bound_out *out, struct xb_err *err)
{
	if (xb_bound_load(b, err) != 0)
		return -1;
	xb_bound_begin(b);
	xb_bound_end(b, xb_proc_continue(b->proc), out);
	return 0;
}

struct xb_context *
xb_bound_save(struct xb_bound *b, struct xb_err *err)
{
	struct xb_context *to = ctx_new(b->type, b->opts.context->name, err);

	if (!to || b->type->save(b, to, err) == 0)
		return to;
	xb_context_free(to);
	return NULL;
}

void
ctx_begin_bare(struct xb_bound *b)
{
	if (b->opts.emu)
		xb_emu_run_begin(b->opts.emu, b->proc->vcpu);
}

void
ctx_end_bare(struct xb_bound *b, enum xb_run_status status, struct xb_bound_out *out)
{
	if (status == XB_RUN_RUNNING)
		xb_proc_abandon(b->proc);
	if (b->opts.emu)
		xb_emu_run_end(b->opts.emu, b->proc->vcpu);
	*out = (struct xb_bound_out){
		.status = status,
		.r0 = status == XB_RUN_EXIT ? b->proc->r[0] : 0,
		.fault = status == XB_RUN_FAULT ? &b->proc->fault : NULL,
		.insns = b->proc->insns,
	};
}
