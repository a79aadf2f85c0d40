/* SPDX-License-Identifier: BSD-2-Clause */
/* sampler.bpf.c - every second packet to a perf buffer, its first 64 bytes behind what is known of
 * it; more bytes than there are is an error. */
#include "tc.h"

#define EVERY      2
#define SNAP_BYTES 64

struct sample {
	__u32 packet_bytes;
	__u32 snap_bytes;
	__u32 ifindex, mark;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} samples SEC(".maps");

__u64 seen, sent;
long last_error;

SEC("tc")
int
tc_sampler(struct __sk_buff *skb)
{
	struct sample sample = { skb->len, SNAP_BYTES, skb->ifindex, skb->mark };
	long err;

	if (seen++ % EVERY)
		return TC_ACT_UNSPEC;
	/* IPv6 whole, of all others 64 bytes: too much of the short ones. */
	if (skb->protocol == bpf_htons(ETH_P_IPV6))
		sample.snap_bytes = skb->len;
	err = bpf_perf_event_output(skb, &samples,
	                            ((__u64)sample.snap_bytes << 32 & BPF_F_CTXLEN_MASK) |
	                                    BPF_F_CURRENT_CPU,
	                            &sample, sizeof(sample));
	if (err)
		last_error = err;
	else
		sent++;
	return err ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
