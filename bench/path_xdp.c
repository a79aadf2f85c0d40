/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_xdp.c - XDP's part of a packet's way.
 */
#include "bench/path_priv.h"

/* What a redirect's target is called. */
static struct xb_port
target_port(const struct xb_path *p, enum xb_redirect_kind kind, u32 index)
{
	if (kind == XB_REDIRECT_CPUMAP)
		return (struct xb_port){ XB_PORT_CPU, index };
	if (kind == XB_REDIRECT_XSKMAP)
		return (struct xb_port){ XB_PORT_SOCKET, index };
	if (index == p->r->in.ingress_ifindex)
		return (struct xb_port){ XB_PORT_INGRESS, p->r->pkt->if_idx };
	return (struct xb_port){ XB_PORT_IFINDEX, index };
}

static void follow_xdp(struct xb_path *p, const struct xb_xdp_out *out);

/* One copy of a redirected packet has come to a target. */
static void
deliver(void *arg, const struct xb_delivery *d)
{
	struct xb_path *p = arg;
	struct xb_port port = target_port(p, d->redirect->kind, d->index);
	u8 *copy = p->pieces[PIECE_COPY];

	if (d->ran) {
		p->opts.stats->insns.total += d->out.insns;
		if (d->out.fault)
			path_count_fault(p, d->out.fault);
	}
	path_reach(p, port, d->index, d->out.bytes);
	if (d->out.status == XB_RUN_EXIT && d->ran && d->out.retval == XDP_REDIRECT) {
		follow_xdp(p, &d->out);
		return;
	}
	if (!d->forwarded)
		return;
	if (port.kind == XB_PORT_CPU && path_has_stage(p, XB_STAGE_TC)) {
		xb_xdp_copy(p->xdp, 0, d->out.bytes, p->pieces[PIECE_XDP]);
		path_run_tc_after_xdp(p, &d->out, p->pieces[PIECE_XDP]);
		if (p->r->last->fate == XB_FATE_PASS)
			path_emit_copy(p, port, p->r->last->data, p->r->last->bytes);
		return;
	}
	if (!p->copies)
		return;
	xb_xdp_copy(p->xdp, 0, d->out.bytes, copy);
	path_emit_copy(p, port, copy, d->out.bytes);
}

static void
follow_xdp(struct xb_path *p, const struct xb_xdp_out *out)
{
	if (p->hops >= MAX_XDP_HOPS)
		return;
	p->hops++;
	if (xb_xdp_follow(p->xdp, out, deliver, p) == 0)
		p->opts.stats->nowhere++;
	p->hops--;
	if (p->r->target_cnt == 1 && p->r->last->stage->kind == XB_STAGE_XDP)
		path_leave_by(p, target_port(p, out->redirect.kind, p->r->targets[0].index));
}

/* The packet after the run in one piece, before a redirect's target alters it. */
static const u8 *
take_xdp_data(struct xb_path *p, const struct xb_stage_run *run)
{
	const struct xb_xdp_out *out = &run->xdp;
	bool goes_on = run->fate == XB_FATE_PASS && path_has_stage(p, XB_STAGE_TC);
	bool alone = out->bytes == out->linear_bytes && run->fate != XB_FATE_REDIRECT;

	if (alone || !(p->opts.need_data || goes_on || out->changed))
		return out->data;
	xb_xdp_copy(p->xdp, 0, out->bytes, p->pieces[PIECE_XDP]);
	return p->pieces[PIECE_XDP];
}

void
path_run_xdp(struct xb_path *p)
{
	struct xb_stage_run *run = path_next_run(p, XB_STAGE_XDP);
	struct xb_xdp_out *out = &run->xdp;

	xb_xdp_load(p->xdp, &p->r->in);
	xb_xdp_run(p->xdp, run->stage->prog, out);
	run->retval = out->retval;
	run->verdict = xb_verdict_of_xdp(out->retval, &run->fate);
	run->fault = out->fault;
	run->insns = out->insns;
	run->changed = out->changed;
	run->bytes = out->bytes;
	run->data = take_xdp_data(p, run);
	path_count_run(p, run);
	if (run->fate == XB_FATE_TX)
		p->r->direction = XB_PACKET_DIR_OUTBOUND;
	else if (run->fate == XB_FATE_REDIRECT)
		follow_xdp(p, out);
	else if (run->fate == XB_FATE_PASS && path_has_stage(p, XB_STAGE_TC))
		path_run_tc_after_xdp(p, out, run->data);
}
