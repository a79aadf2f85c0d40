/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differs.bpf.c - does other things in the kernel than in the emulator, which has none of the
 * kernel's symbols: what is compared has to tell.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

enum {
	VERDICT = 1,
	BYTES = 2,
	LENGTH = 4,
	METADATA = 8,
	RECORD = 16,
	NO_RECORD = 32,
	VALUE = 64,
	ELEMENT = 128,
	MARK = 256,
	QUEUED = 512,
	RANDOM = 1024,
	CLOCK = 2048,
};

volatile const __u32 what;

extern const void bpf_prog_put __ksym __weak;

struct count {
	__u32 packets, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__type(value, __u32);
} queue SEC(".maps");

struct time {
	__u64 now, packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct time);
} times SEC(".maps");

static bool
here(__u32 bit)
{
	return what & bit && &bpf_prog_put;
}

static void
maps(__u32 bytes)
{
	__u32 one = 1, key = here(ELEMENT) ? 7 : 1, number = here(QUEUED) ? 9 : 1;
	struct count *count = bpf_map_lookup_elem(&counts, &one);

	if (count) {
		count->packets++;
		count->bytes += here(VALUE) ? 1 : bytes;
	}
	if (!here(NO_RECORD)) {
		number = here(RECORD) ? 0x01020304 : 0x01020305;
		bpf_ringbuf_output(&records, &number, sizeof(number), 0);
	}
	number = here(QUEUED) ? 9 : 1;
	bpf_map_update_elem(&seen, &key, &number, BPF_ANY);
	bpf_map_push_elem(&queue, &number, 0);
}

/* Two numbers, of which one is the clock's, and the other one is not. */
static void
look_at_clock(void)
{
	__u32 zero = 0;
	struct time *time = bpf_map_lookup_elem(&times, &zero);

	if (!time || !(what & CLOCK))
		return;
	time->now = bpf_ktime_get_ns();
	time->packets += here(CLOCK) ? 2 : 1;
}

SEC("xdp")
int
xdp_differs(struct xdp_md *ctx)
{
	__u8 *data;

	maps((__u32)(ctx->data_end - ctx->data));
	if (here(LENGTH))
		bpf_xdp_adjust_tail(ctx, -4);
	if (here(METADATA))
		bpf_xdp_adjust_meta(ctx, -4);
	look_at_clock();
	data = (void *)(long)ctx->data;
	if (data + 34 > (__u8 *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (here(BYTES))
		data[33] = 0xee;
	if (what & RANDOM)
		return bpf_get_prandom_u32() & 1 ? XDP_DROP : XDP_PASS;
	return here(VERDICT) ? XDP_DROP : XDP_PASS;
}

SEC("tc")
int
tc_differs(struct __sk_buff *skb)
{
	maps(skb->len);
	if (here(MARK))
		skb->mark = 7;
	return here(VERDICT) ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "GPL";
