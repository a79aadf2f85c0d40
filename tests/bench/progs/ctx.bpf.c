/* SPDX-License-Identifier: BSD-2-Clause */
/* ctx.bpf.c - programs for contexts in JSON: one whose result is never the same twice, and some of
 * types without a packet.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");

/* Time, chance, and what the packets before have left: into the return value, a sample, the packet.
 */
SEC("xdp")
int
ctx_calls(struct xdp_md *ctx)
{
	__u64 now = bpf_ktime_get_ns(), *count;
	__u8 *data = (__u8 *)(long)ctx->data, *end = (__u8 *)(long)ctx->data_end;
	__u32 zero = 0, sum = bpf_get_prandom_u32();

	count = bpf_map_lookup_elem(&counts, &zero);
	if (!count)
		return XDP_ABORTED;
	__sync_fetch_and_add(count, 3);
	sum ^= (__u32)(now >> 3) + (__u32)*count * 977;
	if (bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &sum, sizeof(sum)))
		return XDP_DROP;
	if (data + 2 <= end)
		data[1] = (__u8)sum;
	return (int)(sum & 0xffffff) | 0x1000000;
}

/* The first argument: a pointer to a count, and how much to add. */
struct request {
	__u64 *count;
	__u32 by;
} __attribute__((packed));

SEC("kprobe/anything")
int
ctx_kprobe(struct request *request)
{
	*request->count += request->by;
	bpf_printk("count %llu, pid %u", *request->count,
	           (__u32)(bpf_get_current_pid_tgid() >> 32));
	return (int)request->by;
}

SEC("tracepoint/any/thing")
int
ctx_wild(long *ctx)
{
	return (int)ctx[100];
}

/* What these attach to is nowhere. */
SEC("fentry/no_such_function")
int
ctx_fentry(const struct request *r)
{
	return r->by + 1;
}

SEC("lsm/no_such_hook")
int
ctx_lsm(const struct request *r)
{
	return r->by + 2;
}

SEC("struct_ops/no_such_operation")
int
ctx_ops(const struct request *r)
{
	return r->by + 3;
}

SEC("freplace/no_such_function")
int
ctx_replaces(const struct request *r)
{
	return r->by + 4;
}

char _license[] SEC("license") = "GPL";
