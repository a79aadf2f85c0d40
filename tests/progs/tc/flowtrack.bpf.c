/* SPDX-License-Identifier: BSD-2-Clause */
/* flowtrack.bpf.c - connections in an LRU map under one key for both directions; two programs, one
 * for what goes out and may begin, one for what comes in and must belong. */
#include "tc.h"

enum state { NEW, ESTABLISHED, CLOSING, STATE_CNT };

struct direction {
	__u64 packets;
	__u64 bytes;
};

struct flow {
	struct direction out, in;
	__u32 state;
	__u32 mark; /* of the packet that began it */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tuple4);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STATE_CNT);
	__type(key, __u32);
	__type(value, __u64);
} changes SEC(".maps");

static __always_inline struct tuple4
turned(const struct tuple4 *t)
{
	return (struct tuple4){ t->daddr, t->saddr, t->dport, t->sport, t->proto, {} };
}

static __always_inline __u8
tcp_flags(struct __sk_buff *skb, const struct frame4 *f)
{
	__u8 flags = 0;

	if (f->tuple.proto == IPPROTO_TCP)
		bpf_skb_load_bytes(skb, f->l4_off + 13, &flags, 1);
	return flags;
}

static __always_inline void
change(struct flow *flow, __u32 state)
{
	__u64 *n;

	if (flow->state == state)
		return;
	flow->state = state;
	n = bpf_map_lookup_elem(&changes, &state);
	if (n)
		++*n;
}

SEC("tc")
int
tc_flowtrack_out(struct __sk_buff *skb)
{
	struct flow *flow, fresh = {};
	struct frame4 f;
	__u8 flags;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	flags = tcp_flags(skb, &f);
	flow = bpf_map_lookup_elem(&flows, &f.tuple);
	if (!flow) {
		fresh.mark = skb->mark;
		if (bpf_map_update_elem(&flows, &f.tuple, &fresh, BPF_NOEXIST))
			return TC_ACT_SHOT;
		flow = bpf_map_lookup_elem(&flows, &f.tuple);
		if (!flow)
			return TC_ACT_SHOT;
	}
	flow->out.packets++;
	flow->out.bytes += skb->len;
	if (flags & 0x05) /* FIN, RST */
		change(flow, CLOSING);
	return TC_ACT_OK;
}

SEC("tc")
int
tc_flowtrack_in(struct __sk_buff *skb)
{
	struct tuple4 key;
	struct flow *flow;
	struct frame4 f;
	__u8 flags;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	key = turned(&f.tuple);
	flow = bpf_map_lookup_elem(&flows, &key);
	if (!flow)
		return TC_ACT_SHOT;
	flags = tcp_flags(skb, &f);
	flow->in.packets++;
	flow->in.bytes += skb->len;
	skb->mark = flow->mark;
	if (flags & 0x04) { /* RST */
		bpf_map_delete_elem(&flows, &key);
		return TC_ACT_OK;
	}
	change(flow, flags & 0x01 ? CLOSING : ESTABLISHED);
	return TC_ACT_OK;
}
