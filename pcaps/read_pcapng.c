/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_pcapng.c - pcapng files: sections of either byte order, interfaces, packet blocks.
 *
 * Blocks of other kinds are passed over. Options of a packet block that run past its end are left
 * alone, as they do not touch the packet; those of an interface are an error, as its timestamps
 * hang from them.
 */
#include "pcaps/link.h"
#include "pcaps/options_priv.h"
#include "pcaps/pcapng_format.h"
#include "pcaps/reader_priv.h"
#include "vm/bytes.h"

#include <string.h>

#define NS_PER_S 1000000000u

/* What the block at `in.cur` is, in host order. */
struct block {
	u32 type;
	u32 len; /* all of it */
};

static u32
get32(const struct xb_reader *r, u32 v)
{
	return XB_UNLIKELY(r->swapped) ? __builtin_bswap32(v) : v;
}

static u16
get16(const struct xb_reader *r, u16 v)
{
	return XB_UNLIKELY(r->swapped) ? __builtin_bswap16(v) : v;
}

static bool
pcapng_magic(const u8 *data, size_t len)
{
	return len >= 4 && xb_ld32(data) == XB_PCAPNG_SHB;
}

/* The length of the block must be a possible one, and stand at its end too. */
static int
need_block(struct xb_reader *r, const struct block *b, u32 min, struct xb_err *err)
{
	u32 again;

	if (XB_UNLIKELY(b->len < min + XB_PCAPNG_TRAILER_BYTES))
		return xb_reader_bad(r, err, "a length of %u bytes; its type has at least %u",
		                     b->len, min + XB_PCAPNG_TRAILER_BYTES);
	if (XB_UNLIKELY(b->len > XB_PCAPNG_BLOCK_MAX))
		return xb_reader_bad(r, err, "a length of %u bytes; at most %u are possible",
		                     b->len, XB_PCAPNG_BLOCK_MAX);
	if (XB_UNLIKELY(xb_reader_need(r, b->len, err)))
		return -1;
	again = get32(r, xb_ld32(r->in.cur + b->len - XB_PCAPNG_TRAILER_BYTES));
	if (XB_UNLIKELY(again != b->len))
		return xb_reader_bad(r, err, "a length of %u bytes at its begin, of %u at its end",
		                     b->len, again);
	return 0;
}

static int
section_begin(struct xb_reader *r, struct block *b, struct xb_err *err)
{
	struct xb_pcapng_shb shb;

	if (xb_reader_need(r, sizeof(shb), err))
		return -1;
	memcpy(&shb, r->in.cur, sizeof(shb));
	if (shb.byte_order != XB_PCAPNG_BYTE_ORDER &&
	    shb.byte_order != __builtin_bswap32(XB_PCAPNG_BYTE_ORDER))
		return xb_reader_bad(r, err, "a section without a byte-order magic");
	r->swapped = shb.byte_order != XB_PCAPNG_BYTE_ORDER;
	b->len = get32(r, shb.hdr.total_len);
	if (b->len % 4)
		return xb_reader_bad(r, err, "a length of %u bytes, not a multiple of 4", b->len);
	if (need_block(r, b, sizeof(shb), err))
		return -1;
	if (get16(r, shb.major) != XB_PCAPNG_MAJOR ||
	    (get16(r, shb.minor) != 0 && get16(r, shb.minor) != 2))
		return xb_reader_bad(r, err, "a section of version %u.%u; 1.0 can be read",
		                     get16(r, shb.major), get16(r, shb.minor));
	r->fmt.pcapng.section++;
	r->fmt.pcapng.first_iface = r->iface_cnt;
	return 0;
}

/* cf. draft-ietf-opsawg-pcapng, if_tsresol: a power of ten, or of two where the high bit is set. */
static struct xb_tsconv
tsconv(u8 resol, s64 offset_s)
{
	struct xb_tsconv ts = { .mul = 1, .div = 1, .off_ns = (u64)offset_s * NS_PER_S };
	u32 exp = resol & 0x7f;

	if (resol & 0x80) {
		ts.mul = NS_PER_S;
		ts.shift = exp;
	} else if (exp <= 9) {
		for (; exp < 9; exp++)
			ts.mul *= 10;
	} else if (exp <= 9 + 19) {
		for (; exp > 9; exp--)
			ts.div *= 10;
	} else {
		ts.div = 0;
	}
	ts.wide = ts.div != 1 || ts.shift;
	return ts;
}

static u64
ts_to_ns(const struct xb_tsconv *ts, u64 t)
{
	if (XB_LIKELY(!ts->wide))
		return t * ts->mul + ts->off_ns;
	if (!ts->div)
		return ts->off_ns;
	return (u64)(((unsigned __int128)t * ts->mul / ts->div) >> ts->shift) + ts->off_ns;
}

/* The options of an interface that matter here. */
struct iface_opts {
	const char *name;
	size_t name_len;
	u8 tsresol;
	s64 tsoffset_s;
};

