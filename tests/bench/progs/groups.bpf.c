/* SPDX-License-Identifier: BSD-2-Clause */
/* groups.bpf.c - drops what comes from sockets of one cgroup, or of those below it. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} groups SEC(".maps");

SEC("tc")
int
tc_groups(struct __sk_buff *skb)
{
	return bpf_skb_under_cgroup(skb, &groups, 1) == 1 ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
