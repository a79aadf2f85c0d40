/* SPDX-License-Identifier: BSD-2-Clause */
/* frags.bpf.c - jumbo frames in fragments: marks the last byte, samples bytes across borders. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __s64);
} results SEC(".maps");

static __always_inline void
put(__u32 slot, __s64 value)
{
	bpf_map_update_elem(&results, &slot, &value, BPF_ANY);
}

SEC("xdp.frags")
int
xdp_frags(struct xdp_md *ctx)
{
	__u64 bytes = bpf_xdp_get_buff_len(ctx);
	__u8 mark[4] = { 0xde, 0xad, 0xbe, 0xef }, sample[16] = {};

	put(0, (__s64)bytes);
	put(1, ctx->data_end - ctx->data);
	put(2, bpf_xdp_load_bytes(ctx, 3512, sample, sizeof(sample)));
	put(3, *(__s64 *)sample);
	put(4, bpf_xdp_store_bytes(ctx, (__u32)bytes - 4, mark, sizeof(mark)));
	put(5, bpf_xdp_load_bytes(ctx, (__u32)bytes, sample, 1));
	if (bytes > 4000)
		put(6, bpf_xdp_adjust_tail(ctx, 100));
	if (bytes > 8000)
		put(7, bpf_xdp_adjust_tail(ctx, -5000));
	return bytes > 3520 ? XDP_TX : XDP_PASS;
}
