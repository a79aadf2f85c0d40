/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet.h - one packet of a capture, as the reader hands it out, and what a capture says about it.
 *
 * The packet borrows everything it points to: data, options and comments are valid until the next
 * call on the reader that filled it, or as long as its block is held (reader.h).
 */
#ifndef XB_PCAPS_PACKET_H
#define XB_PCAPS_PACKET_H

#include "vm/types.h"

/* Which fields of struct xb_packet_meta hold a value. */
enum xb_packet_has {
	XB_PACKET_FLAGS = 1 << 0,
	XB_PACKET_ID = 1 << 1,
	XB_PACKET_QUEUE = 1 << 2,
	XB_PACKET_VERDICT = 1 << 3,
	XB_PACKET_HASH = 1 << 4,
};

/* Directions in the low two bits of `flags` (epb_flags). */
#define XB_PACKET_DIR_MASK     3u
#define XB_PACKET_DIR_INBOUND  1u
#define XB_PACKET_DIR_OUTBOUND 2u

/* Who gave the verdict: the first byte of epb_verdict. */
enum xb_verdict_type {
	XB_VERDICT_HARDWARE = 0,
	XB_VERDICT_TC = 1,  /* value: TC_ACT_* */
	XB_VERDICT_XDP = 2, /* value: XDP_* */
};

/*
 * What pcapng options say of a packet; pcap has none of it. A field without its bit in `has` is
 * zero when read, and is not written.
 */
struct xb_packet_meta {
	u32 has;         /* enum xb_packet_has */
	u32 flags;       /* epb_flags */
	u32 queue;       /* epb_queue: receive queue */
	u8 verdict_type; /* enum xb_verdict_type */
	u8 hash_type;    /* epb_hash: algorithm, 5 is Toeplitz */
	u64 packet_id;   /* epb_packetid */
	u64 verdict;     /* epb_verdict: the action; bits beyond its length are zero */
	u32 hash;        /* epb_hash: its first four bytes, section's byte order */
};

struct xb_packet {
	u64 n;     /* 1 for the capture's first packet */
	u64 ts_ns; /* since the epoch; finer resolutions are cut off */
	const u8 *data;
	u32 caplen;     /* bytes at `data` */
	u32 len;        /* bytes on the wire; a capture may claim fewer than caplen */
	u32 if_idx;     /* interface: counted over the whole file, from 0; see xb_reader_iface */
	u16 linktype;   /* LINKTYPE_*, as in the file (not libpcap's DLT_*) */
	bool swapped;   /* the section is big-endian */
	u32 opts_len;   /* bytes at `opts` */
	const u8 *opts; /* the packet block's options as they stand, NULL where there are none */
	struct xb_packet_meta meta;
	const char *comment; /* the first comment, not terminated; NULL where there is none */
	u32 comment_len;
};

/*
 * The comment that follows the `*off`-th byte of the packet's options; start with *off 0. Returns
 * NULL after the last one. *len is its length in bytes; it is UTF-8 by the standard, and not
 * terminated.
 */
const char *xb_packet_comment_next(const struct xb_packet *pkt, u32 *off, u32 *len);

#endif
