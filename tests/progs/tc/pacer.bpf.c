/* SPDX-License-Identifier: BSD-2-Clause */
/* pacer.bpf.c - sends packets of a flow at least a millisecond apart, by the monotonic clock. */
#include "tc.h"

#define GAP_NS 1000000

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct tuple4);
	__type(value, __u64);
} last_ns SEC(".maps");

SEC("tc")
int
tc_pacer(struct __sk_buff *skb)
{
	__u64 *last, at = bpf_ktime_get_ns();
	struct frame4 f;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	last = bpf_map_lookup_elem(&last_ns, &f.tuple);
	if (last && *last + GAP_NS > at)
		at = *last + GAP_NS;
	bpf_map_update_elem(&last_ns, &f.tuple, &at, BPF_ANY);
	return bpf_skb_set_tstamp(skb, at, BPF_SKB_TSTAMP_DELIVERY_MONO) ? TC_ACT_SHOT : TC_ACT_OK;
}
