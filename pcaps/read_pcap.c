/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_pcap.c - pcap files as libpcap reads them: either byte order, micro- and nanoseconds, the
 * modified format, and the old versions that have the two lengths the other way round.
 */
#include "pcaps/link.h"
#include "pcaps/pcap_format.h"
#include "pcaps/reader_priv.h"
#include "vm/bytes.h"

#include <string.h>

/* Whether records have `len` before `caplen`. */
enum xb_pcap_lengths {
	LENGTHS_STRAIGHT = 0,
	LENGTHS_SWAPPED, /* before version 2.3 */
	LENGTHS_EITHER,  /* version 2.3: caplen is the smaller one */
};

static const struct {
	u32 magic;
	u32 rec_hdr_bytes;
	u32 frac_mul;
} kinds[] = {
	{ XB_PCAP_MAGIC_US, sizeof(struct xb_pcap_rec_hdr), 1000 },
	{ XB_PCAP_MAGIC_NS, sizeof(struct xb_pcap_rec_hdr), 1 },
	{ XB_PCAP_MAGIC_MODIFIED, sizeof(struct xb_pcap_rec_hdr) + XB_PCAP_MODIFIED_BYTES, 1000 },
};

static u32
get32(const struct xb_reader *r, u32 v)
{
	return r->swapped ? __builtin_bswap32(v) : v;
}

static u16
get16(const struct xb_reader *r, u16 v)
{
	return r->swapped ? __builtin_bswap16(v) : v;
}

static bool
pcap_magic(const u8 *data, size_t len)
{
	u32 magic = len >= 4 ? xb_ld32(data) : 0;

	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++)
		if (magic == kinds[i].magic || magic == __builtin_bswap32(kinds[i].magic))
			return true;
	return false;
}

static void
set_kind(struct xb_reader *r, u32 magic)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(kinds); i++) {
		if (magic != kinds[i].magic && magic != __builtin_bswap32(kinds[i].magic))
			continue;
		r->swapped = magic != kinds[i].magic;
		r->fmt.pcap.rec_hdr_bytes = kinds[i].rec_hdr_bytes;
		r->fmt.pcap.frac_mul = kinds[i].frac_mul;
	}
}

static int
set_version(struct xb_reader *r, u32 major, u32 minor, struct xb_err *err)
{
	if (major == 543 && minor == 0) /* written so by one vendor's tool */
		r->fmt.pcap.lengths = LENGTHS_SWAPPED;
	else if (major != XB_PCAP_MAJOR || minor > XB_PCAP_MINOR)
		return xb_err_set(err, XB_ERR_FILE,
		                  "is a pcap of version %u.%u; versions 2.0 to 2.4 can be read",
		                  major, minor);
	else if (minor < 3)
		r->fmt.pcap.lengths = LENGTHS_SWAPPED;
	else
		r->fmt.pcap.lengths = minor == 3 ? LENGTHS_EITHER : LENGTHS_STRAIGHT;
	return 0;
}

static int
pcap_start(struct xb_reader *r, struct xb_err *err)
{
	struct xb_reader_iface_rec rec = { .pub = { .snaplen = 0 } };
	struct xb_pcap_file_hdr hdr;
	int ret = xb_input_need(&r->in, sizeof(hdr), err);

	if (ret < 0)
		return -1;
	if (!ret)
		return xb_err_set(err, XB_ERR_FILE, "the file ends in the pcap header, at byte %zu",
		                  (size_t)(r->in.end - r->in.cur));
	memcpy(&hdr, r->in.cur, sizeof(hdr));
	set_kind(r, hdr.magic);
	if (set_version(r, get16(r, hdr.major), get16(r, hdr.minor), err))
		return -1;
	rec.pub.linktype = (u16)(get32(r, hdr.linktype) & XB_PCAP_LINKTYPE_MASK);
	rec.pub.snaplen = get32(r, hdr.snaplen);
	rec.max_caplen = xb_link_max_caplen(rec.pub.linktype);
	r->fmt.pcap.snaplen = rec.pub.snaplen;
	if (!rec.pub.snaplen || rec.pub.snaplen > INT32_MAX)
		r->fmt.pcap.snaplen = rec.max_caplen;
	r->in.cur += sizeof(hdr);
	return xb_reader_add_iface(r, &rec, "", 0, err);
}

static bool
lengths_are_swapped(const struct xb_reader *r, const struct xb_pcap_rec_hdr *hdr)
{
	return r->fmt.pcap.lengths == LENGTHS_SWAPPED ||
	       (r->fmt.pcap.lengths == LENGTHS_EITHER && hdr->caplen > hdr->len);
}

static void
get_hdr(const struct xb_reader *r, struct xb_pcap_rec_hdr *hdr)
{
	u32 len;

	if (XB_UNLIKELY(r->swapped)) {
		hdr->sec = __builtin_bswap32(hdr->sec);
		hdr->frac = __builtin_bswap32(hdr->frac);
		hdr->caplen = __builtin_bswap32(hdr->caplen);
		hdr->len = __builtin_bswap32(hdr->len);
	}
	if (XB_UNLIKELY(lengths_are_swapped(r, hdr))) {
		len = hdr->caplen;
		hdr->caplen = hdr->len;
		hdr->len = len;
	}
}

/* Seconds are unsigned, and so last until 2106. */
static u64
get_ts(const struct xb_reader *r, const struct xb_pcap_rec_hdr *hdr)
{
	return (u64)hdr->sec * 1000000000u + (u64)hdr->frac * r->fmt.pcap.frac_mul;
}

static int
pcap_next(struct xb_reader *r, struct xb_packet *pkt, struct xb_err *err)
{
	const u32 hdr_bytes = r->fmt.pcap.rec_hdr_bytes;
	const u32 max = r->ifaces[0].max_caplen;
	struct xb_pcap_rec_hdr hdr;
	u32 caplen;

	if (XB_UNLIKELY(r->in.cur == r->in.end)) {
		int ret = xb_input_need(&r->in, 1, err);

		if (!ret)
			return 0;
	}
	r->block++;
	r->block_off = xb_input_tell(&r->in);
	if (XB_UNLIKELY(xb_reader_need(r, hdr_bytes, err)))
		return -1;
	memcpy(&hdr, r->in.cur, sizeof(hdr));
	get_hdr(r, &hdr);
	if (XB_UNLIKELY(hdr.caplen > max))
		return xb_reader_bad(r, err, "a length of %u bytes; at most %u are possible",
		                     hdr.caplen, max);
	if (XB_UNLIKELY(xb_reader_need(r, (size_t)hdr_bytes + hdr.caplen, err)))
		return -1;
	caplen = hdr.caplen < r->fmt.pcap.snaplen ? hdr.caplen : r->fmt.pcap.snaplen;
	*pkt = (struct xb_packet){
		.n = ++r->packets,
		.ts_ns = get_ts(r, &hdr),
		.data = r->in.cur + hdr_bytes,
		.caplen = caplen,
		.len = hdr.len,
		.linktype = r->ifaces[0].pub.linktype,
		.swapped = r->swapped,
	};
	r->in.cur += hdr_bytes + hdr.caplen;
	return 1;
}

const struct xb_reader_ops xb_reader_pcap = {
	.name = "pcap",
	.magic = pcap_magic,
	.start = pcap_start,
	.next = pcap_next,
};
