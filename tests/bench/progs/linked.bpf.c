/* SPDX-License-Identifier: BSD-2-Clause */
/* linked.bpf.c - main in section xdp, with a map, a variable and a function in .text: for libbpf.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} sums SEC(".maps");

__u64 start = 40;

static __attribute__((noinline)) __u64
add(__u64 a, __u64 b)
{
	return a + b;
}

SEC("xdp")
int
main(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u64 *sum = bpf_map_lookup_elem(&sums, &key);

	if (!sum)
		return 0;
	*sum += ctx->data_end - ctx->data;
	return (int)add(start, *sum);
}

SEC("xdp")
int
other(struct xdp_md *ctx)
{
	return 7;
}

char _license[] SEC("license") = "GPL";
