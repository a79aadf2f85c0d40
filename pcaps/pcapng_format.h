/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapng_format.h - the layout of pcapng files, for reader, writer and tests.
 *
 * Blocks: type, total length, body, total length again, all multiples of 4 bytes. A section header
 * says the byte order of all that follows up to the next one. cf. draft-ietf-opsawg-pcapng.
 */
#ifndef XB_PCAPS_PCAPNG_FORMAT_H
#define XB_PCAPS_PCAPNG_FORMAT_H

#include "vm/types.h"

enum xb_pcapng_block {
	XB_PCAPNG_IDB = 1,          /* interface description */
	XB_PCAPNG_PB = 2,           /* packet, obsolete */
	XB_PCAPNG_SPB = 3,          /* simple packet */
	XB_PCAPNG_ISB = 5,          /* interface statistics */
	XB_PCAPNG_EPB = 6,          /* enhanced packet */
	XB_PCAPNG_SHB = 0x0a0d0d0a, /* section header, the same in both byte orders */
};

#define XB_PCAPNG_BYTE_ORDER 0x1a2b3c4du
#define XB_PCAPNG_MAJOR      1

enum xb_pcapng_opt {
	XB_PCAPNG_OPT_END = 0,
	XB_PCAPNG_OPT_COMMENT = 1,
	XB_PCAPNG_SHB_USERAPPL = 4,
	XB_PCAPNG_IF_NAME = 2,
	XB_PCAPNG_IF_DESCRIPTION = 3,
	XB_PCAPNG_IF_TSRESOL = 9,
	XB_PCAPNG_IF_TSOFFSET = 14,
	XB_PCAPNG_EPB_FLAGS = 2,
	XB_PCAPNG_EPB_HASH = 3,
	XB_PCAPNG_EPB_PACKETID = 5,
	XB_PCAPNG_EPB_QUEUE = 6,
	XB_PCAPNG_EPB_VERDICT = 7,
	XB_PCAPNG_ISB_IFRECV = 4,
	XB_PCAPNG_ISB_IFDROP = 5,
};

/* A block that must be held in memory as a whole is at most this long. cf. libpcap's limit. */
#define XB_PCAPNG_BLOCK_MAX (16u << 20)

struct xb_pcapng_hdr {
	u32 type;
	u32 total_len;
};

#define XB_PCAPNG_TRAILER_BYTES 4u
#define XB_PCAPNG_BLOCK_MIN     12u

struct xb_pcapng_shb {
	struct xb_pcapng_hdr hdr;
	u32 byte_order;
	u16 major;
	u16 minor;
	u32 section_len_lo;
	u32 section_len_hi;
};

struct xb_pcapng_idb {
	struct xb_pcapng_hdr hdr;
	u16 linktype;
	u16 reserved;
	u32 snaplen;
};

struct xb_pcapng_epb {
	struct xb_pcapng_hdr hdr;
	u32 if_id;
	u32 ts_hi;
	u32 ts_lo;
	u32 caplen;
	u32 len;
};

struct xb_pcapng_pb {
	struct xb_pcapng_hdr hdr;
	u16 if_id;
	u16 drops;
	u32 ts_hi;
	u32 ts_lo;
	u32 caplen;
	u32 len;
};

struct xb_pcapng_spb {
	struct xb_pcapng_hdr hdr;
	u32 len;
};

struct xb_pcapng_isb {
	struct xb_pcapng_hdr hdr;
	u32 if_id;
	u32 ts_hi;
	u32 ts_lo;
};

struct xb_pcapng_opt_hdr {
	u16 code;
	u16 len;
};

_Static_assert(sizeof(struct xb_pcapng_shb) == 24, "as in the file");
_Static_assert(sizeof(struct xb_pcapng_idb) == 16, "as in the file");
_Static_assert(sizeof(struct xb_pcapng_epb) == 28, "as in the file");
_Static_assert(sizeof(struct xb_pcapng_pb) == sizeof(struct xb_pcapng_epb), "read alike");
_Static_assert(sizeof(struct xb_pcapng_spb) == 12, "as in the file");
_Static_assert(sizeof(struct xb_pcapng_isb) == 20, "as in the file");

#endif