static int
iface_opts(struct xb_reader *r, const u8 *data, u32 len, struct iface_opts *out, struct xb_err *err)
{
	struct xb_opt_iter it = xb_opt_iter_init(data, len, r->swapped);
	struct xb_opt opt;

	while (xb_opt_next(&it, &opt)) {
		if (opt.code == XB_PCAPNG_IF_NAME) {
			out->name = (const char *)opt.data;
			out->name_len = opt.len;
		} else if (opt.code == XB_PCAPNG_IF_TSRESOL) {
			if (opt.len != 1)
				return xb_reader_bad(r, err, "if_tsresol of %u bytes", opt.len);
			out->tsresol = opt.data[0];
		} else if (opt.code == XB_PCAPNG_IF_TSOFFSET) {
			if (opt.len != 8)
				return xb_reader_bad(r, err, "if_tsoffset of %u bytes", opt.len);
			out->tsoffset_s = (s64)xb_opt_u64(&opt, r->swapped);
		}
	}
	if (it.bad)
		return xb_reader_bad(r, err, "options that run past its end");
	return 0;
}

static int
interface(struct xb_reader *r, const struct block *b, struct xb_err *err)
{
	struct iface_opts opts = { .name = "", .tsresol = 6 };
	struct xb_reader_iface_rec rec;
	struct xb_pcapng_idb idb;

	if (need_block(r, b, sizeof(idb), err))
		return -1;
	memcpy(&idb, r->in.cur, sizeof(idb));
	if (iface_opts(r, r->in.cur + sizeof(idb), b->len - (u32)sizeof(idb) - 4, &opts, err))
		return -1;
	rec = (struct xb_reader_iface_rec){
		.pub.linktype = get16(r, idb.linktype),
		.pub.snaplen = get32(r, idb.snaplen),
		.pub.section = r->fmt.pcapng.section - 1,
		.ts = tsconv(opts.tsresol, opts.tsoffset_s),
	};
	rec.max_caplen = xb_link_max_caplen(rec.pub.linktype);
	return xb_reader_add_iface(r, &rec, opts.name, opts.name_len, err);
}

/* The packet's fields that all packet blocks have, from the interface on. `off`: where data begins.
 */
static int
set_packet(struct xb_reader *r, const struct block *b, struct xb_packet *pkt, u32 off,
           struct xb_err *err)
{
	u32 if_cnt = r->iface_cnt - r->fmt.pcapng.first_iface;
	const struct xb_reader_iface_rec *iface;
	u32 room = b->len - off - XB_PCAPNG_TRAILER_BYTES;

	if (XB_UNLIKELY(pkt->if_idx >= if_cnt))
		return xb_reader_bad(r, err, "interface %u of a section that has %u so far",
		                     pkt->if_idx, if_cnt);
	pkt->if_idx += r->fmt.pcapng.first_iface;
	iface = &r->ifaces[pkt->if_idx];
	if (XB_UNLIKELY(pkt->caplen > iface->max_caplen))
		return xb_reader_bad(r, err, "a packet of %u bytes; at most %u are possible",
		                     pkt->caplen, iface->max_caplen);
	if (XB_UNLIKELY(pkt->caplen > room))
		return xb_reader_bad(r, err, "a packet of %u bytes in a block with room for %u",
		                     pkt->caplen, room);
	pkt->ts_ns = ts_to_ns(&iface->ts, pkt->ts_ns);
	pkt->linktype = iface->pub.linktype;
	pkt->swapped = r->swapped;
	pkt->data = r->in.cur + off;
	pkt->n = ++r->packets;
	return 0;
}

/* What stands behind the packet's bytes and their padding. */
static void
set_options(const struct xb_reader *r, const struct block *b, struct xb_packet *pkt, u32 off)
{
	u32 used = off + (u32)xb_align_up(pkt->caplen, 4);

	if (XB_LIKELY(used >= b->len - XB_PCAPNG_TRAILER_BYTES))
		return;
	pkt->opts = r->in.cur + used;
	pkt->opts_len = b->len - XB_PCAPNG_TRAILER_BYTES - used;
	xb_packet_read_opts(pkt);
}

/* EPB, and PB: the same but for the interface's width. */
static int
packet(struct xb_reader *r, const struct block *b, struct xb_packet *pkt, struct xb_err *err)
{
	struct xb_packet tmp = { .n = 0 };
	struct xb_pcapng_epb epb;
	u32 if_id;

	if (need_block(r, b, sizeof(epb), err))
		return -1;
	memcpy(&epb, r->in.cur, sizeof(epb));
	if_id = get32(r, epb.if_id);
	if (XB_UNLIKELY(b->type == XB_PCAPNG_PB))
		if_id = get16(r, (u16)epb.if_id);
	tmp.if_idx = if_id;
	tmp.ts_ns = (u64)get32(r, epb.ts_hi) << 32 | get32(r, epb.ts_lo);
	tmp.caplen = get32(r, epb.caplen);
	tmp.len = get32(r, epb.len);
	if (set_packet(r, b, &tmp, sizeof(epb), err))
		return -1;
	set_options(r, b, &tmp, sizeof(epb));
	*pkt = tmp;
	return 1;
}

