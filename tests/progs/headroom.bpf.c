/* SPDX-License-Identifier: BSD-2-Clause */
/* headroom.bpf.c - how far the borders may move: asks for more and more until Linux refuses. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __s64);
} results SEC(".maps"); /* by step: what the helper said */

static __always_inline void
put(__u32 slot, __s64 value)
{
	bpf_map_update_elem(&results, &slot, &value, BPF_ANY);
}

SEC("xdp")
int
xdp_headroom(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data;

	put(0, bpf_xdp_adjust_head(ctx, -217));
	put(1, bpf_xdp_adjust_head(ctx, -200));
	put(2, bpf_xdp_adjust_meta(ctx, -16));
	put(3, bpf_xdp_adjust_meta(ctx, -8));
	put(4, bpf_xdp_adjust_head(ctx, 200));
	put(5, bpf_xdp_adjust_head(ctx, (int)bytes - 13));
	put(6, bpf_xdp_adjust_tail(ctx, 13 - (int)bytes));
	put(7, bpf_xdp_adjust_tail(ctx, 4096));
	return ctx->data_end - ctx->data == bytes ? XDP_PASS : XDP_ABORTED;
}
