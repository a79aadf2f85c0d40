/* SPDX-License-Identifier: BSD-2-Clause */
/* strtol.bpf.c - reads "GET /<number>" from TCP payloads (bpf_strtol, bpf_strtoul, bpf_strncmp). */
#include "packet.h"

__s64 number, length;
__u64 hex;
__s64 cmp, bad, range;

static const char wanted[] = "GET /";

SEC("xdp")
int
xdp_strtol(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	char text[24] = {};
	struct iphdr *ip;
	long n = 0;
	unsigned long u = 0;
	__u64 off;

	if (take_l2(&c) != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	ip = take_ip4(&c);
	if (!ip || ip->protocol != IPPROTO_TCP || !take_tcp(&c))
		return XDP_PASS;
	off = c.pos - (void *)(long)ctx->data;
	asm volatile("" : "+r"(off)); /* 64 bits wide: pointers have no 32-bit difference */
	if (bpf_xdp_load_bytes(ctx, (__u32)off, text, sizeof(text) - 1))
		return XDP_PASS;
	cmp = bpf_strncmp(text, 5, wanted);
	if (cmp)
		return XDP_PASS;
	length = bpf_strtol(text + 5, sizeof(text) - 6, 0, &n);
	number = n;
	length += bpf_strtoul(text + 5, sizeof(text) - 6, 16, &u);
	hex = u;
	bad = bpf_strtol("zebra", 5, 10, &n);
	range = bpf_strtol("99999999999999999999", 20, 10, &n);
	return length > 0 ? XDP_TX : XDP_DROP;
}
