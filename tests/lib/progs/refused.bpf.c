/* SPDX-License-Identifier: BSD-2-Clause */
/* One program that can be loaded, and one whose helper XDP has not. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} never SEC(".maps");

SEC("xdp")
int
fine(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&never, &key) ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
int
wrong(struct xdp_md *ctx)
{
	return bpf_skb_pull_data((void *)ctx, 0);
}

char _license[] SEC("license") = "GPL";
