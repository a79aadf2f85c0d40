/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint.h - checksums and lengths that were right before a program rewrote a packet, and lie after.
 *
 * Walked are Ethernet, two VLAN tags, IPv4 with options, IPv6 with extension headers, TCP, UDP,
 * ICMP and ICMPv6, and the same again inside IP-in-IP, GRE, VXLAN, Geneve and SRv6, four levels
 * deep. A finding tells of any level.
 *
 * The packet after the program is judged as what it is then, whatever it was before. It is held
 * against the packet before by class: lengths, the IPv4 header's checksum, transport checksums. A
 * class that was wrong before, at any level and in any protocol, is not spoken of: a sender's
 * offload leaves such packets in captures. Nor is one that hid before: all of them where there was
 * no IP header to be seen, transport checksums in a fragment, in a packet that the capture cut
 * short, behind a length that was wrong, and of a header that was not whole. What no walk reaches
 * (inside of ESP, of GTP-U) is not asked for. A header that was simply not there (the outer one of
 * a tunnel, IPv4's where there was IPv6) counts as right.
 *
 * Right are:
 * - a frame longer than its IP packet: padding, or a trailer;
 * - UDP's checksum 0 over IPv4, and over IPv6 for the ports of tunnels (RFC 6935, RFC 6936);
 * - the pseudo-header's folded sum in place of a partial checksum, and around it the outer checksum
 *   that holds once the inner one is finished;
 * - in a packet that the capture cut short: an outer length that ends with what was captured, as a
 *   program has to write it;
 * - any length that is 0 for being too big for its field (RFC 2675's jumbograms, BIG TCP).
 */
#ifndef XB_BENCH_LINT_H
#define XB_BENCH_LINT_H

#include "vm/types.h"

/* Names for machines; what a warning says is wrong. */
#define XB_LINT_KINDS(X)                                                                           \
	X(IP_LEN, "ip_length", "IP length")                                                        \
	X(UDP_LEN, "udp_length", "UDP length")                                                     \
	X(IP_CSUM, "ip_checksum", "IPv4 header checksum")                                          \
	X(TCP_CSUM, "tcp_checksum", "TCP checksum")                                                \
	X(UDP_CSUM, "udp_checksum", "UDP checksum")                                                \
	X(ICMP_CSUM, "icmp_checksum", "ICMP checksum")

enum xb_lint_kind {
#define X(kind, name, words) XB_LINT_##kind,
	XB_LINT_KINDS(X)
#undef X
	        XB_LINT_KIND_CNT,
};

/* A set of findings. */
#define XB_LINT_BIT(kind) (1u << (kind))

extern const char *const xb_lint_names[XB_LINT_KIND_CNT];
extern const char *const xb_lint_words[XB_LINT_KIND_CNT];

/* A packet, from its Ethernet header on. */
struct xb_lint_in {
	const u8 *data;
	u32 caplen; /* bytes at `data` */
	u32 len;    /* bytes on the wire; more than caplen where the capture cut the packet short */
	/*
	 * The transport checksum is partial (CHECKSUM_PARTIAL): the field at csum_start +
	 * csum_offset holds the pseudo-header's sum. csum_start counts from `data`.
	 */
	bool partial;
	u32 csum_start;
	u32 csum_offset;
};

/* What the program made wrong. For packets that differ: where they do not, the answer is 0. */
u32 xb_lint(const struct xb_lint_in *before, const struct xb_lint_in *after);

/* What is wrong with one packet. */
u32 xb_lint_packet(const struct xb_lint_in *in);

#endif
