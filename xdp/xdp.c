/* SPDX-License-Identifier: BSD-2-Clause */
#include "xdp/xdp_priv.h"

#include "emu/helper.h"
#include "emu/vcpu.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int
check_opts(const struct xb_xdp *x, struct xb_err *err)
{
	u32 room;

	if (x->headroom < XDP_FRAME_BYTES || x->headroom > XB_XDP_LINEAR_BYTES || x->headroom % 8)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "headroom of %u bytes: expected a multiple of 8 from %u to %u",
		                  x->headroom, XDP_FRAME_BYTES, XB_XDP_LINEAR_BYTES);
	room = XDP_HARD_END_OFF - x->headroom;
	if (x->linear_max < XDP_ETH_BYTES || x->linear_max > room)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "linear part of %u bytes: expected %u to %u, which %u bytes of "
		                  "headroom leave",
		                  x->linear_max, XDP_ETH_BYTES, room, x->headroom);
	return 0;
}

static int
map_regions(struct xb_xdp *x, struct xb_err *err)
{
	const struct xb_region_opts buff = { .name = "packet",
		                             .bytes = XDP_REGION_BYTES,
		                             .low = true };
	const struct xb_region_opts ctx = { .name = "xdp_md",
		                            .bytes = sizeof(struct xdp_md),
		                            .low = true };

	x->buff = xb_mem_map(x->mem, &buff, err);
	x->ctx = xb_mem_map(x->mem, &ctx, err);
	if (!x->buff || !x->ctx)
		return -1;
	x->page = xb_mem_host(x->mem, x->buff->gaddr);
	x->md = xb_mem_host(x->mem, x->ctx->gaddr);
	return 0;
}

struct xb_xdp *
xb_xdp_new(struct xb_emu *emu, const struct xb_xdp_opts *opts, struct xb_err *err)
{
	struct xb_xdp *x = calloc(1, sizeof(*x));

	if (!x) {
		xb_err_errno(err, ENOMEM, "packet buffer");
		return NULL;
	}
	x->emu = emu;
	x->mem = emu->mem;
	x->headroom = opts->headroom ? opts->headroom : XB_XDP_HEADROOM;
	x->linear_max = opts->linear_bytes ? opts->linear_bytes : XDP_HARD_END_OFF - x->headroom;
	if (check_opts(x, err) || map_regions(x, err))
		goto free_xdp;
	x->proc = xb_proc_new(emu->vm, opts->vcpu, err);
	if (!x->proc)
		goto free_xdp;
	x->proc->run = x;
	x->saved = malloc(XDP_REGION_BYTES);
	x->scratch = malloc(XB_XDP_MOST_BYTES);
	if (!x->saved || !x->scratch) {
		xb_err_errno(err, ENOMEM, "packet buffer");
		goto free_xdp;
	}
	return x;

free_xdp:
	xb_xdp_free(x);
	return NULL;
}

void
xb_xdp_free(struct xb_xdp *x)
{
	if (!x)
		return;
	free(x->scratch);
	free(x->saved);
	xb_proc_free(x->proc);
	xb_mem_unmap(x->mem, x->ctx);
	xb_mem_unmap(x->mem, x->buff);
	free(x);
}

/* How far the packet may grow. */
static void
set_room(struct xb_xdp *x, const struct xb_xdp_in *in, u32 linear_bytes)
{
	u32 end = x->headroom + linear_bytes;

	x->hard_start_off = 0;
	x->hard_end_off = XDP_HARD_END_OFF;
	if (XB_LIKELY(!in->has_room))
		return;
	assert(in->headroom <= x->headroom);
	x->hard_start_off = x->headroom - in->headroom;
	if (in->tailroom < XDP_HARD_END_OFF - end)
		x->hard_end_off = end + in->tailroom;
}

void
xdp_load_linear(struct xb_xdp *x, const struct xb_xdp_in *in, u32 linear_bytes)
{
	x->in = *in;
	x->loaded_linear = linear_bytes;
	set_room(x, in, linear_bytes);
	xdp_buff_place(x, in, linear_bytes);
	x->loaded_bytes = in->hdr_bytes + in->bytes;
	x->md->ingress_ifindex = in->ingress_ifindex;
	x->md->rx_queue_index = in->rx_queue_index;
	x->md->egress_ifindex = in->egress_ifindex;
	x->target.kind = XB_REDIRECT_NONE;
	x->target.index = x->target.key_index = 0;
}

u32
xb_xdp_max_bytes(const struct xb_xdp *x)
{
	u32 most = XDP_HARD_END_OFF - x->headroom + XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES;

	return most < XB_XDP_MAX_BYTES ? most : XB_XDP_MAX_BYTES;
}

u32
xb_xdp_max_meta_bytes(const struct xb_xdp *x)
{
	u32 most = (x->headroom - XDP_FRAME_BYTES) & ~3u;

	return most < XDP_METALEN_MAX ? most : XDP_METALEN_MAX & ~3u;
}

/*
 * The linear part takes what fits; more than it is made to take where the fragments would not hold
 * the rest.
 */
void
xb_xdp_load(struct xb_xdp *x, const struct xb_xdp_in *in)
{
	u32 total = in->hdr_bytes + in->bytes;
	u32 linear = total < x->linear_max ? total : x->linear_max;

	assert(in->meta_bytes % 4 == 0 && in->meta_bytes <= xb_xdp_max_meta_bytes(x));
	assert(total <= xb_xdp_max_bytes(x));
	if (XB_UNLIKELY(total - linear > XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES))
		linear = total - XB_XDP_MAX_FRAGS * XDP_PAGE_BYTES;
	xdp_load_linear(x, in, linear);
}

