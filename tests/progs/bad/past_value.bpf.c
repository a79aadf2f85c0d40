/* SPDX-License-Identifier: BSD-2-Clause */
/* past_value.bpf.c - reads behind a map's value. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 12);
} twelve SEC(".maps");

SEC("xdp")
int
xdp_past_value(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u32 *value = bpf_map_lookup_elem(&twelve, &key);

	return value && value[3] ? XDP_PASS : XDP_DROP;
}
