/* SPDX-License-Identifier: BSD-2-Clause */
/* each.bpf.c - walks a map from the inside (for_each_map_elem): rates of protocols, and deletes. */
#include "packet.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} protos SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps");

struct bpf_map;

struct walk {
	__u64 sum;
	__u32 cnt;
};

static long
sum_value(struct bpf_map *map, const void *key, void *value, void *arg)
{
	struct walk *walk = arg;

	walk->sum += *(__u64 *)value;
	walk->cnt++;
	return 0;
}

static long
stop_at_two(struct bpf_map *map, const void *key, void *value, void *arg)
{
	*(__u64 *)value += 1;
	return *(const __u32 *)key == 1;
}

SEC("xdp")
int
xdp_each(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	__u32 proto = bpf_ntohs(take_l2(&c));
	struct walk walk = {};
	__u64 *n, one = 1;
	long visited;

	n = bpf_map_lookup_elem(&protos, &proto);
	if (n)
		++*n;
	else
		bpf_map_update_elem(&protos, &proto, &one, BPF_ANY);
	visited = bpf_for_each_map_elem(&protos, sum_value, &walk, 0);
	if (visited != walk.cnt)
		return XDP_ABORTED;
	if (bpf_for_each_map_elem(&slots, stop_at_two, NULL, 0) != 2)
		return XDP_ABORTED;
	if (walk.sum % 8 == 7) {
		bpf_map_delete_elem(&protos, &proto);
		return XDP_DROP;
	}
	return XDP_PASS;
}
