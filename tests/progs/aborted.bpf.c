/* SPDX-License-Identifier: BSD-2-Clause */
/* aborted.bpf.c - return values that programs should not give: 0, and numbers that are no action.
 */
#include "packet.h"

SEC("xdp")
int
xdp_aborted(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data;

	if (bytes < 60)
		return XDP_ABORTED;
	return bytes & 1 ? -1 : 77;
}