/* SPB: interface 0, no time, cut to the interface's snaplen. */
static int
simple_packet(struct xb_reader *r, const struct block *b, struct xb_packet *pkt, struct xb_err *err)
{
	struct xb_packet tmp = { .n = 0 };
	struct xb_pcapng_spb spb;
	u32 snaplen = 0;

	if (need_block(r, b, sizeof(spb), err))
		return -1;
	memcpy(&spb, r->in.cur, sizeof(spb));
	if (r->iface_cnt > r->fmt.pcapng.first_iface)
		snaplen = r->ifaces[r->fmt.pcapng.first_iface].pub.snaplen;
	tmp.len = get32(r, spb.len);
	tmp.caplen = snaplen && snaplen < tmp.len ? snaplen : tmp.len;
	if (set_packet(r, b, &tmp, sizeof(spb), err))
		return -1;
	tmp.ts_ns = 0;
	*pkt = tmp;
	return 1;
}

/* Another kind of block: only its length matters, and it may be longer than what fits in memory. */
static int
skip(struct xb_reader *r, const struct block *b, struct xb_err *err)
{
	u64 left = b->len - XB_PCAPNG_TRAILER_BYTES;
	u32 again;
	int ret = xb_input_skip(&r->in, left, err);

	if (ret > 0)
		ret = xb_input_need(&r->in, XB_PCAPNG_TRAILER_BYTES, err);
	if (ret < 0)
		return -1;
	if (!ret)
		return xb_reader_bad(r, err, "the file ends after %llu of %u bytes",
		                     (unsigned long long)(r->in.end_off - r->block_off), b->len);
	again = get32(r, xb_ld32(r->in.cur));
	if (again != b->len)
		return xb_reader_bad(r, err, "a length of %u bytes at its begin, of %u at its end",
		                     b->len, again);
	r->in.cur += XB_PCAPNG_TRAILER_BYTES;
	return 0;
}

/* Reads type and length of the next block. Returns 1; 0 at the end of the file; -1. */
static int
block_begin(struct xb_reader *r, struct block *b, struct xb_err *err)
{
	struct xb_pcapng_hdr hdr;

	if (XB_UNLIKELY(r->in.cur == r->in.end) && !xb_input_need(&r->in, 1, err))
		return 0;
	r->block++;
	r->block_off = xb_input_tell(&r->in);
	if (XB_UNLIKELY(xb_reader_need(r, XB_PCAPNG_BLOCK_MIN, err)))
		return -1;
	memcpy(&hdr, r->in.cur, sizeof(hdr));
	b->type = get32(r, hdr.type);
	b->len = get32(r, hdr.total_len);
	if (b->type == XB_PCAPNG_SHB)
		return section_begin(r, b, err) ? -1 : 1;
	if (XB_UNLIKELY(b->len % 4 || b->len < XB_PCAPNG_BLOCK_MIN))
		return xb_reader_bad(r, err, "a length of %u bytes, not a multiple of 4 from 12 on",
		                     b->len);
	return 1;
}

/* Returns 1: a packet; 0: another block; -1. Leaves the block behind, but for 'skip' which has. */
static int
block_body(struct xb_reader *r, const struct block *b, struct xb_packet *pkt, struct xb_err *err)
{
	int ret;

	switch (b->type) {
	case XB_PCAPNG_EPB:
	case XB_PCAPNG_PB:
		ret = packet(r, b, pkt, err);
		break;
	case XB_PCAPNG_SPB:
		ret = simple_packet(r, b, pkt, err);
		break;
	case XB_PCAPNG_IDB:
		ret = interface(r, b, err);
		break;
	case XB_PCAPNG_SHB:
		ret = 0;
		break;
	default:
		return skip(r, b, err);
	}
	if (ret >= 0)
		r->in.cur += b->len;
	return ret;
}

static int
pcapng_next(struct xb_reader *r, struct xb_packet *pkt, struct xb_err *err)
{
	struct block b;
	int ret;

	for (;;) {
		ret = block_begin(r, &b, err);
		if (XB_UNLIKELY(ret <= 0))
			return ret;
		ret = block_body(r, &b, pkt, err);
		if (XB_LIKELY(ret))
			return ret;
	}
}

/* The first section header. */
static int
pcapng_start(struct xb_reader *r, struct xb_err *err)
{
	struct xb_packet none;
	struct block b;

	r->fmt.pcapng.section = 0;
	if (block_begin(r, &b, err) < 0 || block_body(r, &b, &none, err) < 0)
		return -1;
	return 0;
}

const struct xb_reader_ops xb_reader_pcapng = {
	.name = "pcapng",
	.magic = pcapng_magic,
	.start = pcapng_start,
	.next = pcapng_next,
};
