/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps of maps as they were defined before BTF: by index, the kernel's samples did. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#ifdef BY_INDEX
typedef __u64 value;
#else
typedef __u32 value; /* of what is in an outer map that does not say */
#endif

struct bpf_map_def {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 map_flags;
#ifdef BY_INDEX
	__u32 inner_map_idx;
	__u32 numa_node;
#endif
};

struct bpf_map_def SEC("maps") plain = {
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u32),
	.max_entries = 3,
};

struct bpf_map_def SEC("maps") inner = {
	.type = BPF_MAP_TYPE_HASH,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u64),
	.max_entries = 4,
	.map_flags = BPF_F_NUMA_NODE,
};

struct bpf_map_def SEC("maps") outer = {
	.type = BPF_MAP_TYPE_ARRAY_OF_MAPS,
	.key_size = sizeof(__u32),
	.value_size = sizeof(__u32),
	.max_entries = 2,
#ifdef BY_INDEX
	.inner_map_idx = 1,
#endif
};

/* What is in the inner map of slot 1 for key 9, else 5. */
SEC("xdp")
int
sum(struct xdp_md *ctx)
{
	__u32 slot = 1, key = 9;
	value *n = NULL;
	void *map;

	(void)ctx;
	map = bpf_map_lookup_elem(&outer, &slot);
	if (map)
		n = bpf_map_lookup_elem(map, &key);
	return n ? (int)*n : 5;
}

char _license[] SEC("license") = "GPL";
