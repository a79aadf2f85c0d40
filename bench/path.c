/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/path_priv.h"

#include "emu/world.h"

#include "emu/captured.h"
#include "vm/bytes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device takes the outer tag off before anybody sees the packet (cf. NETIF_F_HW_VLAN_CTAG_RX). */
static void
take_tag_off(struct xb_path *p, struct xb_xdp_in *in)
{
	u16 proto;

	p->has_tag = false;
	if (in->hdr_bytes || in->bytes < ETHER_VLAN_BYTES)
		return;
	proto = xb_ld_be16(in->data + 2 * ETH_ALEN);
	if (proto != ETH_P_8021Q && proto != ETH_P_8021AD)
		return;
	p->has_tag = true;
	p->tag_proto = __builtin_bswap16(proto);
	p->tag_tci = xb_ld_be16(in->data + 2 * ETH_ALEN + 2);
	memcpy(p->macs, in->data, sizeof(p->macs));
	in->hdr = p->macs;
	in->hdr_bytes = sizeof(p->macs);
	in->data += sizeof(p->macs) + 4;
	in->bytes -= (u32)sizeof(p->macs) + 4;
}

static void
run_first_tc(struct xb_path *p)
{
	struct xb_result *r = p->r;
	struct xb_skb_in in = {
		.hdr = r->in.hdr,
		.hdr_bytes = r->in.hdr_bytes,
		.data = r->in.data,
		.bytes = r->in.bytes,
		.meta = r->in.meta,
		.meta_bytes = r->in.meta_bytes,
	};

	if (XB_UNLIKELY(p->opts.cli->record || p->opts.cli->save_ctx)) {
		path_start_tc_ctx(p, in.hdr_bytes + in.bytes);
		p->first_ctx = p->tc_ctx;
	}
	if (p->first->kind == XB_STAGE_TC) {
		path_run_tc(p, &in);
		return;
	}
	r->direction = XB_PACKET_DIR_OUTBOUND;
	path_start_tc_ctx(p, in.hdr_bytes + in.bytes);
	p->egress_ctx = p->tc_ctx;
	in.ctx = &p->egress_ctx;
	path_run_egress(p, &in);
}

static inline void
run_first(struct xb_path *p)
{
	if (p->first->kind == XB_STAGE_XDP)
		path_run_xdp(p);
	else
		run_first_tc(p);
}

static void
count_packet(struct xb_path *p)
{
	struct xb_stats *stats = p->opts.stats;
	struct xb_result *r = p->r;

	stats->ran++;
	stats->verdicts[r->last->verdict]++;
	stats->truncated += r->pkt->caplen < r->pkt->len;
	if (XB_LIKELY(!p->opts.session->native))
		xb_stats_insns(&stats->insns, r->insns, r->n);
}

int
xb_path_run(struct xb_path *p, struct xb_result *r, struct xb_err *err)
{
	p->r = r;
	p->err = err;
	p->rc = 0;
	p->clone_used = 0;
	xb_playback_start(p->opts.session->playback, 0);
	r->ran = true;
	r->run_cnt = 0;
	r->changed = false;
	r->target_cnt = 0;
	r->clone_cnt = 0;
	r->insns = 0;
	r->lint = 0;
	r->port = (struct xb_port){ XB_PORT_INGRESS, r->pkt->if_idx };
	r->direction = XB_PACKET_DIR_INBOUND;
	if (XB_UNLIKELY(p->opts.session->native != NULL)) {
		path_run_native(p);
		if (!r->ran)
			return p->rc;
	} else if (XB_UNLIKELY(p->opts.cli->rxvlan_offload)) {
		const struct xb_xdp_in came = r->in;

		take_tag_off(p, &r->in);
		run_first(p);
		r->in = came;
	} else {
		run_first(p);
	}
	count_packet(p);
	if (r->changed && !p->opts.cli->no_lint)
		path_lint(p);
	return p->rc;
}

const char *
xb_path_unfit(const struct xb_path *p, const struct xb_result *r)
{
	u32 bytes = r->in.hdr_bytes + r->in.bytes;
	u32 most = p->first->kind == XB_STAGE_XDP ? xb_xdp_max_bytes(p->xdp) : XB_SKB_MAX_BYTES;
	struct xb_path *own = (struct xb_path *)(uintptr_t)p;

	if (p->opts.session->native)
		return NULL; /* it says so itself */
	if (XB_UNLIKELY(bytes > most)) {
		snprintf(own->unfit, sizeof(own->unfit), "%u bytes are more than an %s holds (%u)",
		         bytes, p->first->kind == XB_STAGE_XDP ? "XDP buffer" : "sk_buff", most);
		return p->unfit;
	}
	if (XB_LIKELY(!(p->tc_ctx.has & XB_SKB_HAS_WIRE_LEN)) || p->stack_wire_len ||
	    p->tc_ctx.wire_len >= bytes)
		return NULL;
	snprintf(own->unfit, sizeof(own->unfit), "wire_len of %u is less than its %u bytes",
	         p->tc_ctx.wire_len, bytes);
	return p->unfit;
}

