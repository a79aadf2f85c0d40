/* SPDX-License-Identifier: BSD-2-Clause */
/* A map of a name that names.bpf.c has, too, and one that begins as they do. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} packets_that_came SEC(".maps"), packets_that_stayed SEC(".maps");

SEC("xdp")
int
look(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&packets_that_came, &key) ||
	       bpf_map_lookup_elem(&packets_that_stayed, &key);
}

char _license[] SEC("license") = "GPL";
