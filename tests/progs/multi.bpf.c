/* SPDX-License-Identifier: BSD-2-Clause */
/* multi.bpf.c - three programs in one object that share a map. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");

static __always_inline int
note(__u32 slot, int verdict)
{
	__u64 *n = bpf_map_lookup_elem(&runs, &slot);

	if (n)
		++*n;
	return verdict;
}

SEC("xdp")
int
xdp_first(struct xdp_md *ctx)
{
	return note(0, XDP_PASS);
}

SEC("xdp")
int
xdp_second(struct xdp_md *ctx)
{
	return note(1, XDP_DROP);
}

SEC("xdp.frags")
int
xdp_third(struct xdp_md *ctx)
{
	return note(2, XDP_TX);
}
