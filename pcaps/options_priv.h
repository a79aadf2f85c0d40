/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_priv.h - walking the options of a pcapng block.
 *
 * An option is a code, a length, and that many bytes, padded to four. The list ends with code 0, or
 * with the room for it.
 */
#ifndef XB_PCAPS_OPTIONS_PRIV_H
#define XB_PCAPS_OPTIONS_PRIV_H

#include "pcaps/packet.h"
#include "vm/bytes.h"

struct xb_opt_iter {
	const u8 *data;
	u32 len;
	u32 off;
	bool swapped;
	bool bad; /* an option ran past the end */
};

struct xb_opt {
	const u8 *data;
	u16 code;
	u16 len;
};

static inline struct xb_opt_iter
xb_opt_iter_init(const u8 *data, u32 len, bool swapped)
{
	return (struct xb_opt_iter){ .data = data, .len = len, .swapped = swapped };
}

/* The next option; false at the end of the list, and where it is damaged (it->bad). */
bool xb_opt_next(struct xb_opt_iter *it, struct xb_opt *opt);

/* The value of an option that has at least 4 or 8 bytes, which the caller has checked. */
static inline u32
xb_opt_u32(const struct xb_opt *opt, bool swapped)
{
	u32 v = xb_ld32(opt->data);

	return swapped ? __builtin_bswap32(v) : v;
}

static inline u64
xb_opt_u64(const struct xb_opt *opt, bool swapped)
{
	u64 v = xb_ld64(opt->data);

	return swapped ? __builtin_bswap64(v) : v;
}

/* Fills pkt->meta and the first comment from pkt->opts. Options of the wrong length are left out.
 */
void xb_packet_read_opts(struct xb_packet *pkt);

#endif
