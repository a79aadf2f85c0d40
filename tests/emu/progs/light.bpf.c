/* SPDX-License-Identifier: BSD-2-Clause */
/* light.bpf.c - for a light skeleton: maps, constants, data and two programs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} lengths SEC(".maps");

const volatile __u32 step = 1;
__u64 total = 100;

static __noinline __u32
length_of(struct xdp_md *ctx)
{
	return ctx->data_end - ctx->data;
}

SEC("xdp")
int
light_count(struct xdp_md *ctx)
{
	__u32 bytes = length_of(ctx);
	__u64 one = 1, *cnt = bpf_map_lookup_elem(&lengths, &bytes);

	total += step;
	if (cnt)
		*cnt += 1;
	else
		bpf_map_update_elem(&lengths, &bytes, &one, BPF_ANY);
	return XDP_PASS;
}

SEC("xdp")
int
light_drop(struct xdp_md *ctx)
{
	total += 1000;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
