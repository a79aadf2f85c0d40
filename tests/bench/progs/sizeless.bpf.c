/* SPDX-License-Identifier: BSD-2-Clause */
/* sizeless.bpf.c - a map whose size is the loader's to set. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 0);
	__type(key, int);
	__type(value, int);
} seats SEC(".maps");

SEC("xdp")
int
xdp_sizeless(struct xdp_md *ctx)
{
	int key = 0;

	return bpf_map_lookup_elem(&seats, &key) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
