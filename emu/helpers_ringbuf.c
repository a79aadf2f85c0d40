/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_ringbuf.c - records of ring buffers. */
#include "emu/helpers_priv.h"

static u64
ringbuf_output(struct xb_proc *proc, const union xb_arg *a)
{
	return helper_ret(xb_ringbuf_output(a[0].map, a[1].mem, a[2].u, a[3].u, proc));
}

static u64
ringbuf_reserve(struct xb_proc *proc, const union xb_arg *a)
{
	return a[2].u ? 0 : xb_ringbuf_reserve(a[0].map, a[1].u, proc);
}

/* The arguments' own address is in R1: the marshaller turns a record into its ring buffer. */
static u64
ringbuf_submit(struct xb_proc *proc, const union xb_arg *a)
{
	xb_ringbuf_commit(a[0].map, proc->r[1], a[1].u, false, proc);
	return 0;
}

static u64
ringbuf_discard(struct xb_proc *proc, const union xb_arg *a)
{
	xb_ringbuf_commit(a[0].map, proc->r[1], a[1].u, true, proc);
	return 0;
}

static u64
ringbuf_query(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return xb_ringbuf_query(a[0].map, a[1].u);
}

#define RINGBUF   XB_MAP_TYPE_BIT(BPF_MAP_TYPE_RINGBUF)
#define RINGBUF_C "kernel/bpf/ringbuf.c"

static const struct xb_helper rows[] = {
	{ XB_HELPER_ROW(ringbuf_output, RINGBUF_C),
	  .args = { XB_ARG_MAP, XB_ARG_MEM, XB_ARG_SIZE_OR_0, XB_ARG_ANY }, .map_types = RINGBUF },
	{ XB_HELPER_ROW(ringbuf_reserve, RINGBUF_C), .args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY },
	  .map_types = RINGBUF },
	{ XB_HELPER_ROW(ringbuf_submit, RINGBUF_C), .args = { XB_ARG_RECORD, XB_ARG_ANY } },
	{ XB_HELPER_ROW(ringbuf_discard, RINGBUF_C), .args = { XB_ARG_RECORD, XB_ARG_ANY } },
	{ XB_HELPER_ROW(ringbuf_query, RINGBUF_C), .args = { XB_ARG_MAP, XB_ARG_ANY },
	  .map_types = RINGBUF },
};

const struct xb_helper_table xb_helpers_ringbuf = { rows, XB_ARRAY_SIZE(rows) };
