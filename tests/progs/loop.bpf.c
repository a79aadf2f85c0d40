/* SPDX-License-Identifier: BSD-2-Clause */
/* loop.bpf.c - bpf_loop() with a callback: the length of the run of equal bytes at the packet's
 * start. */
#include "packet.h"

struct scan {
	struct xdp_md *ctx;
	__u32 run;
	__u8 first;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} totals SEC(".maps");

static int
same_byte(__u32 i, void *arg)
{
	struct scan *scan = arg;
	__u8 *p = (void *)(long)scan->ctx->data + (i & 0x7ff);

	if ((void *)(p + 1) > (void *)(long)scan->ctx->data_end || *p != scan->first)
		return 1;
	scan->run++;
	return 0;
}

static int
add_up(__u32 i, void *arg)
{
	*(__u64 *)arg += i;
	return 0;
}

SEC("xdp")
int
xdp_loop(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct scan scan = { .ctx = ctx };
	__u64 sum = 0, *total;
	__u32 slot = 0;
	long turns;

	if (!take_eth(&c))
		return XDP_DROP;
	scan.first = *(__u8 *)(long)ctx->data;
	turns = bpf_loop(2048, same_byte, &scan, 0);
	total = bpf_map_lookup_elem(&totals, &slot);
	if (total)
		*total += (__u64)turns;
	bpf_loop(100, add_up, &sum, 0);
	slot = 1;
	total = bpf_map_lookup_elem(&totals, &slot);
	if (total)
		*total += sum + bpf_loop(1 << 24, add_up, &sum, 0); /* too many: -E2BIG */
	return scan.run > 5 ? XDP_DROP : XDP_PASS;
}
