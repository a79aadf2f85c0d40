/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame.h - builds packets front to back: each layer_*() appends a header, frame_end() fills in
 * lengths and checksums. For the capture generator.
 */
#ifndef XB_TESTS_CAPTURES_FRAME_H
#define XB_TESTS_CAPTURES_FRAME_H

#include "vm/types.h"

#define FRAME_MAX_BYTES 10000
#define FRAME_NONE      0xffffffffu

struct frame {
	u8 data[FRAME_MAX_BYTES];
	u32 bytes;
	u32 ip_off, ip6_off, l4_off; /* of the last one of each; FRAME_NONE: there is none */
	u8 l4_proto;
	bool keep_csum; /* leave the layer 4 checksum as it is */
};

/* Starts a frame: two MAC addresses 02:00:00:00:00:xx and an Ethernet type. */
void frame_eth(struct frame *f, u8 dst, u8 src, u16 type);

/* A tag behind what was written last: 802.1Q's four bytes, of which `type` names what follows. */
void frame_vlan(struct frame *f, u16 tci, u16 type);

struct ip4_opts {
	const char *src, *dst; /* dotted; NULL: 10.0.0.1 and 10.0.0.2 */
	u8 proto;
	u8 tos;
	u8 ttl;       /* 0: 64 */
	u16 id, frag; /* flags and offset as on the wire */
	const u8 *options;
	u32 option_bytes; /* a multiple of 4, up to 40 */
};
void frame_ip4(struct frame *f, const struct ip4_opts *opts);

/* An IPv6 header; `next` is the first header behind it. */
void frame_ip6(struct frame *f, const char *src, const char *dst, u8 next, u8 hops);

/* An extension header of 8 * (units + 1) bytes that leads to `next` (units of 4 bytes for AH). */
void frame_ext6(struct frame *f, u8 type, u8 next, u8 units, u8 l4);

void frame_udp(struct frame *f, u16 sport, u16 dport);
void frame_tcp(struct frame *f, u16 sport, u16 dport, u32 seq, u32 ack, u8 flags);
/* The options, a multiple of 4 bytes, of the TCP header that was written last. */
void frame_tcp_options(struct frame *f, const void *options, u32 bytes);

void frame_icmp(struct frame *f, u8 type, u8 code, u16 id, u16 seq);

void frame_bytes(struct frame *f, const void *data, u32 bytes);
void frame_text(struct frame *f, const char *text);

/* Appends a pattern until the frame has `bytes`. */
void frame_fill(struct frame *f, u32 bytes);

/* Lengths and checksums. */
void frame_end(struct frame *f);

#endif
