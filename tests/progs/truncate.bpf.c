/* SPDX-License-Identifier: BSD-2-Clause */
/* truncate.bpf.c - cuts packets to 64 bytes, as a collector of headers wants them. */
#include "packet.h"

#define SNAP_BYTES 64

SEC("xdp.frags")
int
xdp_truncate(struct xdp_md *ctx)
{
	__u64 bytes = bpf_xdp_get_buff_len(ctx);

	if (bytes <= SNAP_BYTES)
		return XDP_PASS;
	if (bpf_xdp_adjust_tail(ctx, SNAP_BYTES - (int)bytes))
		return XDP_ABORTED;
	return XDP_TX;
}
