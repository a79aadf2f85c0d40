/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write_pcapng.c - pcapng files: one section in this machine's byte order, times in nanoseconds.
 *
 * A block's length is computed before its first byte is written, so that the buffer always ends
 * where a block ends.
 */
#include "pcaps/pcapng_format.h"
#include "pcaps/writer_priv.h"
#include "vm/bytes.h"

#include <string.h>

#define OPT_HDR     sizeof(struct xb_pcapng_opt_hdr)
#define OPT_LEN_MAX 65535u
#define TSRESOL_NS  9

/* What an option of `len` bytes takes. */
static u64
opt_room(u64 len)
{
	return OPT_HDR + xb_align_up(len, 4);
}

static u8 *
put_opt(u8 *p, u16 code, const void *data, u32 len)
{
	const struct xb_pcapng_opt_hdr hdr = { .code = code, .len = (u16)len };
	u32 padded = (u32)xb_align_up(len, 4);

	memcpy(p, &hdr, sizeof(hdr));
	p += sizeof(hdr);
	if (padded)
		xb_st32(p + padded - 4, 0);
	if (len)
		memcpy(p, data, len);
	return p + padded;
}

static u8 *
put_u32(u8 *p, u16 code, u32 v)
{
	return put_opt(p, code, &v, sizeof(v));
}

static u8 *
put_u64(u8 *p, u16 code, u64 v)
{
	return put_opt(p, code, &v, sizeof(v));
}

