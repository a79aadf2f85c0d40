/* SPDX-License-Identifier: BSD-2-Clause */
/* shifts.bpf.c - what RFC 9669 has a meaning for and Linux refuses: 32 bits shifted by 33, 64 by
 * 72, a division by the constant 0. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) __u64
wide(__u64 v)
{
	asm volatile("%0 <<= 72" : "+r"(v));
	return v;
}

SEC("xdp")
int
xdp_shifts(struct xdp_md *ctx)
{
	__u64 v = 6;

	asm volatile("r0 = %0; w0 >>= 33; %0 = r0" : "+r"(v)::"r0");
	return v == 3 && wide(v) == 0x300 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int
xdp_divides(struct xdp_md *ctx)
{
	__u64 v = 6;

	asm volatile("%0 /= 0" : "+r"(v));
	return v ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int
xdp_does_neither(struct xdp_md *ctx)
{
	return (ctx->ingress_ifindex << 31) / 7 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "GPL";
