/* SPDX-License-Identifier: BSD-2-Clause */
/* late.bpf.c - a timer whose function faults, which Linux refuses; packets are not to blame. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CLOCK_MONOTONIC 1

struct value {
	struct bpf_timer timer;
	__u64 ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} timers SEC(".maps");

static int
too_far(void *map, __u32 *key, struct value *value)
{
	return (&value->ns)[1] != 0;
}

SEC("xdp")
int
xdp_late(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct value *value = bpf_map_lookup_elem(&timers, &zero);

	if (value && !bpf_timer_init(&value->timer, &timers, CLOCK_MONOTONIC)) {
		bpf_timer_set_callback(&value->timer, too_far);
		bpf_timer_start(&value->timer, 1000, 0);
		bpf_printk("started");
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
