/* SPDX-License-Identifier: BSD-2-Clause */
/* A helper that there is not. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

static long (*no_such_helper)(void *ctx) = (void *)9999;

SEC("xdp")
int
calls(struct xdp_md *ctx)
{
	return (int)no_such_helper(ctx);
}

char _license[] SEC("license") = "GPL";
