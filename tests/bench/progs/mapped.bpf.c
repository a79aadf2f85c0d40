/* SPDX-License-Identifier: BSD-2-Clause */
/* mapped.bpf.c - main alone in .text, on memory and a map. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps");

__u64
main(const __u8 *bytes, __u64 cnt)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&values, &key);

	if (!bytes || !value)
		return 1;
	*value += bytes[cnt - 1];
	return *value << 40;
}
