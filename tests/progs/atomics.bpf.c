/* SPDX-License-Identifier: BSD-2-Clause */
/* atomics.bpf.c - atomic instructions on a map's value: add, or, and, xor, fetch, exchange,
 * compare. */
#include "packet.h"

struct words {
	__u64 add, or, and, xor, old_add, xchg, cmpxchg, old_cmpxchg;
	__u32 add32, xchg32, cmpxchg32, old32;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct words);
} words SEC(".maps");

SEC("xdp")
int
xdp_atomics(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data, slot = 0;
	struct words *w = bpf_map_lookup_elem(&words, &slot);

	if (!w)
		return XDP_ABORTED;
	__sync_fetch_and_add(&w->add, bytes);
	__sync_fetch_and_or(&w->or, 1ull << (bytes & 63));
	__sync_fetch_and_and(&w->and, ~(1ull << (bytes & 63)));
	__sync_fetch_and_xor(&w->xor, 0x0102030405060708ull * bytes);
	w->old_add = __sync_fetch_and_add(&w->add, 1);
	w->xchg = __sync_lock_test_and_set(&w->xor, w->xor +1);
	w->old_cmpxchg = __sync_val_compare_and_swap(&w->cmpxchg, w->cmpxchg & ~1ull, bytes);
	__sync_fetch_and_add(&w->add32, 0x7fffffff);
	w->old32 = __sync_fetch_and_sub(&w->add32, bytes);
	w->xchg32 = __sync_lock_test_and_set(&w->cmpxchg32, bytes);
	__sync_val_compare_and_swap(&w->cmpxchg32, bytes, w->old32);
	return w->old32 & 1 ? XDP_DROP : XDP_PASS;
}
