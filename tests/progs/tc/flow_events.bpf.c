/* SPDX-License-Identifier: BSD-2-Clause */
/* flow_events.bpf.c - a ring buffer record when a flow begins, and one with its totals when TCP
 * ends it. */
#include "tc.h"

enum kind { FLOW_NEW = 1, FLOW_END };

struct totals {
	__u64 packets;
	__u64 bytes;
};

struct event {
	__u32 kind;
	struct tuple4 tuple;
	struct totals totals;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tuple4);
	__type(value, struct totals);
} flows SEC(".maps");

__u64 lost;

static __always_inline void
send(__u32 kind, const struct tuple4 *tuple, const struct totals *totals)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		lost++;
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->kind = kind;
	event->tuple = *tuple;
	event->totals = *totals;
	bpf_ringbuf_submit(event, kind == FLOW_NEW ? BPF_RB_NO_WAKEUP : 0);
}

SEC("tc")
int
tc_flow_events(struct __sk_buff *skb)
{
	struct totals *totals, fresh = { 1, skb->len };
	struct frame4 f;
	__u8 flags = 0;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	totals = bpf_map_lookup_elem(&flows, &f.tuple);
	if (!totals) {
		bpf_map_update_elem(&flows, &f.tuple, &fresh, BPF_NOEXIST);
		send(FLOW_NEW, &f.tuple, &fresh);
		return TC_ACT_OK;
	}
	totals->packets++;
	totals->bytes += skb->len;
	if (f.tuple.proto == IPPROTO_TCP)
		bpf_skb_load_bytes(skb, f.l4_off + 13, &flags, sizeof(flags));
	if (flags & 0x05) { /* FIN, RST */
		send(FLOW_END, &f.tuple, totals);
		bpf_map_delete_elem(&flows, &f.tuple);
	}
	return TC_ACT_OK;
}
