/* SPDX-License-Identifier: BSD-2-Clause */
/* pad.bpf.c - grows the tail: runts to 60 bytes, the others by 8; grown bytes read as zero. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __s64);
} results SEC(".maps"); /* packets that grew, bytes that were not zero, refusals, last error */

static __always_inline void
add(__u32 slot, __s64 n)
{
	__s64 *value = bpf_map_lookup_elem(&results, &slot);

	if (value)
		*value += n;
}

SEC("xdp")
int
xdp_pad(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data;
	__u32 grow = bytes < 60 ? 60 - bytes : 8;
	long err = bpf_xdp_adjust_tail(ctx, (int)grow);
	__u8 *last;

	if (err) {
		__u32 slot = 3;

		add(2, 1);
		bpf_map_update_elem(&results, &slot, &err, BPF_ANY);
		return XDP_DROP;
	}
	add(0, 1);
	last = (void *)(long)ctx->data + ((bytes + grow - 1) & 0xfff);
	if ((void *)(last + 1) <= (void *)(long)ctx->data_end && *last)
		add(1, 1);
	return XDP_TX;
}
