/* SPDX-License-Identifier: BSD-2-Clause */
/* write_past_packet.bpf.c - writes the byte behind the packet. */
#include "packet.h"

SEC("xdp")
int
xdp_write_past_packet(struct xdp_md *ctx)
{
	*(volatile __u8 *)(long)ctx->data_end = 1;
	return XDP_PASS;
}
