/* SPDX-License-Identifier: BSD-2-Clause */
/* parser.bpf.c - a five-tuple parser, which drops one port. */
#include "parse.h"

SEC("xdp")
int
parser(struct xdp_md *ctx)
{
	struct tuple t = {};

	if (parse(ctx, &t))
		return XDP_PASS;
	return t.dport == bpf_htons(23) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "GPL";
