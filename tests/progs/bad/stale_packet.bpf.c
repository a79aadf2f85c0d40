/* SPDX-License-Identifier: BSD-2-Clause */
/* stale_packet.bpf.c - goes on with bytes that it gave away by adjust_tail. */
#include "packet.h"

SEC("xdp")
int
xdp_stale_packet(struct xdp_md *ctx)
{
	volatile __u8 *last = (void *)(long)ctx->data_end - 1;

	if (bpf_xdp_adjust_tail(ctx, -1))
		return XDP_DROP;
	return *last ? XDP_PASS : XDP_TX;
}
