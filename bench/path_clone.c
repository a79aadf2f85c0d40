/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_clone.c - packets that bpf_clone_redirect sends off while the program that did it still
 * runs.
 *
 * A clone that leaves by an interface goes through the egress program; one of the egress program's
 * own does not come to it again.
 */
#include "bench/path_priv.h"

#include <string.h>

/* A clone goes through the egress program as a packet of its own. False where that drops it. */
static bool
run_clone(struct xb_path *p, const struct xb_skb_clone *clone, const u8 **data, u32 *bytes)
{
	struct xb_skb_in in = { .data = clone->data, .bytes = clone->bytes, .ctx = &p->egress_ctx };
	struct xb_stage_run run = { .stage = &p->stages[XB_STAGE_TC_EGRESS] };

	xb_skb_save_ctx(p->tc, &p->egress_ctx);
	p->egress_ctx.ifindex = clone->redirect.ifindex;
	path_run_skb(p, p->egress, &in, &run, PIECE_EGRESS);
	*data = run.data;
	*bytes = run.bytes;
	return run.fate == XB_FATE_PASS;
}

static void
keep_clone(struct xb_path *p, const struct xb_result_clone *clone, const u8 *data)
{
	struct xb_result *r = p->r;

	if (r->clone_cnt == XB_RESULT_MAX_CLONES || clone->bytes > CLONES_MAX_BYTES - p->clone_used)
		return;
	memcpy(p->clone_buf + p->clone_used, data, clone->bytes);
	r->clone_buf = p->clone_buf;
	r->clones[r->clone_cnt] = *clone;
	r->clones[r->clone_cnt++].off = p->clone_used;
	p->clone_used += clone->bytes;
}

static void
on_clone(struct xb_path *p, const struct xb_skb_clone *clone, bool through_egress)
{
	struct xb_result_clone kept = { .port = path_redirect_port(p, &clone->redirect) };
	const u8 *data = clone->data;
	u32 bytes = clone->bytes;

	if (through_egress)
		kept.dropped = !run_clone(p, clone, &data, &bytes);
	else if (clone->vlan_present) {
		bytes = xb_skb_to_wire(data, bytes, clone->vlan_proto, clone->vlan_tci,
		                       p->pieces[PIECE_CLONE]);
		data = p->pieces[PIECE_CLONE];
	}
	kept.bytes = bytes;
	p->opts.stats->clones++;
	path_count_target(p, kept.port, clone->redirect.ifindex, bytes);
	keep_clone(p, &kept, data);
	if (!kept.dropped && p->opts.output && p->rc == 0)
		p->rc = xb_output_clone(p->opts.output, p->r, kept.port, data, bytes, p->err);
}

void
path_on_tc_clone(void *arg, const struct xb_skb_clone *clone)
{
	struct xb_path *p = arg;

	on_clone(p, clone, !clone->redirect.ingress && path_has_stage(p, XB_STAGE_TC_EGRESS));
}

void
path_on_egress_clone(void *arg, const struct xb_skb_clone *clone)
{
	on_clone(arg, clone, false);
}
