/* SPDX-License-Identifier: BSD-2-Clause */
/* A program whose functions others replace. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

__attribute__((noinline)) int
first(struct xdp_md *ctx)
{
	volatile int ret = 1;

	return ctx ? ret : 0;
}

__attribute__((noinline)) int
second(struct xdp_md *ctx)
{
	volatile int ret = 10;

	return ctx ? ret : 0;
}

SEC("xdp")
int
dispatch(struct xdp_md *ctx)
{
	return first(ctx) + second(ctx);
}

char _license[] SEC("license") = "GPL";
