/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lint_packet.h - packets from a line of words, "eth ip4 tcp", with all lengths and checksums
 * right.
 *
 * A packet is a stack of headers and 40 bytes of payload. Checksums are formed as RFC 1071 writes
 * them down, 16 bits at a time: none of the tool's arithmetic is in here.
 */
#ifndef XB_TESTS_BENCH_LINT_PACKET_H
#define XB_TESTS_BENCH_LINT_PACKET_H

#include "bench/lint.h"

#define IP_LEN    XB_LINT_BIT(XB_LINT_IP_LEN)
#define UDP_LEN   XB_LINT_BIT(XB_LINT_UDP_LEN)
#define IP_CSUM   XB_LINT_BIT(XB_LINT_IP_CSUM)
#define TCP_CSUM  XB_LINT_BIT(XB_LINT_TCP_CSUM)
#define UDP_CSUM  XB_LINT_BIT(XB_LINT_UDP_CSUM)
#define ICMP_CSUM XB_LINT_BIT(XB_LINT_ICMP_CSUM)

#define PKT_LAYERS 12

struct pkt {
	u8 bytes[768];
	u32 len;
	u32 layer_cnt;
	const struct layer *layers[PKT_LAYERS];
	u32 at[PKT_LAYERS]; /* where each begins */
};

/*
 * eth vlan qinq arp; ip4 ip4opt (8 bytes of options) ip4frag (a first fragment) ip4rest (a later
 * one); ip6; hbh dst ah frag (a first fragment) atomic (a fragment that is all there is) srh (two
 * segments, one left) rt0 (the same); tcp udp udp0 (no checksum) icmp icmp6 esp; gre grekey; vxlan
 * (UDP and VXLAN) vxlan0 geneve. Fails the test on any other word.
 */
void pkt_build(struct pkt *p, const char *words);

/* The word that a layer was made of. */
const char *pkt_word(const struct pkt *p, u32 layer);

/* Puts the pseudo-header's sum in place of the checksum of a layer of TCP or UDP. */
void pkt_make_partial(struct pkt *p, u32 layer);

/* Where the checksum of a layer stands in it. */
u32 pkt_csum_offset(const struct pkt *p, u32 layer);

/* Packets of every form that the lint knows, and what of it is wrong once the last byte is. */
struct pkt_stack {
	const char *words;
	u32 payload;
};
extern const struct pkt_stack pkt_stacks[];
extern const u32 pkt_stack_cnt;

#endif
