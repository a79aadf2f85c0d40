/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cg_account.bpf.c - what a cgroup receives: the latest packet in a storage of its own, which may
 * not be longer than its budget, and sums by address family for all of them.
 */
#include "packet.h"

#define BUDGET 900

struct usage {
	__u64 bytes;
	__u32 packets, refused;
};

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct usage);
} usage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, struct usage);
} sums SEC(".maps");

static __always_inline void
add(struct usage *u, __u32 bytes, int refused)
{
	u->bytes += bytes;
	u->packets++;
	u->refused += refused;
}

SEC("cgroup_skb/ingress")
int
cg_account(struct __sk_buff *skb)
{
	struct usage *own = bpf_get_local_storage(&usage, 0), *sum;
	__u32 family = skb->family == 2 ? 1 : skb->family == 10 ? 2 : 0;
	int refused;

	own->bytes = 0; /* it may be of the packet before */
	add(own, skb->len, 0);
	refused = own->bytes > BUDGET;
	sum = bpf_map_lookup_elem(&sums, &family);
	if (sum)
		add(sum, own->bytes, refused);
	return !refused;
}
