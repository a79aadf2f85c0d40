/* SPDX-License-Identifier: BSD-2-Clause */
/* left_meta.bpf.c - metadata that an XDP program left in front of the packet, if any: becomes mark
 * and priority. */
#include "tc.h"

#define MAGIC 0x58425443

struct meta {
	__u32 magic;
	__u32 mark;
	__u32 priority;
};

__u64 found, absent;

SEC("tc")
int
tc_left_meta(struct __sk_buff *skb)
{
	struct meta *meta = (void *)(long)skb->data_meta;

	skb->cb[0] = skb->data - skb->data_meta;
	if ((void *)(meta + 1) > (void *)(long)skb->data || meta->magic != MAGIC) {
		absent++;
		return TC_ACT_OK;
	}
	found++;
	skb->mark = meta->mark;
	skb->priority = meta->priority;
	return TC_ACT_PIPE;
}
