/* SPDX-License-Identifier: BSD-2-Clause */
/* mainless.bpf.c - two programs in section xdp, none of which is main. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int
one(struct xdp_md *ctx)
{
	return 1;
}

SEC("xdp")
int
two(struct xdp_md *ctx)
{
	return 2;
}
