/* SPDX-License-Identifier: BSD-2-Clause */
/* left_meta.bpf.c - metadata that an XDP program left in front of the packet, if any: becomes mark
 * and priority. */
#include "tc.h"

#define MAGIC 0xfeedc0de /* of ../meta.bpf.c */

struct meta {
	__u32 magic;
	__u32 bytes;
	__u64 sum;
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
		return TC_ACT_PIPE;
	}
	found++;
	skb->mark = meta->sum;
	skb->priority = meta->bytes;
	return TC_ACT_OK;
}
