/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_perf.c - bpf_perf_event_output of an XDP program: a record with packet bytes behind it.
 */
#include "xdp/xdp_priv.h"

#include "emu/helper.h"

/* The first bytes of the packet in one piece. */
static const u8 *
first_bytes(const struct xb_xdp *x, u32 bytes)
{
	if (bytes <= x->shape.end_off - x->shape.data_off)
		return x->page + x->shape.data_off;
	xdp_buff_read(x, 0, bytes, x->scratch);
	return x->scratch;
}

/* cf. net/core/filter.c: bpf_xdp_event_output */
static u64
xdp_event_output(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_xdp *x = xdp_of(proc);
	u64 flags = a[2].u;
	u32 bytes;
	long ret = xb_perf_packet_bytes(flags, xdp_buff_len(x), &bytes);

	if (ret == 0)
		ret = xb_perf_output(x->emu, proc, a[1].map, flags, a[3].mem, (u32)a[4].u,
		                     bytes ? first_bytes(x, bytes) : NULL, bytes);
	return (u64)ret;
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_perf_event_output,
	        .name = "perf_event_output",
	        .fn = xdp_event_output,
	        .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE_OR_0 },
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_PERF_EVENT_ARRAY),
	        .gpl_only = true,
	        .source = "net/core/filter.c: bpf_xdp_event_output",
	},
};

void
xdp_perf_helpers_register(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
