/* SPDX-License-Identifier: BSD-2-Clause */
/* ringbuf.bpf.c - events in a ring buffer: reserved, submitted, discarded, or copied at once. */
#include "packet.h"

struct event {
	__u32 bytes;
	__u16 proto;
	__u8 head[10];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} events SEC(".maps");

__u64 lost, avail;

SEC("xdp")
int
xdp_ringbuf(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = take_eth(&c);
	struct event *event, small = {};

	if (!eth)
		return XDP_DROP;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		lost++;
		return XDP_PASS;
	}
	event->bytes = c.end - (void *)eth;
	event->proto = bpf_ntohs(eth->h_proto);
	__builtin_memcpy(event->head, eth, sizeof(event->head));
	if (event->proto == ETH_P_ARP)
		bpf_ringbuf_discard(event, 0);
	else
		bpf_ringbuf_submit(event, 0);
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		small.bytes = 6;
		bpf_ringbuf_output(&events, &small, 5, BPF_RB_NO_WAKEUP);
	}
	avail = bpf_ringbuf_query(&events, BPF_RB_RING_SIZE);
	return XDP_PASS;
}
