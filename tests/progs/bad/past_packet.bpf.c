/* SPDX-License-Identifier: BSD-2-Clause */
/* past_packet.bpf.c - reads a header without looking where the packet ends. */
#include "packet.h"

SEC("xdp")
int
xdp_past_packet(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	return *(volatile __u16 *)(end - 1) + *(__u8 *)data ? XDP_PASS : XDP_DROP;
}
