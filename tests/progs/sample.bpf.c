/* SPDX-License-Identifier: BSD-2-Clause */
/* sample.bpf.c - one packet in eight at random goes up the stack (bpf_get_prandom_u32). */
#include "packet.h"

__u64 taken;

SEC("xdp")
int
xdp_sample(struct xdp_md *ctx)
{
	if (bpf_get_prandom_u32() & 7)
		return XDP_DROP;
	taken++;
	return XDP_PASS;
}
