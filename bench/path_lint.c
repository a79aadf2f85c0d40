/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/lint.h"
#include "bench/path_priv.h"

#include <string.h>

/* The packet as it came in, in one piece. */
static const u8 *
joined(struct xb_path *p, const struct xb_xdp_in *in)
{
	u8 *to = p->pieces[PIECE_COPY];

	if (!in->hdr_bytes)
		return in->data;
	memcpy(to, in->hdr, in->hdr_bytes);
	memcpy(to + in->hdr_bytes, in->data, in->bytes);
	return to;
}

static u32
cut_bytes(const struct xb_packet *pkt)
{
	return pkt->len > pkt->caplen ? pkt->len - pkt->caplen : 0;
}

/* What a program made wrong of a packet that goes on. */
void
path_lint(struct xb_path *p)
{
	struct xb_result *r = p->r;
	const struct xb_xdp_in *came = &r->in;
	const struct xb_stage_run *last = r->last;
	const struct xb_skb_ctx *ctx = &p->tc_ctx;
	u32 bytes = came->hdr_bytes + came->bytes, cut = cut_bytes(r->pkt);
	bool tc = last->stage->kind != XB_STAGE_XDP;
	struct xb_lint_in before = { .caplen = bytes, .len = bytes + cut }, after;

	if (last->fault || last->fate == XB_FATE_DROP || last->fate == XB_FATE_CONSUME)
		return;
	before.data = joined(p, came);
	if (last->bytes == bytes && !memcmp(last->data, before.data, bytes))
		return;
	if (ctx->ip_summed == XB_CHECKSUM_PARTIAL && p->first->kind != XB_STAGE_XDP) {
		before.partial = true;
		before.csum_start = ctx->csum_start + (p->has_tag ? 4u : 0u);
		before.csum_offset = ctx->csum_offset;
	}
	after = (struct xb_lint_in){ .data = last->data,
		                     .caplen = last->bytes,
		                     .len = last->bytes + cut };
	if (tc && last->skb.ip_summed == XB_CHECKSUM_PARTIAL) {
		after.partial = true;
		after.csum_start = last->skb.csum_start + (last->skb.vlan_present ? 4u : 0u);
		after.csum_offset = last->skb.csum_offset;
	}
	r->lint = xb_lint(&before, &after);
	if (XB_LIKELY(!r->lint))
		return;
	p->opts.stats->linted++;
	for (u32 i = 0; i < XB_LINT_KIND_CNT; i++)
		p->opts.stats->lints[i] += (r->lint & XB_LINT_BIT(i)) != 0;
}
