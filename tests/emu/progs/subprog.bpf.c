/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions: static, global, by address; and several programs in one object. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static __attribute__((noinline)) int
twice(int x)
{
	asm volatile("" : "+r"(x));
	return 2 * x;
}

__attribute__((noinline)) int
plus_three(int x)
{
	asm volatile("" : "+r"(x));
	return twice(x) + 3;
}

static long
add_index(__u32 i, void *sum)
{
	*(long *)sum += i;
	return 0;
}

SEC("xdp")
int
calls(struct xdp_md *ctx)
{
	return plus_three(twice(5));
}

SEC("xdp")
int
by_address(struct xdp_md *ctx)
{
	long sum = 0;

	bpf_loop(10, add_index, &sum, 0);
	return (int)sum;
}

SEC("xdp")
int
alone(struct xdp_md *ctx)
{
	return 11;
}

char _license[] SEC("license") = "GPL";
