/* SPDX-License-Identifier: BSD-2-Clause */
/* out_of_frame.bpf.c - writes below its stack frame of 512 bytes, by an index that nobody checked.
 */
#include "packet.h"

SEC("xdp")
int
xdp_out_of_frame(struct xdp_md *ctx)
{
	volatile __u8 local[16] = {};
	volatile long i = -600;

	local[i] = 1;
	return local[0] ? XDP_PASS : XDP_DROP;
}
