/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/kind.h"

#include <linux/pkt_cls.h>

static const struct skb_kind kinds[] = {
	{ BPF_PROG_TYPE_SCHED_CLS, SKB_VIEW_TC, .redirects = true, .fault_retval = TC_ACT_SHOT },
	{ BPF_PROG_TYPE_SCHED_ACT, SKB_VIEW_TC, .redirects = true, .fault_retval = TC_ACT_SHOT },
	{ BPF_PROG_TYPE_SOCKET_FILTER, SKB_VIEW_FILTER, .l3 = true },
	{ BPF_PROG_TYPE_CGROUP_SKB, SKB_VIEW_CGROUP, .l3 = true, .read_only = true },
	{ BPF_PROG_TYPE_LWT_IN, SKB_VIEW_LWT, .l3 = true, .read_only = true,
	  .fault_retval = BPF_DROP },
	{ BPF_PROG_TYPE_LWT_OUT, SKB_VIEW_LWT, .l3 = true, .read_only = true,
	  .fault_retval = BPF_DROP },
	{ BPF_PROG_TYPE_LWT_XMIT, SKB_VIEW_LWT, .l3 = true, .redirects = true,
	  .fault_retval = BPF_DROP },
	{ BPF_PROG_TYPE_LWT_SEG6LOCAL, SKB_VIEW_LWT, .l3 = true, .read_only = true,
	  .fault_retval = BPF_DROP },
	{ BPF_PROG_TYPE_FLOW_DISSECTOR, SKB_VIEW_FLOW, .read_only = true,
	  .fault_retval = BPF_DROP },
	{ BPF_PROG_TYPE_SK_SKB, SKB_VIEW_STREAM, .stream = true, .fault_retval = SK_DROP },
};

const struct skb_kind *
skb_kind_of(u32 prog_type)
{
	for (size_t i = 1; i < XB_ARRAY_SIZE(kinds); i++)
		if (kinds[i].prog_type == prog_type)
			return &kinds[i];
	return &kinds[0];
}

u32
skb_retval_max(u32 prog_type, u32 attach_type)
{
	if (prog_type != BPF_PROG_TYPE_CGROUP_SKB)
		return SKB_ANY_RETVAL;
	return attach_type == BPF_CGROUP_INET_EGRESS ? 3 : 1;
}
