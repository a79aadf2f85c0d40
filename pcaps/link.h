/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - link types: their names, and an Ethernet header for packets that have none.
 *
 * Numbers are those of capture files (LINKTYPE_*, www.tcpdump.org/linktypes.html); libpcap's own
 * DLT_* differ from them in a few rows.
 */
#ifndef XB_PCAPS_LINK_H
#define XB_PCAPS_LINK_H

#include "vm/err.h"
#include "vm/types.h"

enum xb_linktype {
	XB_LINKTYPE_NULL = 0,
	XB_LINKTYPE_ETHERNET = 1,
	XB_LINKTYPE_RAW_DLT = 12, /* BSD's and Linux's DLT_RAW, which many write into files */
	XB_LINKTYPE_RAW = 101,
	XB_LINKTYPE_LOOP = 108,
	XB_LINKTYPE_LINUX_SLL = 113,
	XB_LINKTYPE_IPV4 = 228,
	XB_LINKTYPE_IPV6 = 229,
	XB_LINKTYPE_LINUX_SLL2 = 276,
};

#define XB_LINK_NAME_LEN 64

/* How a link type becomes Ethernet. */
enum xb_link_kind {
	XB_LINK_UNSUPPORTED = 0,
	XB_LINK_ETHERNET, /* as it is */
	XB_LINK_MADE_UP,  /* its header is replaced by an Ethernet header that is made up */
};

/* The packet as Ethernet is hdr[0..hdr_len) and then its bytes from strip_bytes on. */
struct xb_link_ether {
	u8 hdr[14];
	u8 hdr_len; /* 0 or 14 */
	u8 strip_bytes;
};

/*
 * The name as libpcap has it ("EN10MB", "LINUX_SLL"); the number where it has none.
 */
const char *xb_link_name(u16 linktype, char buf[XB_LINK_NAME_LEN]);

/* libpcap's DLT_* for a LINKTYPE_*. */
int xb_link_to_dlt(u16 linktype);

/* The longest packet that a capture of this link type may hold, as libpcap has it: mostly 256 KiB.
 */
u32 xb_link_max_caplen(u16 linktype);

enum xb_link_kind xb_link_kind(u16 linktype);

/*
 * How the packet becomes Ethernet. MAC addresses that the capture does not know are made up: from
 * 02:00:00:00:00:02 to 02:00:00:00:00:01, or to the broadcast or multicast address that belongs to
 * the packet's type or destination.
 * Returns 0; 1 where this packet has no Ethernet form (shorter than its link header, or of a
 * protocol without an EtherType; err says which); -1 where the link type is not supported
 * (XB_ERR_FILE, names it). *out is untouched unless 0.
 */
int xb_link_to_ether(u16 linktype, const u8 *data, u32 caplen, struct xb_link_ether *out,
                     struct xb_err *err);

#endif
