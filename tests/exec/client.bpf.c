/* SPDX-License-Identifier: BSD-2-Clause */
/* client.bpf.c - what client.c loads: maps of the kinds that a loader has to do with. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u32 number;
	__u32 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} calls SEC(".maps");

const volatile __u32 limit = 1;
__u32 seen;
__u32 mark = 7;

SEC("xdp")
int
count(struct xdp_md *ctx)
{
	__u32 key = ctx->data_end - ctx->data, zero = 0;
	__u64 one = 1, *value = bpf_map_lookup_elem(&counters, &key);

	seen++;
	if (value)
		__sync_fetch_and_add(value, 1);
	else
		bpf_map_update_elem(&counters, &key, &one, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&runs, &zero);
	if (value)
		++*value;
	return key > limit ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int
tell(struct xdp_md *ctx)
{
	struct event event = { ++seen, ctx->data_end - ctx->data };

	bpf_ringbuf_output(&ring, &event, sizeof(event), 0);
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &event, sizeof(event));
	return XDP_PASS;
}

SEC("xdp")
int
jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &calls, 1);
	return XDP_ABORTED;
}

__attribute__((noinline)) int
decide(struct xdp_md *ctx)
{
	volatile int verdict = XDP_PASS;

	return ctx->data_end - ctx->data > 0 ? verdict : XDP_ABORTED;
}

SEC("xdp")
int
ask(struct xdp_md *ctx)
{
	return decide(ctx);
}

SEC("?freplace/decide")
int
instead(struct xdp_md *ctx)
{
	return XDP_TX;
}

char LICENSE[] SEC("license") = "GPL";
