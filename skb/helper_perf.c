/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_perf.c - bpf_perf_event_output of a TC program: a record with packet bytes behind it.
 */
#include "skb/skb_priv.h"

static u64
skb_event_output(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	u64 flags = a[2].u;
	u32 bytes;
	long ret = xb_perf_packet_bytes(flags, s->skb.len, &bytes);

	if (ret == 0)
		ret = xb_perf_output(s->emu, proc, a[1].map, flags, a[3].mem, (u32)a[4].u,
		                     bytes ? skb_data(s) : NULL, bytes);
	return skb_ret(ret);
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_perf_event_output,
	        .name = "perf_event_output",
	        .fn = skb_event_output,
	        .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE_OR_0 },
	        .prog_types = SKB_TC | SKB_FILTER | SKB_CGROUP | SKB_LWT | SKB_STREAM,
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_PERF_EVENT_ARRAY),
	        .gpl_only = true,
	        .source = "net/core/filter.c: bpf_skb_event_output",
	},
};

SKB_TABLE(skb_helpers_perf);
