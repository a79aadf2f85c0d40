/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps that hold maps and programs, with contents given in the object. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps") = {
	.values = { [1] = (void *)&first, [3] = (void *)&second },
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer_hash SEC(".maps") = {
	.values = { [2] = (void *)&first },
};

int last(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = { [1] = (void *)&last },
};

SEC("xdp")
int
last(struct xdp_md *ctx)
{
	return 77;
}

SEC("xdp")
int
jump(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	return 1;
}

SEC("xdp")
int
nested(struct xdp_md *ctx)
{
	__u32 key = 3, zero = 0, one = 1, absent = 2, two = 2;
	__u64 *value, ten = 10;
	void *inner = bpf_map_lookup_elem(&outer, &key);

	if (!inner || bpf_map_lookup_elem(&outer, &absent))
		return 1;
	bpf_map_update_elem(&second, &one, &ten, BPF_ANY);
	value = bpf_map_lookup_elem(inner, &one);
	if (!value)
		return 2;
	ten = *value + 100;
	inner = bpf_map_lookup_elem(&outer_hash, &two);
	if (!inner)
		return 3;
	bpf_map_update_elem(inner, &zero, &ten, BPF_ANY);
	value = bpf_map_lookup_elem(&first, &zero);
	return value ? (int)*value : 4; /* 110 */
}

char _license[] SEC("license") = "GPL";