static bool
may_write(struct xb_xdp *x, const struct xb_bpf_prog *prog)
{
	const struct xb_prog *vm = xb_bpf_prog_vm(prog);

	if (XB_UNLIKELY(x->facts.vm != vm || x->facts.id != prog->obj.id)) {
		x->facts.vm = vm;
		x->facts.id = prog->obj.id;
		x->facts.may_write = xb_prog_may_write(prog);
	}
	return x->facts.may_write;
}

/* cf. net/core/filter.c: xdp_is_valid_access */
static u32
ctx_bytes(const struct xb_bpf_prog *prog)
{
	return prog->expected_attach_type == BPF_XDP_DEVMAP ? (u32)sizeof(struct xdp_md)
	                                                    : XDP_MD_BYTES;
}

static void
set_ctx_bytes(struct xb_xdp *x, u32 bytes)
{
	if (XB_LIKELY(x->ctx_bytes == bytes))
		return;
	xb_mem_forbid(x->mem, x->ctx->gaddr, sizeof(struct xdp_md));
	xb_mem_allow(x->mem, x->ctx->gaddr, bytes, XB_MEM_READ);
	x->ctx_bytes = bytes;
}

void
xdp_out_fill(const struct xb_xdp *x, struct xb_xdp_out *out)
{
	const struct xdp_shape *s = &x->shape;

	out->data = x->page + s->data_off;
	out->linear_bytes = s->end_off - s->data_off;
	out->bytes = out->linear_bytes + s->frags_bytes;
	out->meta = x->page + s->meta_off;
	out->meta_bytes = s->data_off - s->meta_off;
	out->head_delta = (s32)(s->data_off - x->headroom);
	out->tail_delta = (s32)(out->bytes - x->loaded_bytes) + out->head_delta;
}

static inline void
prepare(struct xb_xdp *x, const struct xb_bpf_prog *prog)
{
	set_ctx_bytes(x, ctx_bytes(prog));
	xb_emu_run_begin(x->emu, x->proc->vcpu);
}

/* What a run that ended with `status` leads to; out->redirect is NONE. */
static inline void
finish(struct xb_xdp *x, const struct xb_bpf_prog *prog, enum xb_run_status status,
       struct xb_xdp_out *out)
{
	out->status = status;
	out->insns = x->proc->insns;
	if (XB_LIKELY(out->status == XB_RUN_EXIT)) {
		out->retval = (u32)x->proc->r[0];
		out->fault = NULL;
		out->changed = may_write(x, prog);
		if (out->retval == XDP_REDIRECT)
			xdp_redirect_out(x, &out->redirect);
	} else {
		out->retval = XDP_ABORTED;
		out->fault = status == XB_RUN_FAULT ? &x->proc->fault : NULL;
		out->changed = false;
	}
	xb_emu_run_end(x->emu, x->proc->vcpu);
}

void
xdp_run_to_end(struct xb_xdp *x, const struct xb_bpf_prog *prog, struct xb_xdp_out *out)
{
	prepare(x, prog);
	out->redirect = (struct xb_redirect){ .kind = XB_REDIRECT_NONE };
	finish(x, prog, xb_proc_run(x->proc, xb_bpf_prog_vm(prog), x->ctx->gaddr), out);
}

/* The packet after a run. */
static inline void
leave(struct xb_xdp *x, struct xb_xdp_out *out)
{
	if (XB_UNLIKELY(out->status != XB_RUN_EXIT))
		xdp_buff_place(x, &x->in, x->loaded_linear); /* it goes on as it came in */
	xdp_out_fill(x, out);
}

void
xb_xdp_run(struct xb_xdp *x, const struct xb_bpf_prog *prog, struct xb_xdp_out *out)
{
	xdp_run_to_end(x, prog, out);
	leave(x, out);
}

void
xb_xdp_begin(struct xb_xdp *x, const struct xb_bpf_prog *prog)
{
	prepare(x, prog);
	xb_proc_start(x->proc, xb_bpf_prog_vm(prog), x->ctx->gaddr);
}

void
xb_xdp_end(struct xb_xdp *x, const struct xb_bpf_prog *prog, enum xb_run_status status,
           struct xb_xdp_out *out)
{
	if (status == XB_RUN_RUNNING)
		xb_proc_abandon(x->proc);
	out->redirect = (struct xb_redirect){ .kind = XB_REDIRECT_NONE };
	finish(x, prog, status, out);
	leave(x, out);
}

struct xb_proc *
xb_xdp_proc(struct xb_xdp *x)
{
	return x->proc;
}

void
xb_xdp_copy(const struct xb_xdp *x, u32 off, u32 bytes, void *to)
{
	assert(off <= xdp_buff_len(x) && bytes <= xdp_buff_len(x) - off);
	xdp_buff_read(x, off, bytes, to);
}

static const struct xb_prog_type xdp_type = {
	.type = BPF_PROG_TYPE_XDP,
	.name = "xdp",
	.ctx_bytes = ctx_bytes,
	.test_run = xdp_test_run,
	.fini = xdp_test_run_fini,
};

void
xb_xdp_register(struct xb_emu *emu)
{
	xb_prog_type_register(emu, &xdp_type);
	xdp_buff_helpers_register(emu);
	xdp_redirect_helpers_register(emu);
	xdp_perf_helpers_register(emu);
	xdp_sock_helpers_register(emu);
	xdp_fib_helpers_register(emu);
}
