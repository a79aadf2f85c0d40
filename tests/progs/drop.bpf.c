/* SPDX-License-Identifier: BSD-2-Clause */
/* drop.bpf.c - every packet ends here. */
#include "packet.h"

SEC("xdp")
int
xdp_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}
