/* SPDX-License-Identifier: BSD-2-Clause */
/* parse.h - the five-tuple of a packet, as every filter and load balancer starts. */
#ifndef XB_TESTS_PERF_PARSE_H
#define XB_TESTS_PERF_PARSE_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct tuple {
	__u32 saddr[4];
	__u32 daddr[4];
	__be16 sport, dport;
	__u8 proto, family, pad[2];
};

/* Fills *t from an xdp_md or __sk_buff; 0, or -1 where the packet is not IP or is cut short. */
#define parse(ctx, t) parse_bytes((void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end, t)

static __always_inline int
parse_bytes(void *data, void *end, struct tuple *t)
{
	struct ethhdr *eth = data;
	__be16 *ports, proto;
	void *l3 = eth + 1;

	if (l3 > end)
		return -1;
	proto = eth->h_proto;
	if (proto == bpf_htons(ETH_P_8021Q)) {
		__be16 *tag = l3;

		if ((void *)(tag + 2) > end)
			return -1;
		proto = tag[1];
		l3 = tag + 2;
	}
	if (proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end || ip->ihl < 5)
			return -1;
		t->saddr[0] = ip->saddr;
		t->daddr[0] = ip->daddr;
		t->proto = ip->protocol;
		t->family = 4;
		ports = l3 + ip->ihl * 4;
	} else if (proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = l3;

		if ((void *)(ip + 1) > end)
			return -1;
		__builtin_memcpy(t->saddr, &ip->saddr, 16);
		__builtin_memcpy(t->daddr, &ip->daddr, 16);
		t->proto = ip->nexthdr;
		t->family = 6;
		ports = (void *)(ip + 1);
	} else {
		return -1;
	}
	if ((t->proto != IPPROTO_TCP && t->proto != IPPROTO_UDP) || (void *)(ports + 2) > end)
		return -1;
	t->sport = ports[0];
	t->dport = ports[1];
	return 0;
}

#endif
