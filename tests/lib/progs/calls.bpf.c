/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions, which relocations say where to find. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static __noinline int
add(int a, int b)
{
	asm volatile("" : "+r"(a));
	return a + b;
}

static __noinline int
mul(int a, int b)
{
	asm volatile("" : "+r"(a));
	return a * b;
}

SEC("xdp")
int
calls(struct xdp_md *ctx)
{
	return add(mul(2, 3), mul(4, 5));
}

char _license[] SEC("license") = "GPL";