u32
xb_path_came_in_by(const struct xb_opts *cli, const struct xb_session *session)
{
	u32 dev = cli->ctx.skb.ifindex, came_by = cli->ctx.ingress_ifindex, ifindex;

	if (!cli->staged && xb_session_first(session)->kind != XB_STAGE_XDP)
		ifindex = dev;
	else if (xb_session_first(session)->kind != XB_STAGE_XDP)
		ifindex = dev ? dev : came_by;
	else
		ifindex = came_by ? came_by : dev;
	return ifindex ? ifindex : 1; /* 0 is the loopback (cf. net/bpf/test_run.c) */
}

/* Whether the options fit the programs. */
static int
check_opts(const struct xb_path *p, struct xb_err *err)
{
	const struct xb_opts *cli = p->opts.cli;
	u32 kinds = 0, came_by = xb_path_came_in_by(cli, p->opts.session);

	if (!xb_world_has_ifindex(p->opts.session->emu->world, came_by))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--ctx: packets come in by interface %u, which the world has not",
		                  came_by);
	for (u32 i = 0; i < XB_STAGE_CNT; i++)
		kinds |= path_has_stage(p, (enum xb_stage_kind)i) ? 1u << i : 0;
	if (xb_ctx_check(&cli->ctx, kinds, err) != 0)
		return -1;
	if (cli->has_tc_mode && p->first->kind == XB_STAGE_TC &&
	    p->first->prog->type != BPF_PROG_TYPE_SCHED_CLS &&
	    p->first->prog->type != BPF_PROG_TYPE_SCHED_ACT)
		return xb_err_set(err, XB_ERR_USAGE, "--tc-mode: there is no TC program");
	if (kinds != 1u << XB_STAGE_XDP)
		return 0;
	if (cli->rxvlan_offload)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "--rxvlan-offload: there is no TC program to find the tag");
	if (cli->has_tc_mode)
		return xb_err_set(err, XB_ERR_USAGE, "--tc-mode: there is no TC program");
	return 0;
}

static void
init_ctx(struct xb_path *p)
{
	const struct xb_ctx_fields *ctx = &p->opts.cli->ctx;

	p->tc_ctx = ctx->skb;
	p->tc_ctx.ingress_ifindex = ctx->ingress_ifindex;
	if (!ctx->skb.ifindex)
		p->tc_ctx.ifindex = xb_path_came_in_by(p->opts.cli, p->opts.session);
	if (!p->stack)
		return;
	/* cf. net/core/dev.c: __netif_receive_skb_core; what leaves first was made by this machine
	 */
	p->tc_ctx.trans_set = true;
	if (p->first->kind == XB_STAGE_TC_EGRESS)
		return;
	p->tc_ctx.ingress_ifindex = p->tc_ctx.ifindex;
	p->tc_ctx.at_ingress = true;
	p->stack_wire_len = !ctx->skb.wire_len;
	p->tc_ctx.has |= XB_SKB_HAS_WIRE_LEN;
}

/* The room before packets, as --headroom or the context has it; the buffer's is a multiple of 8. */
static u32
headroom_of(const struct xb_opts *cli)
{
	if (cli->headroom)
		return cli->headroom;
	return xb_ctx_has(&cli->ctx, "headroom") ? cli->ctx.headroom : XB_XDP_HEADROOM;
}

static int
open_xdp(struct xb_path *p, struct xb_err *err)
{
	const struct xb_opts *cli = p->opts.cli;
	u32 headroom = headroom_of(cli),
	    most = headroom < XB_OPTS_MIN_HEADROOM ? 0 : headroom - XB_OPTS_MIN_HEADROOM;
	struct xb_xdp_opts opts = {
		.vcpu = p->opts.vcpu,
		.headroom = headroom < XB_OPTS_MIN_HEADROOM ? XB_OPTS_MIN_HEADROOM
		                                            : (u32)xb_align_up(headroom, 8),
	};
	u32 room = XB_XDP_LINEAR_BYTES + XB_XDP_HEADROOM - opts.headroom;

	if (cli->mtu)
		opts.linear_bytes =
		        cli->mtu + ETHER_VLAN_BYTES < room ? cli->mtu + ETHER_VLAN_BYTES : room;
	p->xdp = xb_xdp_new(p->opts.session->emu, &opts, err);
	if (!p->xdp)
		return -1;
	if (most > xb_xdp_max_meta_bytes(p->xdp))
		most = xb_xdp_max_meta_bytes(p->xdp);
	if (cli->ctx.meta_bytes > most)
		return xb_err_set(err, XB_ERR_USAGE,
		                  "%s: data_meta: %u bytes do not fit: a headroom of %u has room "
		                  "for %u",
		                  xb_ctx_option(&cli->ctx, "data_meta"), cli->ctx.meta_bytes,
		                  headroom, most);
	return 0;
}

