/* SPDX-License-Identifier: BSD-2-Clause */
/* marks.bpf.c - policy by mark: a table says what happens to each, all of TC's verdicts among it.
 */
#include "tc.h"

struct action {
	__u32 mask;
	__u32 set;
	int verdict;
	__u32 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32);
	__type(key, __u32);
	__type(value, struct action);
} actions SEC(".maps");

SEC("tc")
int
tc_marks(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	struct action *action = bpf_map_lookup_elem(&actions, &mark);

	if (!action)
		return TC_ACT_UNSPEC;
	skb->mark = (mark & ~action->mask) | action->set;
	skb->priority = skb->priority + skb->ingress_ifindex;
	action->bytes += skb->len;
	return action->verdict;
}
