/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcap_format.h - the layout of pcap files, for reader, writer and tests.
 *
 * A file header, then records: a record header and the packet's bytes, without padding. Everything
 * is in the byte order of the machine that wrote the file. cf. pcap-savefile(5).
 */
#ifndef XB_PCAPS_PCAP_FORMAT_H
#define XB_PCAPS_PCAP_FORMAT_H

#include "vm/types.h"

#define XB_PCAP_MAGIC_US       0xa1b2c3d4u
#define XB_PCAP_MAGIC_NS       0xa1b23c4du
#define XB_PCAP_MAGIC_MODIFIED 0xa1b2cd34u /* microseconds, a longer record header */

#define XB_PCAP_MAJOR 2
#define XB_PCAP_MINOR 4

/* The low half of the last field is the link type, the high one says whether packets end in an FCS.
 */
#define XB_PCAP_LINKTYPE_MASK 0xffffu

struct xb_pcap_file_hdr {
	u32 magic;
	u16 major;
	u16 minor;
	u32 zone;
	u32 accuracy;
	u32 snaplen;
	u32 linktype;
};

struct xb_pcap_rec_hdr {
	u32 sec;
	u32 frac;
	u32 caplen;
	u32 len;
};

/* Bytes that the modified format adds to a record header. */
#define XB_PCAP_MODIFIED_BYTES 8

_Static_assert(sizeof(struct xb_pcap_file_hdr) == 24, "as in the file");
_Static_assert(sizeof(struct xb_pcap_rec_hdr) == 16, "as in the file");

#endif
