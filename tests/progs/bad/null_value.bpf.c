/* SPDX-License-Identifier: BSD-2-Clause */
/* null_value.bpf.c - uses what a lookup returned without looking whether it found anything. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} empty SEC(".maps");

SEC("xdp")
int
xdp_null_value(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u64 *value = bpf_map_lookup_elem(&empty, &key);

	return *value ? XDP_PASS : XDP_DROP;
}
