/* SPDX-License-Identifier: BSD-2-Clause */
/* ways.bpf.c - sends each packet another way, in turn, and says so. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_devmap_val);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct bpf_cpumap_val);
} cpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} socks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} turns SEC(".maps");

enum way {
	PASS,
	DROP,
	TX,
	IFINDEX,
	PORT,
	CPU,
	SOCKET,
	FLOOD,
	RECORD,
	SHORTER,
	LONGER,
	FAULT,
	WAYS
};

const volatile __u32 only;     /* a way from 1 on: that one alone */
const volatile __u32 by_bytes; /* the packet's bytes tell the way, not whose turn it is */

static int
go(struct xdp_md *ctx, __u32 way)
{
	volatile char *end = (void *)(long)ctx->data_end;
	char record[4] = "rec";

	switch (way) {
	case DROP:
		return XDP_DROP;
	case TX:
		return XDP_TX;
	case IFINDEX:
		return (int)bpf_redirect(7, 0);
	case PORT:
		return (int)bpf_redirect_map(&ports, 1, 0);
	case CPU:
		return (int)bpf_redirect_map(&cpus, 2, 0);
	case SOCKET:
		return (int)bpf_redirect_map(&socks, 3, 0);
	case FLOOD:
		return (int)bpf_redirect_map(&ports, 0, BPF_F_BROADCAST);
	case RECORD:
		bpf_ringbuf_output(&records, record, sizeof(record), 0);
		bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, record, sizeof(record));
		bpf_printk("way %d", way);
		return XDP_PASS;
	case SHORTER:
		return bpf_xdp_adjust_head(ctx, 4) ? XDP_ABORTED : XDP_PASS;
	case LONGER:
		return bpf_xdp_adjust_head(ctx, -4) ? XDP_ABORTED : XDP_PASS;
	case FAULT:
		return *end;
	default:
		return XDP_PASS;
	}
}

static __u32
way_of(struct xdp_md *ctx)
{
	__u8 *byte = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 sum = 0;

	for (int i = 0; i < 64 && byte + 1 <= end; i++)
		sum = sum * 31 + *byte++;
	return sum % WAYS;
}

SEC("xdp")
int
xdp_ways(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *turn = bpf_map_lookup_elem(&turns, &key);

	if (!turn)
		return XDP_ABORTED;
	if (only)
		return go(ctx, only);
	if (by_bytes)
		return go(ctx, way_of(ctx));
	return go(ctx, (__u32)(*turn)++ % WAYS);
}

/* For entries of `ports`: takes the first byte. */
SEC("xdp/devmap")
int
on_port(struct xdp_md *ctx)
{
	return bpf_xdp_adjust_head(ctx, 1) ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
