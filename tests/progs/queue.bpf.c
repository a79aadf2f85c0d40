/* SPDX-License-Identifier: BSD-2-Clause */
/* queue.bpf.c - the last few frame lengths in a queue and in a stack, pushed over the oldest. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__uint(value_size, sizeof(__u32));
} recent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 8);
	__uint(value_size, sizeof(__u32));
} pile SEC(".maps");

__u32 oldest, newest;
long full_error, empty_error;

SEC("xdp")
int
xdp_queue(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data, got = 0;

	bpf_map_push_elem(&recent, &bytes, BPF_EXIST);
	bpf_map_peek_elem(&recent, &oldest);
	if (bpf_map_push_elem(&pile, &bytes, 0)) {
		full_error = bpf_map_push_elem(&pile, &bytes, BPF_ANY);
		for (int i = 0; i < 9; i++) {
			long err = bpf_map_pop_elem(&pile, &got);

			if (err)
				empty_error = err;
			else
				newest = got;
		}
		return XDP_DROP;
	}
	return XDP_PASS;
}
