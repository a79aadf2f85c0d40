/* SPDX-License-Identifier: BSD-2-Clause */
/* What takes the place of a function of target.bpf.c. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps");

static __attribute__((noinline)) int
hundreds(int n)
{
	asm volatile("" : "+r"(n));
	return 100 * n;
}

SEC("freplace/second")
int
instead(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&calls, &key);

	if (!value)
		return 0;
	return hundreds((int)++*value);
}

char _license[] SEC("license") = "GPL";
