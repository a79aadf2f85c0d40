/* SPDX-License-Identifier: BSD-2-Clause */
/* percpu.bpf.c - a histogram of sizes without locks: one copy a CPU, summed by whoever reads. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} sizes SEC(".maps"); /* slot n: 2^n bytes and more */

struct {
	__uint(type, BPF_MAP_TYPE_LRU_PERCPU_HASH);
	__uint(max_entries, 256);
	__type(key, __u16);
	__type(value, __u32);
} protos SEC(".maps");

static __always_inline __u32
log2_of(__u32 n)
{
	__u32 log = 0;

#pragma unroll
	for (int bit = 3; bit >= 0; bit--) {
		if (n >> (1 << bit)) {
			n >>= 1 << bit;
			log += 1 << bit;
		}
	}
	return log;
}

SEC("xdp")
int
xdp_percpu(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__u32 slot = log2_of(ctx->data_end - ctx->data), one = 1, *seen;
	__u64 *n = bpf_map_lookup_elem(&sizes, &slot);
	__u16 proto = bpf_ntohs(take_l2(&c));

	if (n)
		++*n;
	seen = bpf_map_lookup_elem(&protos, &proto);
	if (seen)
		++*seen;
	else
		bpf_map_update_elem(&protos, &proto, &one, BPF_NOEXIST);
	return XDP_PASS;
}
