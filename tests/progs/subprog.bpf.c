/* SPDX-License-Identifier: BSD-2-Clause */
/* subprog.bpf.c - calls between functions: five arguments, pointers to the caller's stack, six
 * levels. */
#include "packet.h"

struct sums {
	__u64 a, b;
};

__u64 last_result;

static __noinline __u64
mix(__u64 a, __u64 b, __u64 c, __u64 d, __u64 e)
{
	return a * 3 + (b ^ c) - (d << 2) + e;
}

static __noinline void
collect(struct sums *sums, __u32 n)
{
	sums->a += mix(n, sums->b, 3, 4, 5);
	sums->b ^= mix(sums->a, n, 1, n, 2);
}

static __noinline __u64
level4(__u64 n)
{
	__u64 local[8] = { n, n + 1, n + 2 };

	for (int i = 3; i < 8; i++)
		local[i] = local[i - 1] * local[i - 2] + 1;
	return local[n & 7];
}

static __noinline __u64
level3(__u64 n)
{
	return level4(n) + level4(n + 1);
}

static __noinline __u64
level2(__u64 n)
{
	return level3(n) ^ level3(n * 5);
}

/* A global function: the verifier checks it on its own. */
__noinline int
verdict_of(__u64 n)
{
	return level2(n) & 1 ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int
xdp_subprog(struct xdp_md *ctx)
{
	struct sums sums = {};

	for (__u32 i = 0; i < 4; i++)
		collect(&sums, ctx->data_end - ctx->data + i);
	last_result = sums.a ^ sums.b;
	return verdict_of(sums.a);
}
