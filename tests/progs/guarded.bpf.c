/* SPDX-License-Identifier: BSD-2-Clause */
/* guarded.bpf.c - built for kernels old and new: settings keep it from calls that are not there. */
#include "packet.h"

const volatile __u32 kernel_has = 3;
const volatile _Bool use_newest = 0;

static long (*const newer)(void *ctx) = (void *)9998;
static long (*const newest)(void *ctx) = (void *)9999;

SEC("xdp")
int
xdp_guarded(struct xdp_md *ctx)
{
	int verdict = XDP_PASS;

	if (kernel_has > 4 || (kernel_has & 8))
		verdict = newer(ctx);
	if (use_newest)
		verdict += newest(ctx);
	return verdict;
}
