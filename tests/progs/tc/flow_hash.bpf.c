/* SPDX-License-Identifier: BSD-2-Clause */
/* flow_hash.bpf.c - a hash of one's own set with bpf_set_hash, kept by bpf_get_hash_recalc, gone
 * with bpf_set_hash_invalid and with a write that says so. */
#include "tc.h"

struct hashes {
	__u32 before;     /* 0 */
	__u32 own;        /* what was set */
	__u32 recalc;     /* the same */
	__u32 invalid;    /* 0 */
	__u32 stored;     /* 0: the packet was changed */
	__u32 same_twice; /* the kernel's own hash differs from boot to boot, not from call to call
	                   */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct tuple4);
	__type(value, struct hashes);
} hashes SEC(".maps");

static __always_inline __u32
fnv(const struct tuple4 *tuple)
{
	const __u8 *p = (const void *)tuple;
	__u32 hash = 2166136261u;

#pragma unroll
	for (__u32 i = 0; i < sizeof(*tuple); i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash;
}

SEC("tc")
int
tc_flow_hash(struct __sk_buff *skb)
{
	struct hashes h = { .before = skb->hash };
	struct frame4 f;
	__u32 first;

	if (read_frame4(skb, &f))
		return TC_ACT_OK;
	bpf_set_hash(skb, fnv(&f.tuple));
	h.own = skb->hash;
	h.recalc = bpf_get_hash_recalc(skb);
	bpf_set_hash_invalid(skb);
	h.invalid = skb->hash;
	bpf_set_hash(skb, h.own);
	bpf_skb_store_bytes(skb, f.l4_off, &f.tuple.sport, sizeof(f.tuple.sport),
	                    BPF_F_INVALIDATE_HASH);
	h.stored = skb->hash;
	bpf_set_hash_invalid(skb);
	first = bpf_get_hash_recalc(skb);
	h.same_twice = first == bpf_get_hash_recalc(skb);
	bpf_map_update_elem(&hashes, &f.tuple, &h, BPF_ANY);
	skb->queue_mapping = h.own % 8 + 1;
	return h.own % 8;
}
