/* SPDX-License-Identifier: BSD-2-Clause */
/* redirect.bpf.c - odd frame lengths go out of the interface they came in by (bpf_redirect). */
#include "packet.h"

SEC("xdp")
int
xdp_redirect(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data;

	if (bytes & 1)
		return bpf_redirect(ctx->ingress_ifindex, 0);
	return bpf_redirect(ctx->ingress_ifindex, 1); /* flags are refused: XDP_ABORTED */
}
