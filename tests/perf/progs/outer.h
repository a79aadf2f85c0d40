/* SPDX-License-Identifier: BSD-2-Clause */
/* outer.h - the header of an IPv4 packet around another one. */
#ifndef XB_TESTS_PERF_OUTER_H
#define XB_TESTS_PERF_OUTER_H

#include "parse.h"

static __always_inline __u16
header_sum(struct iphdr *ip)
{
	__u16 *half = (void *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < (int)sizeof(*ip) / 2; i++)
		sum += half[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

/* Of a packet that holds `bytes` behind it. */
static __always_inline void
put_outer(struct iphdr *ip, __u16 bytes)
{
	*ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_IPIP,
		.tot_len = bpf_htons(bytes + sizeof(*ip)),
		.saddr = bpf_htonl(0xc0000201),
		.daddr = bpf_htonl(0xc0000202),
	};
	ip->check = header_sum(ip);
}

#endif
