/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of several types in one object. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");

static __always_inline int
note(__u32 key)
{
	__u64 *n = bpf_map_lookup_elem(&runs, &key);

	return n ? ++*n : 0;
}

SEC("xdp")
int
of_xdp(struct xdp_md *ctx)
{
	return note(0) ? XDP_PASS : XDP_ABORTED;
}

SEC("tc")
int
of_tc(struct __sk_buff *skb)
{
	return note(1) ? 0 : 2;
}

SEC("kprobe/do_nothing")
int
of_kprobe(void *regs)
{
	return note(2) + 10;
}

SEC("socket")
int
of_socket(struct __sk_buff *skb)
{
	return note(3) + 20;
}

char _license[] SEC("license") = "GPL";
