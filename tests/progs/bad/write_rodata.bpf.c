/* SPDX-License-Identifier: BSD-2-Clause */
/* write_rodata.bpf.c - writes to a constant. */
#include "packet.h"

const volatile __u32 limit = 10;

SEC("xdp")
int
xdp_write_rodata(struct xdp_md *ctx)
{
	*(volatile __u32 *)&limit = 11;
	return XDP_PASS;
}
