/* SPDX-License-Identifier: BSD-2-Clause */
/* spin_lock.bpf.c - two counters that must change together, under a lock in the map's value. */
#include "packet.h"

struct account {
	struct bpf_spin_lock lock;
	__u32 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct account);
} accounts SEC(".maps");

SEC("xdp")
int
xdp_spin_lock(struct xdp_md *ctx)
{
	__u32 bytes = ctx->data_end - ctx->data, slot = bytes > 100;
	struct account *account = bpf_map_lookup_elem(&accounts, &slot);

	if (!account)
		return XDP_ABORTED;
	bpf_spin_lock(&account->lock);
	account->packets++;
	account->bytes += bytes;
	bpf_spin_unlock(&account->lock);
	return XDP_PASS;
}
