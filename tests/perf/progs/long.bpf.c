/* SPDX-License-Identifier: BSD-2-Clause */
/* long.bpf.c - more than 1,000 instructions, for the time that loading takes. */
#include "parse.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} sums SEC(".maps");

SEC("xdp")
int
long_program(struct xdp_md *ctx)
{
	struct tuple t = {};
	__u64 *sum;
	__u32 key;

	if (parse(ctx, &t))
		return XDP_PASS;
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 64; i++) {
		key = i;
		sum = bpf_map_lookup_elem(&sums, &key);
		if (sum)
			*sum += (__u64)t.saddr[i % 4] * (i + 3) ^ t.daddr[i % 4] >> (i % 13);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
