/* SPDX-License-Identifier: BSD-2-Clause */
/* clocks.bpf.c - every clock that a program may read, and whether they run forward. */
#include "packet.h"

__u64 mono, boot, coarse, ticks;
__u32 backwards;

SEC("xdp")
int
xdp_clocks(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns();

	if (now < mono)
		backwards++;
	mono = now;
	boot = bpf_ktime_get_boot_ns();
	coarse = bpf_ktime_get_coarse_ns();
	ticks = bpf_jiffies64();
	return backwards ? XDP_ABORTED : XDP_PASS;
}
