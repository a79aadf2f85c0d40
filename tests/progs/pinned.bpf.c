/* SPDX-License-Identifier: BSD-2-Clause */
/* pinned.bpf.c - a counter that outlives its program: pinned by name where bpffs is. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32);
	__type(value, __u64);
} pinned_total SEC(".maps");

SEC("xdp")
int
xdp_pinned(struct xdp_md *ctx)
{
	__u32 slot = 0;
	__u64 *total = bpf_map_lookup_elem(&pinned_total, &slot);

	if (total)
		__sync_fetch_and_add(total, 1);
	return XDP_PASS;
}
