/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rss.h - receive side scaling: which queue a network card would put a packet into, so that a
 * flow's packets stay in order on one vCPU.
 *
 * The hash is Toeplitz's with the key that cards and drivers come with, over the addresses of IPv4
 * and IPv6, and over the ports of TCP, UDP and SCTP too where the packet is no fragment; its low
 * bits choose an entry of the indirection table, whose entries name the queues in turn.
 */
#ifndef XB_BENCH_RSS_H
#define XB_BENCH_RSS_H

#include "vm/types.h"

#define XB_RSS_INPUT_MAX 36u  /* bytes hashed: two IPv6 addresses and two ports */
#define XB_RSS_TABLE     128u /* entries of the indirection table */

/* Filled by xb_rss_init(), and read only from then on. */
struct xb_rss {
	u32 bytes[XB_RSS_INPUT_MAX][256]; /* the hash of each byte at each place */
	u8 table[XB_RSS_TABLE];           /* indirection: queues */
};

/* For 1 to 256 queues; those from 128 on get no packet by their hash. */
void xb_rss_init(struct xb_rss *rss, u32 queue_cnt);

/* The hash of at most XB_RSS_INPUT_MAX bytes. */
u32 xb_rss_toeplitz(const struct xb_rss *rss, const u8 *input, u32 bytes);

/* The hash of an Ethernet frame; 0 for what is neither IPv4 nor IPv6. VLAN tags are skipped. */
u32 xb_rss_hash(const struct xb_rss *rss, const u8 *frame, u32 bytes);

static inline u32
xb_rss_queue(const struct xb_rss *rss, u32 hash)
{
	return rss->table[hash % XB_RSS_TABLE];
}

#endif
