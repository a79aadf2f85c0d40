/* SPDX-License-Identifier: BSD-2-Clause */
/* A map that is pinned by its name. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} runs SEC(".maps");

SEC("xdp")
int
count(struct xdp_md *ctx)
{
	__u64 one = 1, *value;
	__u32 key = 5;

	value = bpf_map_lookup_elem(&runs, &key);
	if (value)
		return (int)++*value;
	bpf_map_update_elem(&runs, &key, &one, BPF_ANY);
	return 1;
}

char _license[] SEC("license") = "GPL";
