/* SPDX-License-Identifier: BSD-2-Clause */
/* deep.bpf.c - calls itself until there is no frame left. */
#include "packet.h"

static __noinline int
down(__u32 n)
{
	volatile __u32 mine = n;

	return n ? down(n - 1) * 3 + mine : XDP_PASS;
}

SEC("xdp")
int
xdp_deep(struct xdp_md *ctx)
{
	return down(ctx->data_end);
}
