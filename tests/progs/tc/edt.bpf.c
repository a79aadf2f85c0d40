/* SPDX-License-Identifier: BSD-2-Clause */
/* edt.bpf.c - a rate limit by earliest departure time: each packet's tstamp says when it may leave,
 * what would wait too long is dropped. Time is what the packets bring along. */
#include "tc.h"

#define NS_PER_SEC 1000000000ull
#define HORIZON_NS (20 * 1000 * 1000)

#define TSTAMP_REALTIME  0
#define TSTAMP_MONOTONIC 1

const volatile __u64 bytes_per_sec = 1000000;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32); /* lowest byte of the mark */
	__type(value, __u64);
} next_free_ns SEC(".maps");

__u64 delayed, over_horizon;

SEC("tc")
int
tc_edt(struct __sk_buff *skb)
{
	__u64 now_ns = skb->tstamp, *next, at;
	__u32 key = skb->mark & 0xff;

	next = bpf_map_lookup_elem(&next_free_ns, &key);
	if (!next)
		return TC_ACT_SHOT;
	at = *next;
	if (at <= now_ns) {
		*next = now_ns + skb->wire_len * NS_PER_SEC / bytes_per_sec;
		return TC_ACT_OK;
	}
	if (at - now_ns >= HORIZON_NS) {
		over_horizon++;
		return TC_ACT_SHOT;
	}
	if (at - now_ns >= HORIZON_NS / 4)
		bpf_skb_ecn_set_ce(skb);
	*next = at + skb->wire_len * NS_PER_SEC / bytes_per_sec;
	skb->tstamp = at;
	delayed++;
	return TC_ACT_OK;
}

/* Says which clock the time is of; a time of 0 has none. */
SEC("tc")
int
tc_edt_clock(struct __sk_buff *skb)
{
	skb->cb[0] = skb->tstamp_type;
	skb->cb[1] = bpf_skb_set_tstamp(skb, skb->tstamp + 1000, TSTAMP_MONOTONIC);
	skb->cb[2] = skb->tstamp_type;
	skb->cb[3] = bpf_skb_set_tstamp(skb, 5, TSTAMP_REALTIME);
	if (skb->mark & 1)
		skb->cb[4] = bpf_skb_set_tstamp(skb, 0, TSTAMP_REALTIME);
	else
		skb->cb[4] = bpf_skb_set_tstamp(skb, 5, 77);
	return TC_ACT_OK;
}