/* A text option's length: as it is, or cut before the character that does not fit. */
static u32
text_len(const char *text, u32 len)
{
	if (len <= OPT_LEN_MAX)
		return len;
	len = OPT_LEN_MAX;
	while (len && ((u8)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static u32
str_len(const char *s)
{
	size_t len = strlen(s);

	return text_len(s, (u32)(len < UINT32_MAX ? len : UINT32_MAX));
}

/* Room for the option of an optional string. */
static u64
str_room(const char *s)
{
	return s ? opt_room(str_len(s)) : 0;
}

static u8 *
put_str(u8 *p, u16 code, const char *s)
{
	return s ? put_opt(p, code, s, str_len(s)) : p;
}

static u8 *
put_end(u8 *p)
{
	return put_opt(p, XB_PCAPNG_OPT_END, NULL, 0);
}

/* The length at the end of a block, which completes it. */
static void
complete(struct xb_writer *w, u8 *p, size_t len)
{
	xb_st32(p, (u32)len);
	xb_writer_commit(w, len);
}

static int
pcapng_start(struct xb_writer *w, const struct xb_writer_opts *opts, struct xb_err *err)
{
	struct xb_pcapng_shb shb = {
		.hdr.type = XB_PCAPNG_SHB,
		.byte_order = XB_PCAPNG_BYTE_ORDER,
		.major = XB_PCAPNG_MAJOR,
		.section_len_lo = UINT32_MAX, /* -1: not known */
		.section_len_hi = UINT32_MAX,
	};
	size_t len = sizeof(shb) + str_room(opts->comment) + str_room(opts->app) + OPT_HDR +
	             XB_PCAPNG_TRAILER_BYTES;
	u8 *p = xb_writer_room(w, len, err);

	if (!p)
		return -1;
	shb.hdr.total_len = (u32)len;
	memcpy(p, &shb, sizeof(shb));
	p = put_str(p + sizeof(shb), XB_PCAPNG_OPT_COMMENT, opts->comment);
	p = put_str(p, XB_PCAPNG_SHB_USERAPPL, opts->app);
	complete(w, put_end(p), len);
	return 0;
}

static int
pcapng_interface(struct xb_writer *w, const struct xb_writer_iface *iface, struct xb_err *err)
{
	const u8 tsresol = TSRESOL_NS;
	struct xb_pcapng_idb idb = {
		.hdr.type = XB_PCAPNG_IDB,
		.linktype = iface->linktype,
		.snaplen = iface->snaplen,
	};
	size_t len = sizeof(idb) + str_room(iface->name) + str_room(iface->description) +
	             opt_room(sizeof(tsresol)) + OPT_HDR + XB_PCAPNG_TRAILER_BYTES;
	u8 *p = xb_writer_room(w, len, err);

	if (!p)
		return -1;
	idb.hdr.total_len = (u32)len;
	memcpy(p, &idb, sizeof(idb));
	p = put_str(p + sizeof(idb), XB_PCAPNG_IF_NAME, iface->name);
	p = put_str(p, XB_PCAPNG_IF_DESCRIPTION, iface->description);
	p = put_opt(p, XB_PCAPNG_IF_TSRESOL, &tsresol, sizeof(tsresol));
	complete(w, put_end(p), len);
	return 0;
}

/* Legend: bytes of the option's value. */
#define HASH_LEN    (1 + 4)
#define VERDICT_LEN (1 + 8)

/* Room for a packet's options, 0 where it has none. */
static u64
packet_opts_room(const struct xb_out_packet *pkt)
{
	const u32 has = pkt->meta.has;
	u64 len = 0;

	if (has & XB_PACKET_FLAGS)
		len += opt_room(4);
	if (has & XB_PACKET_HASH)
		len += opt_room(HASH_LEN);
	if (has & XB_PACKET_ID)
		len += opt_room(8);
	if (has & XB_PACKET_QUEUE)
		len += opt_room(4);
	if (has & XB_PACKET_VERDICT)
		len += opt_room(VERDICT_LEN);
	for (u32 i = 0; i < pkt->comment_cnt; i++)
		len += opt_room(text_len(pkt->comments[i].text, pkt->comments[i].len));
	return len ? len + OPT_HDR : 0;
}

static u8 *
put_typed(u8 *p, u16 code, u8 type, const void *value, u32 len)
{
	u8 data[VERDICT_LEN];

	data[0] = type;
	memcpy(data + 1, value, len);
	return put_opt(p, code, data, 1 + len);
}

static u8 *
put_packet_opts(u8 *p, const struct xb_out_packet *pkt)
{
	const struct xb_packet_meta *m = &pkt->meta;

	for (u32 i = 0; i < pkt->comment_cnt; i++)
		p = put_opt(p, XB_PCAPNG_OPT_COMMENT, pkt->comments[i].text,
		            text_len(pkt->comments[i].text, pkt->comments[i].len));
	if (m->has & XB_PACKET_FLAGS)
		p = put_u32(p, XB_PCAPNG_EPB_FLAGS, m->flags);
	if (m->has & XB_PACKET_HASH)
		p = put_typed(p, XB_PCAPNG_EPB_HASH, m->hash_type, &m->hash, sizeof(m->hash));
	if (m->has & XB_PACKET_ID)
		p = put_u64(p, XB_PCAPNG_EPB_PACKETID, m->packet_id);
	if (m->has & XB_PACKET_QUEUE)
		p = put_u32(p, XB_PCAPNG_EPB_QUEUE, m->queue);
	if (m->has & XB_PACKET_VERDICT)
		p = put_typed(p, XB_PCAPNG_EPB_VERDICT, m->verdict_type, &m->verdict,
		              sizeof(m->verdict));
	return put_end(p);
}

static int
pcapng_packet(struct xb_writer *w, const struct xb_out_packet *pkt, struct xb_err *err)
{
	const u32 padded = (u32)xb_align_up(pkt->caplen, 4);
	const u64 opts_room = packet_opts_room(pkt);
	const u64 len = sizeof(struct xb_pcapng_epb) + padded + opts_room + XB_PCAPNG_TRAILER_BYTES;
	const struct xb_pcapng_epb epb = {
		.hdr = { .type = XB_PCAPNG_EPB, .total_len = (u32)len },
		.if_id = pkt->if_id,
		.ts_hi = (u32)(pkt->ts_ns >> 32),
		.ts_lo = (u32)pkt->ts_ns,
		.caplen = pkt->caplen,
		.len = pkt->len,
	};
	u8 *p = xb_writer_room(w, len, err);

	if (XB_UNLIKELY(!p))
		return -1;
	memcpy(p, &epb, sizeof(epb));
	p += sizeof(epb);
	if (padded) {
		xb_st32(p + padded - 4, 0);
		memcpy(p, pkt->data, pkt->caplen);
	}
	p += padded;
	if (opts_room)
		p = put_packet_opts(p, pkt);
	complete(w, p, len);
	return 0;
}

static int
write_stats(struct xb_writer *w, u32 if_id, const struct xb_writer_stats *stats, struct xb_err *err)
{
	const size_t len =
	        sizeof(struct xb_pcapng_isb) + 2 * opt_room(8) + OPT_HDR + XB_PCAPNG_TRAILER_BYTES;
	const struct xb_pcapng_isb isb = {
		.hdr = { .type = XB_PCAPNG_ISB, .total_len = (u32)len },
		.if_id = if_id,
		.ts_hi = (u32)(w->last_ts_ns >> 32),
		.ts_lo = (u32)w->last_ts_ns,
	};
	u8 *p = xb_writer_room(w, len, err);

	if (!p)
		return -1;
	memcpy(p, &isb, sizeof(isb));
	p = put_u64(p + sizeof(isb), XB_PCAPNG_ISB_IFRECV, stats->received);
	p = put_u64(p, XB_PCAPNG_ISB_IFDROP, stats->dropped);
	complete(w, put_end(p), len);
	return 0;
}

static int
pcapng_finish(struct xb_writer *w, struct xb_err *err)
{
	for (u32 i = 0; i < w->iface_cnt; i++)
		if (w->ifaces[i].has_stats && write_stats(w, i, &w->ifaces[i].stats, err))
			return -1;
	return 0;
}

static size_t
pcapng_block_len(const u8 *data, u64 off)
{
	(void)off;
	return xb_ld32(data + offsetof(struct xb_pcapng_hdr, total_len));
}

const struct xb_writer_ops xb_writer_pcapng = {
	.start = pcapng_start,
	.interface = pcapng_interface,
	.packet = pcapng_packet,
	.finish = pcapng_finish,
	.block_len = pcapng_block_len,
};
