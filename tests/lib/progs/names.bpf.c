/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps whose names have more than 15 characters, and the first 15 in common. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} packets_that_went SEC(".maps"), packets_that_came SEC(".maps");

__u64 runs;

SEC("xdp")
int
count_packets_that_came(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *n = bpf_map_lookup_elem(&packets_that_came, &key);

	if (n)
		++*n;
	n = bpf_map_lookup_elem(&packets_that_went, &key);
	if (n)
		*n += 100;
	runs++;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
