/* SPDX-License-Identifier: BSD-2-Clause */
/* meta.bpf.c - leaves a mark for the next layer in the bytes in front of the packet (adjust_meta).
 */
#include "packet.h"

struct mark {
	__u32 magic;
	__u32 bytes;
	__u64 sum; /* of the bytes of both MAC addresses */
};

SEC("xdp")
int
xdp_meta(struct xdp_md *ctx)
{
	struct mark *mark;
	struct ethhdr *eth;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*mark)))
		return XDP_ABORTED;
	mark = (void *)(long)ctx->data_meta;
	eth = (void *)(long)ctx->data;
	if ((void *)(mark + 1) > (void *)eth || (void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	mark->magic = 0xfeedc0de;
	mark->bytes = ctx->data_end - ctx->data;
	mark->sum = 0;
#pragma unroll
	for (int i = 0; i < 2 * ETH_ALEN; i++)
		mark->sum += ((__u8 *)eth)[i];
	return XDP_PASS;
}
