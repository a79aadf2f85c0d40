/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_native.c - a packet's way where the running kernel's test run is all of it: one program, and
 * nothing behind its verdict.
 */
#include "bench/diff.h"
#include "bench/native.h"
#include "bench/path_priv.h"
#include "bench/say.h"

#include <string.h>

/* The packet is not run; the first one is told about. */
static void
refuse(struct xb_path *p)
{
	struct xb_result *r = p->r;

	r->ran = false;
	r->run_cnt = 0;
	p->opts.stats->unfit++;
	if (p->said_refused || p->opts.cli->quiet)
		return;
	p->said_refused = true;
	xb_say("%s: packet %llu is not run: the kernel's test run refuses it: %s",
	       p->opts.cli->read, (unsigned long long)r->n, xb_native_why(p->opts.session->native));
}

static void
take_xdp(struct xb_stage_run *run, const struct xb_testrun_out *out)
{
	run->xdp = (struct xb_xdp_out){
		.retval = out->retval,
		.data = out->data + out->meta_bytes,
		.linear_bytes = out->linear_bytes,
		.bytes = out->bytes - out->meta_bytes,
		.meta = out->data,
		.meta_bytes = out->meta_bytes,
		.changed = true,
	};
	run->verdict = xb_verdict_of_xdp(out->retval, &run->fate);
	run->data = run->xdp.data;
	run->bytes = run->xdp.bytes;
}

/* A program that saw no Ethernet header left zeros in its place. */
static void
take_skb(struct xb_path *p, struct xb_stage_run *run, const struct xb_testrun_out *out)
{
	const struct xb_testrun_in *in = xb_native_in(p->opts.session->native);

	run->skb = (struct xb_skb_out){
		.retval = out->retval,
		.data = out->data,
		.bytes = out->bytes,
		.linear_bytes = out->bytes,
		.changed = true,
		.ctx = &out->ctx.skb,
	};
	run->verdict = xb_verdict_of_tc(run->stage->mode, out->retval, &run->fate);
	run->data = out->data;
	run->bytes = out->bytes;
	if (in->prog_type == BPF_PROG_TYPE_FLOW_DISSECTOR) {
		run->skb.flow_keys = (const void *)out->data;
		run->data = in->data;
		run->bytes = in->bytes;
	} else if (!xb_tc_is_tc(run->stage->mode) && out->bytes >= ETH_HLEN) {
		memcpy(out->data, in->data, ETH_HLEN);
	}
}

void
path_run_native(struct xb_path *p)
{
	const struct xb_testrun_out *out = xb_native_run(p->opts.session->native, &p->r->in);
	struct xb_stage_run *run;

	if (p->opts.session->diff)
		xb_diff_packet(p->opts.session->diff, p->r, out);
	if (out->err) {
		refuse(p);
		return;
	}
	run = path_next_run(p, p->first->kind);
	run->fault = NULL;
	run->insns = 0;
	run->changed = true;
	run->retval = out->retval;
	if (run->stage->kind == XB_STAGE_XDP)
		take_xdp(run, out);
	else
		take_skb(p, run, out);
	path_count_run(p, run);
	if (run->fate == XB_FATE_TX)
		p->r->direction = XB_PACKET_DIR_OUTBOUND;
}
