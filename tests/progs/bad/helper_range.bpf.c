/* SPDX-License-Identifier: BSD-2-Clause */
/* helper_range.bpf.c - hands a helper more bytes than its buffer has. */
#include "packet.h"

SEC("xdp")
int
xdp_helper_range(struct xdp_md *ctx)
{
	__u8 local[8];
	volatile __u32 n = 600;

	return bpf_xdp_load_bytes(ctx, 0, local, n) ? XDP_DROP : local[0];
}
