/* SPDX-License-Identifier: BSD-2-Clause */
/* needs.bpf.c - programs that need what is not there, one each, and one that needs nothing. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

static long (*helper_of_the_future)(void *) = (void *)9999;

struct {
	__uint(type, 60); /* of the future */
	__uint(max_entries, 4);
	__type(key, int);
	__type(value, int);
} socks SEC(".maps");

struct future {
	__uint(type, 61);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__uint(value_size, 4);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__array(values, struct future);
} futures SEC(".maps");

struct ops_of_nobody {
	int number;
};

SEC(".struct_ops")
struct ops_of_nobody ops = { .number = 1 };

SEC("xdp")
int
needs_helper(struct xdp_md *ctx)
{
	return (int)helper_of_the_future(ctx);
}

SEC("xdp")
int
needs_tracing(struct xdp_md *ctx)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), ctx);
	return (int)value;
}

SEC("xdp")
int
needs_map(struct xdp_md *ctx)
{
	int key = 0;

	return bpf_map_lookup_elem(&socks, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int
needs_inner_map(struct xdp_md *ctx)
{
	int key = 0;

	return bpf_map_lookup_elem(&futures, &key) ? XDP_DROP : XDP_PASS;
}

SEC("xdp_prog")
int
needs_nothing(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("filter")
int
needs_type(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("tc")
int
needs_tc(struct __sk_buff *skb)
{
	return 0;
}

SEC("xdp")
int
returns_77(struct xdp_md *ctx)
{
	return 77;
}

char _license[] SEC("license") = "Dual BSD/GPL";
