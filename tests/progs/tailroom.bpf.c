/* SPDX-License-Identifier: BSD-2-Clause */
/* tailroom.bpf.c - grows a packet to the last byte of its page, one too many, and shrinks it to the
 * fewest. */
#include "packet.h"

#define LINEAR_BYTES 3520

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
xdp_tailroom(struct xdp_md *ctx)
{
	int bytes = (int)(ctx->data_end - ctx->data);
	__u8 *byte;

	put(0, bpf_xdp_adjust_tail(ctx, LINEAR_BYTES + 1 - bytes));
	put(1, bpf_xdp_adjust_tail(ctx, LINEAR_BYTES - bytes));
	put(2, bpf_xdp_get_buff_len(ctx));
	byte = (void *)(long)ctx->data + LINEAR_BYTES - 1;
	if ((void *)(byte + 1) <= (void *)(long)ctx->data_end)
		*byte = 0xaa;
	put(3, bpf_xdp_adjust_tail(ctx, 13 - LINEAR_BYTES));
	put(4, bpf_xdp_adjust_tail(ctx, 14 - LINEAR_BYTES));
	put(5, bpf_xdp_adjust_tail(ctx, LINEAR_BYTES - 14)); /* zeros where 0xaa was */
	return ctx->data_end - ctx->data == LINEAR_BYTES ? XDP_TX : XDP_PASS;
}
