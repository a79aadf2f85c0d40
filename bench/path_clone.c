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

/* Where a clone has come to, and as what. */
struct passage {
	struct xb_port port;
	u32 ifindex; /* of the port */
	const u8 *data;
	u32 bytes;
	bool dropped;
};

/*
 * A clone goes through the egress program as a packet of its own, and again where that redirects
 * it. False where it comes to its end there.
 */
static bool
run_clone(struct xb_path *p, const struct xb_skb_clone *clone, struct passage *at)
{
	struct xb_skb_in in = { .data = clone->data, .bytes = clone->bytes, .ctx = &p->egress_ctx };
	struct xb_stage_run run = { .stage = &p->stages[XB_STAGE_TC_EGRESS] };
	const struct xb_skb_redirect *to = &run.skb.redirect;

	xb_skb_save_ctx(p->tc, &p->egress_ctx);
	p->egress_ctx.ifindex = at->ifindex;
	p->egress_ctx.at_egress = true;
	for (u32 hops = 1;; hops++) {
		path_run_skb(p, p->egress, &in, &run, PIECE_EGRESS);
		at->data = run.data;
		at->bytes = run.bytes;
		if (run.fate != XB_FATE_REDIRECT)
			return run.fate == XB_FATE_PASS;
		if (to->kind == XB_SKB_REDIRECT_NONE || hops == MAX_TC_HOPS)
			return false;
		at->port = path_redirect_port(p, to);
		at->ifindex = to->ifindex;
		path_count_target(p, at->port, at->ifindex, at->bytes);
		if (to->ingress || run.skb.bytes > XB_SKB_MAX_BYTES)
			return true;
		path_start_egress(p, p->egress, &run, to->ifindex, &in);
	}
}

static void
keep_clone(struct xb_path *p, const struct passage *at)
{
	struct xb_result *r = p->r;

	if (r->clone_cnt == XB_RESULT_MAX_CLONES || at->bytes > CLONES_MAX_BYTES - p->clone_used)
		return;
	memcpy(p->clone_buf + p->clone_used, at->data, at->bytes);
	r->clone_buf = p->clone_buf;
	r->clones[r->clone_cnt++] = (struct xb_result_clone){
		.port = path_numbered(at->port, at->ifindex),
		.dropped = at->dropped,
		.off = p->clone_used,
		.bytes = at->bytes,
	};
	p->clone_used += at->bytes;
}

static void
on_clone(struct xb_path *p, const struct xb_skb_clone *clone, bool through_egress)
{
	struct passage to = {
		.port = path_redirect_port(p, &clone->redirect),
		.ifindex = clone->redirect.ifindex,
		.data = clone->data,
		.bytes = clone->bytes,
	};

	if (clone->vlan_present && !through_egress) {
		to.data = p->pieces[PIECE_CLONE];
		to.bytes = xb_skb_to_wire(clone->data, clone->bytes, clone->vlan_proto,
		                          clone->vlan_tci, p->pieces[PIECE_CLONE]);
	}
	p->opts.stats->clones++;
	path_count_target(p, to.port, to.ifindex, to.bytes);
	if (through_egress)
		to.dropped = !run_clone(p, clone, &to);
	keep_clone(p, &to);
	if (!to.dropped && p->opts.send && p->rc == 0) {
		const struct xb_path_send send = {
			.clone = true, .port = to.port, .data = to.data, .bytes = to.bytes
		};

		p->rc = p->opts.send(p->opts.arg, p->r, &send, p->err);
	}
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
