/* SPDX-License-Identifier: BSD-2-Clause */
/* endless.bpf.c - never returns. */
#include "packet.h"

volatile __u64 turns;

SEC("xdp")
int
xdp_endless(struct xdp_md *ctx)
{
	for (;;)
		turns++;
	return XDP_PASS;
}