void
xb_path_init_in(const struct xb_opts *cli, const struct xb_session *session, struct xb_xdp_in *in)
{
	const struct xb_ctx_fields *ctx = &cli->ctx;

	in->meta = ctx->meta_bytes ? ctx->meta : NULL;
	in->meta_bytes = ctx->meta_bytes;
	in->ingress_ifindex = xb_path_came_in_by(cli, session);
	in->rx_queue_index = ctx->rx_queue_index;
	in->egress_ifindex = ctx->egress_ifindex;
	in->has_room = xb_ctx_has(ctx, "headroom") || xb_ctx_has(ctx, "tailroom");
	in->headroom = headroom_of(cli);
	in->tailroom = xb_ctx_has(ctx, "tailroom") ? ctx->tailroom : UINT32_MAX;
}

void
xb_path_start_fields(const struct xb_path *p, const struct xb_result *r,
                     struct xb_ctx_fields *fields)
{
	const struct xb_opts *cli = p->opts.cli;

	*fields = cli->ctx;
	fields->rx_queue_index = r->in.rx_queue_index;
	if (p->first->kind == XB_STAGE_XDP) {
		fields->ingress_ifindex = r->in.ingress_ifindex;
		if (cli->headroom) {
			fields->headroom = cli->headroom;
			xb_ctx_mark(fields, "headroom");
		}
		return;
	}
	fields->skb = p->first_ctx;
	fields->ingress_ifindex = fields->skb.ingress_ifindex;
	if (p->stack_wire_len)
		fields->skb.has &= ~(u32)XB_SKB_HAS_WIRE_LEN;
}

static int
open_tc(struct xb_path *p, struct xb_err *err)
{
	struct xb_skb_opts opts = { .vcpu = p->opts.vcpu, .any_ifindex = true };

	if (p->opts.cli->mtu)
		opts.linear_bytes = p->opts.cli->mtu + ETHER_VLAN_BYTES;
	if (path_has_stage(p, XB_STAGE_TC)) {
		p->tc = xb_skb_new(p->opts.session->emu, &opts, err);
		if (!p->tc)
			return -1;
		xb_skb_on_clone(p->tc, path_on_tc_clone, p);
	}
	if (path_has_stage(p, XB_STAGE_TC_EGRESS)) {
		p->egress = xb_skb_new(p->opts.session->emu, &opts, err);
		if (!p->egress)
			return -1;
		xb_skb_on_clone(p->egress, path_on_egress_clone, p);
	}
	return 0;
}

static int
open_buffers(struct xb_path *p, struct xb_err *err)
{
	p->clone_buf = malloc(CLONES_MAX_BYTES);
	for (u32 i = 0; i < PIECE_CNT; i++) {
		p->pieces[i] = malloc(PIECE_BYTES);
		if (!p->pieces[i])
			return xb_err_errno(err, ENOMEM, "packet");
	}
	return p->clone_buf ? 0 : xb_err_errno(err, ENOMEM, "packet");
}

struct xb_path *
xb_path_open(const struct xb_path_opts *opts, struct xb_err *err)
{
	struct xb_path *p = calloc(1, sizeof(*p));

	if (!p) {
		xb_err_errno(err, ENOMEM, "packet");
		return NULL;
	}
	p->opts = *opts;
	p->stages = opts->session->stages;
	p->first = xb_session_first(opts->session);
	p->stack = opts->cli->staged;
	p->copies = opts->send && opts->cli->emit & XB_EMIT_FORWARDED;
	init_ctx(p);
	if (check_opts(p, err) != 0 || open_buffers(p, err) != 0 ||
	    (path_has_stage(p, XB_STAGE_XDP) && open_xdp(p, err) != 0) || open_tc(p, err) != 0) {
		xb_path_close(p);
		return NULL;
	}
	return p;
}

void
xb_path_close(struct xb_path *p)
{
	if (!p)
		return;
	xb_skb_free(p->egress);
	xb_skb_free(p->tc);
	xb_xdp_free(p->xdp);
	for (u32 i = 0; i < PIECE_CNT; i++)
		free(p->pieces[i]);
	free(p->clone_buf);
	free(p);
}
