/* SPDX-License-Identifier: BSD-2-Clause */
/* tc_parser.bpf.c - parser.bpf.c for TC: a five-tuple parser, which drops one port. */
#include "parse.h"

#include <linux/pkt_cls.h>

SEC("tc")
int
tc_parser(struct __sk_buff *skb)
{
	struct tuple t = {};

	if (parse(skb, &t))
		return TC_ACT_OK;
	return t.dport == bpf_htons(23) ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
