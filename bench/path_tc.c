/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path_tc.c - TC's part of a packet's way (cf. net/core/dev.c: sch_handle_ingress,
 * sch_handle_egress).
 */
#include "bench/path_priv.h"

#include <string.h>

/* The packet as on a wire. */
static const u8 *
to_wire(struct xb_path *p, const struct xb_skb_out *out, enum piece piece, u32 *bytes)
{
	*bytes = out->bytes;
	if (XB_LIKELY(!out->vlan_present))
		return out->data;
	*bytes = xb_skb_to_wire(out->data, out->bytes, out->vlan_proto, out->vlan_tci,
	                        p->pieces[piece]);
	return p->pieces[piece];
}

void
path_run_skb(struct xb_path *p, struct xb_skb *skb, const struct xb_skb_in *in,
             struct xb_stage_run *run, enum piece piece)
{
	const struct xb_stage *stage = run->stage;
	struct xb_skb_out *out = &run->skb;

	xb_skb_load(skb, in);
	xb_skb_run(skb, stage->prog, out);
	if (XB_UNLIKELY(!xb_tc_is_tc(stage->mode)))
		xb_skb_push_ether(skb, false, out);
	run->retval = out->retval;
	run->verdict = xb_verdict_of_tc(stage->mode, out->retval, &run->fate);
	run->fault = out->fault;
	if (XB_UNLIKELY(out->fault != NULL)) {
		if (xb_tc_is_tc(stage->mode))
			run->verdict = XB_VERDICT_TC_FIRST + XB_TC_SHOT;
		run->fate = XB_FATE_DROP;
	}
	run->insns = out->insns;
	run->changed = out->changed || out->vlan_present;
	run->data = to_wire(p, out, piece, &run->bytes);
	path_count_run(p, run);
}

struct xb_port
path_redirect_port(const struct xb_path *p, const struct xb_skb_redirect *to)
{
	if (to->kind == XB_SKB_REDIRECT_PEER)
		return (struct xb_port){ XB_PORT_PEER, to->ifindex };
	if (to->ingress)
		return (struct xb_port){ XB_PORT_RX, to->ifindex };
	if (to->ifindex == p->r->in.ingress_ifindex)
		return (struct xb_port){ XB_PORT_INGRESS, p->r->pkt->if_idx };
	return (struct xb_port){ XB_PORT_IFINDEX, to->ifindex };
}

/* cf. net/core/filter.c: skb_do_redirect */
static void
follow_skb(struct xb_path *p, struct xb_skb *skb, const struct xb_stage_run *run)
{
	const struct xb_skb_redirect to = run->skb.redirect;
	struct xb_skb_in in;
	struct xb_port port;

	if (to.kind == XB_SKB_REDIRECT_NONE || p->hops == MAX_TC_HOPS) {
		p->opts.stats->nowhere++;
		return;
	}
	port = path_redirect_port(p, &to);
	path_reach(p, port, to.ifindex, run->bytes);
	path_leave_by(p, port);
	if (to.ingress || !path_has_stage(p, XB_STAGE_TC_EGRESS) ||
	    run->skb.bytes > XB_SKB_MAX_BYTES) {
		path_emit_copy(p, port, run->data, run->bytes);
		return;
	}
	path_start_egress(p, skb, run, to.ifindex, &in);
	p->hops++;
	path_run_egress(p, &in);
	p->hops--;
}

void
path_start_egress(struct xb_path *p, const struct xb_skb *from, const struct xb_stage_run *run,
                  u32 ifindex, struct xb_skb_in *in)
{
	const struct xb_skb_out *out = &run->skb;
	u8 *copy = p->pieces[PIECE_COPY];

	if (out->meta_bytes)
		memcpy(copy, out->meta, out->meta_bytes);
	if (out->bytes)
		memcpy(copy + XB_SKB_MAX_META_BYTES, out->data, out->bytes);
	*in = (struct xb_skb_in){
		.data = copy + XB_SKB_MAX_META_BYTES,
		.bytes = out->bytes,
		.meta = copy,
		.meta_bytes = out->meta_bytes,
		.linear_bytes = out->linear_bytes,
		.ctx = &p->egress_ctx,
	};
	xb_skb_save_ctx(from, &p->egress_ctx);
	p->egress_ctx.ifindex = ifindex;
}

void
path_run_egress(struct xb_path *p, const struct xb_skb_in *in)
{
	struct xb_stage_run *run = path_next_run(p, XB_STAGE_TC_EGRESS);

	p->egress_ctx.at_egress = true;
	path_run_skb(p, p->egress, in, run, PIECE_EGRESS);
	if (run->fate == XB_FATE_REDIRECT)
		follow_skb(p, p->egress, run);
	else if (run->fate == XB_FATE_PASS && p->r->target_cnt) /* else it is no copy */
		path_emit_copy(p, p->r->port, run->data, run->bytes);
}

void
path_start_tc_ctx(struct xb_path *p, u32 bytes)
{
	const struct xb_skb_ctx *asked = &p->opts.cli->ctx.skb;
	struct xb_skb_ctx *ctx = &p->tc_ctx;

	if (XB_UNLIKELY(p->opts.cli->rxvlan_offload)) {
		ctx->vlan_present = p->has_tag || asked->vlan_present;
		ctx->vlan_proto = p->has_tag ? p->tag_proto : asked->vlan_proto;
		ctx->vlan_tci = p->has_tag ? p->tag_tci : asked->vlan_tci;
	}
	/* cf. net/core/dev.c: sch_handle_ingress: it is counted before the MAC header is put back
	 */
	if (p->stack_wire_len)
		ctx->wire_len = bytes < ETH_HLEN ? bytes : bytes - ETH_HLEN;
}

void
path_run_tc(struct xb_path *p, struct xb_skb_in *in)
{
	struct xb_stage_run *run = path_next_run(p, XB_STAGE_TC);

	path_start_tc_ctx(p, in->hdr_bytes + in->bytes);
	in->ctx = &p->tc_ctx;
	in->prog_type = run->stage->prog->type;
	path_run_skb(p, p->tc, in, run, PIECE_TC);
	if (run->fate == XB_FATE_REDIRECT)
		follow_skb(p, p->tc, run);
}

/* The sk_buff of what XDP passed: `data` is all of the packet (cf. net/core/xdp.c). */
void
path_run_tc_after_xdp(struct xb_path *p, const struct xb_xdp_out *out, const u8 *data)
{
	struct xb_skb_in in = {
		.data = data,
		.bytes = out->bytes,
		.meta = out->meta,
		.meta_bytes = out->meta_bytes,
		.linear_bytes = out->linear_bytes,
	};

	p->tc_ctx.queue_mapping = p->r->in.rx_queue_index + 1; /* cf. skb_record_rx_queue */
	path_run_tc(p, &in);
}
