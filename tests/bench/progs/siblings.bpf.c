/* SPDX-License-Identifier: BSD-2-Clause */
/* siblings.bpf.c - one calls another; of the others two cannot be loaded, which neither needs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static long (*helper_of_the_future)(void *) = (void *)9999;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} next SEC(".maps");

SEC("xdp")
int
drops(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int
fails(struct xdp_md *ctx)
{
	return (int)helper_of_the_future(ctx);
}

SEC("xdp")
int
fails_too(struct xdp_md *ctx)
{
	return 1 + (int)helper_of_the_future(ctx);
}

SEC("xdp")
int
calls(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
