/* SPDX-License-Identifier: BSD-2-Clause */
/* write_ctx.bpf.c - writes to the context, which XDP programs may only read. */
#include "packet.h"

SEC("xdp")
int
xdp_write_ctx(struct xdp_md *ctx)
{
	*(volatile __u32 *)&ctx->data_end = 0;
	return XDP_PASS;
}
