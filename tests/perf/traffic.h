/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traffic.h - packets for benchmarks: a mix as a network sees it, the same in every run.
 *
 * 4,096 packets of 60 to 1514 bytes: IPv4 and IPv6, TCP and UDP, some with a VLAN tag, some ARP,
 * addresses and ports at random. Enough of them that no branch predictor learns the sequence.
 */
#ifndef XB_TESTS_PERF_TRAFFIC_H
#define XB_TESTS_PERF_TRAFFIC_H

#include "vm/types.h"

#define TRAFFIC_CNT       4096
#define TRAFFIC_MAX_BYTES 1514

struct traffic_packet {
	u32 bytes;
	u8 data[TRAFFIC_MAX_BYTES];
};

/* TRAFFIC_CNT packets on the heap, the caller's to free; NULL where there is no memory. */
struct traffic_packet *traffic_new(void);

/* Writes a microsecond pcap of `cnt` packets, the mix over and over. 0, or -1 with errno. */
int traffic_write(const char *path, const struct traffic_packet *mix, u32 cnt);

#endif
