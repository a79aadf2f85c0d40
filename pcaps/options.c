/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/options_priv.h"
#include "pcaps/pcapng_format.h"

#include <string.h>

bool
xb_opt_next(struct xb_opt_iter *it, struct xb_opt *opt)
{
	struct xb_pcapng_opt_hdr hdr;
	u32 left = it->len - it->off;

	if (left < sizeof(hdr)) {
		it->bad = left > 0;
		return false;
	}
	memcpy(&hdr, it->data + it->off, sizeof(hdr));
	if (it->swapped) {
		hdr.code = __builtin_bswap16(hdr.code);
		hdr.len = __builtin_bswap16(hdr.len);
	}
	if (hdr.code == XB_PCAPNG_OPT_END)
		return false;
	if (xb_align_up(hdr.len, 4) > left - sizeof(hdr)) {
		it->bad = true;
		return false;
	}
	opt->code = hdr.code;
	opt->len = hdr.len;
	opt->data = it->data + it->off + sizeof(hdr);
	it->off += (u32)(sizeof(hdr) + xb_align_up(hdr.len, 4));
	return true;
}

/* A type and up to 8 bytes: hardware verdicts are of any length, those of Linux have 8. */
static void
read_verdict(struct xb_packet_meta *meta, const struct xb_opt *opt, bool swapped)
{
	struct xb_opt value = { .data = opt->data + 1, .len = (u16)(opt->len - 1) };

	if (meta->has & XB_PACKET_VERDICT || !opt->len)
		return;
	if (opt->data[0] == XB_VERDICT_HARDWARE)
		memcpy(&meta->verdict, value.data, value.len < 8 ? value.len : 8);
	else if (value.len >= 8)
		meta->verdict = xb_opt_u64(&value, swapped);
	else
		return;
	meta->verdict_type = opt->data[0];
	meta->has |= XB_PACKET_VERDICT;
}

static void
read_hash(struct xb_packet_meta *meta, const struct xb_opt *opt, bool swapped)
{
	struct xb_opt value = { .data = opt->data + 1, .len = (u16)(opt->len - 1) };

	if (opt->len < 1 + 4 || meta->has & XB_PACKET_HASH)
		return;
	meta->hash_type = opt->data[0];
	meta->hash = xb_opt_u32(&value, swapped);
	meta->has |= XB_PACKET_HASH;
}

static void
read_opt(struct xb_packet *pkt, const struct xb_opt *opt)
{
	struct xb_packet_meta *meta = &pkt->meta;

	if (opt->code == XB_PCAPNG_OPT_COMMENT && !pkt->comment) {
		pkt->comment = (const char *)opt->data;
		pkt->comment_len = opt->len;
	} else if (opt->code == XB_PCAPNG_EPB_FLAGS && opt->len >= 4) {
		meta->flags = xb_opt_u32(opt, pkt->swapped);
		meta->has |= XB_PACKET_FLAGS;
	} else if (opt->code == XB_PCAPNG_EPB_HASH) {
		read_hash(meta, opt, pkt->swapped);
	} else if (opt->code == XB_PCAPNG_EPB_PACKETID && opt->len >= 8) {
		meta->packet_id = xb_opt_u64(opt, pkt->swapped);
		meta->has |= XB_PACKET_ID;
	} else if (opt->code == XB_PCAPNG_EPB_QUEUE && opt->len >= 4) {
		meta->queue = xb_opt_u32(opt, pkt->swapped);
		meta->has |= XB_PACKET_QUEUE;
	} else if (opt->code == XB_PCAPNG_EPB_VERDICT) {
		read_verdict(meta, opt, pkt->swapped);
	}
}

void
xb_packet_read_opts(struct xb_packet *pkt)
{
	struct xb_opt_iter it = xb_opt_iter_init(pkt->opts, pkt->opts_len, pkt->swapped);
	struct xb_opt opt;

	while (xb_opt_next(&it, &opt))
		read_opt(pkt, &opt);
}

const char *
xb_packet_comment_next(const struct xb_packet *pkt, u32 *off, u32 *len)
{
	struct xb_opt_iter it = xb_opt_iter_init(pkt->opts, pkt->opts_len, pkt->swapped);
	const char *text = NULL;
	struct xb_opt opt;

	it.off = *off;
	while (!text && xb_opt_next(&it, &opt)) {
		if (opt.code != XB_PCAPNG_OPT_COMMENT)
			continue;
		text = (const char *)opt.data;
		*len = opt.len;
	}
	*off = it.off;
	return text;
}
