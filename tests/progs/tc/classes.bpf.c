/* SPDX-License-Identifier: BSD-2-Clause */
/* classes.bpf.c - a classifier of the old kind, which returns class ids, and one that sets
 * tc_classid, tc_index, priority and queue_mapping; bytes are accounted by class. */
#include "tc.h"

#define CLASS(minor) (1u << 16 | (minor))

enum { INTERACTIVE = 0x10, WEB = 0x20, BULK = 0x30, REST = 0x40 };

struct usage {
	__u64 packets;
	__u64 bytes;
	__u32 tc_index, queue; /* as the last packet came in */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct usage);
} usages SEC(".maps");

static __always_inline void
account(struct __sk_buff *skb, __u32 class)
{
	struct usage *usage = bpf_map_lookup_elem(&usages, &class), fresh = {};

	if (!usage) {
		bpf_map_update_elem(&usages, &class, &fresh, BPF_NOEXIST);
		usage = bpf_map_lookup_elem(&usages, &class);
		if (!usage)
			return;
	}
	usage->packets++;
	usage->bytes += skb->wire_len;
	usage->tc_index = skb->tc_index;
	usage->queue = skb->queue_mapping;
}

static __always_inline __u32
minor_of(struct __sk_buff *skb)
{
	struct frame4 f;

	if (read_frame4(skb, &f))
		return REST;
	if (f.tuple.dport == bpf_htons(53) || f.tuple.dport == bpf_htons(22))
		return INTERACTIVE;
	if (f.tuple.dport == bpf_htons(80) || f.tuple.sport == bpf_htons(80))
		return WEB;
	return skb->len > 1000 ? BULK : REST;
}

/* 0: not mine; -1: the filter's default class; else the class. */
SEC("classifier")
int
cls_classes(struct __sk_buff *skb)
{
	__u32 minor = minor_of(skb);

	if (skb->protocol == bpf_htons(ETH_P_ARP))
		return 0;
	if (minor == REST)
		return -1;
	account(skb, CLASS(minor));
	return CLASS(minor);
}

/* The same with "direct-action": the class beside the verdict. */
SEC("classifier")
int
cls_classes_direct(struct __sk_buff *skb)
{
	__u32 minor = minor_of(skb);

	account(skb, skb->tc_classid);
	skb->tc_classid = CLASS(minor);
	skb->tc_index = minor >> 4;
	skb->priority = minor == INTERACTIVE ? 6 : skb->priority;
	if (minor == BULK)
		skb->queue_mapping = 3;
	account(skb, skb->tc_classid);
	skb->cb[0] = skb->tc_classid;
	skb->cb[1] = skb->tc_index;
	skb->cb[2] = skb->queue_mapping;
	skb->cb[3] = bpf_get_route_realm(skb);
	return TC_ACT_OK;
}
