/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_buff.c - what a program does with its packet's bounds, and with bytes that it cannot point
 * at.
 */
#include "xdp/xdp_priv.h"

#include "emu/helper.h"

#include <errno.h>
#include <string.h>

#define FAIL(errnum) ((u64) - (s64)(errnum))

/* cf. net/core/filter.c: bpf_xdp_get_buff_len */
static u64
xdp_get_buff_len(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xdp_buff_len(xdp_of(proc));
}

/* cf. net/core/filter.c: bpf_xdp_adjust_head */
static u64
xdp_adjust_head(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_xdp *x = xdp_of(proc);
	struct xdp_shape *s = &x->shape;
	s32 offset = (s32)(u32)a[1].u;
	u32 metalen = s->data_off - s->meta_off;
	s64 data = (s64)s->data_off + offset;

	if (data < (s64)(x->hard_start_off + XDP_FRAME_BYTES) + metalen ||
	    data > (s64)s->end_off - XDP_ETH_BYTES)
		return FAIL(EINVAL);
	if (metalen)
		memmove(x->page + (data - metalen), x->page + s->meta_off, metalen);
	s->data_off = (u32)data;
	s->meta_off = (u32)data - metalen;
	xdp_buff_sync(x);
	return 0;
}

/* cf. net/core/filter.c: bpf_xdp_adjust_meta */
static u64
xdp_adjust_meta(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_xdp *x = xdp_of(proc);
	struct xdp_shape *s = &x->shape;
	s64 meta = (s64)s->meta_off + (s32)(u32)a[1].u;
	s64 metalen = (s64)s->data_off - meta;

	if (meta < (s64)(x->hard_start_off + XDP_FRAME_BYTES) || metalen < 0)
		return FAIL(EINVAL);
	if (metalen % 4 || metalen > XDP_METALEN_MAX)
		return FAIL(EACCES);
	s->meta_off = (u32)meta;
	xdp_buff_sync(x);
	return 0;
}

/* cf. net/core/filter.c: bpf_xdp_frags_increase_tail */
static u64
frags_increase_tail(struct xb_xdp *x, u32 bytes)
{
	struct xdp_shape *s = &x->shape;
	u32 last = s->frag_cnt - 1;

	if (bytes > XDP_PAGE_BYTES - s->frag_len[last])
		return FAIL(EINVAL);
	memset(xdp_frag(x, last) + s->frag_len[last], 0, bytes);
	s->frag_len[last] += bytes;
	s->frags_bytes += bytes;
	return 0;
}

/*
 * Takes bytes off the end, fragment by fragment (cf. net/core/filter.c: bpf_xdp_frags_shrink_tail).
 * `bytes` is negative where the program said INT_MIN: then nothing happens, as there.
 */
static u64
frags_shrink_tail(struct xb_xdp *x, s32 bytes)
{
	struct xdp_shape *s = &x->shape;
	s32 n, len;

	if (bytes > (s32)xdp_buff_len(x) - (s32)XDP_ETH_BYTES)
		return FAIL(EINVAL);
	while (s->frag_cnt && bytes > 0) {
		len = (s32)s->frag_len[s->frag_cnt - 1];
		n = bytes < len ? bytes : len;
		bytes -= n;
		s->frags_bytes -= (u32)n;
		s->frag_len[s->frag_cnt - 1] -= (u32)n;
		if (n < len)
			break;
		s->frag_cnt--;
	}
	if (s->frag_cnt == 0)
		s->end_off -= (u32)bytes;
	xdp_buff_sync(x);
	return 0;
}

/* cf. net/core/filter.c: bpf_xdp_adjust_tail */
static u64
xdp_adjust_tail(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_xdp *x = xdp_of(proc);
	struct xdp_shape *s = &x->shape;
	s32 offset = (s32)(u32)a[1].u;
	s64 end = (s64)s->end_off + offset;

	if (s->frag_cnt)
		return offset < 0 ? frags_shrink_tail(x, (s32)(0u - (u32)offset))
		                  : frags_increase_tail(x, (u32)offset);
	if (end > x->hard_end_off || end < (s64)s->data_off + XDP_ETH_BYTES)
		return FAIL(EINVAL);
	if (offset > 0)
		memset(x->page + s->end_off, 0, (u32)offset);
	s->end_off = (u32)end;
	xdp_buff_sync(x);
	return 0;
}

/* What bpf_xdp_pointer refuses (cf. net/core/filter.c). */
static int
check_range(const struct xb_xdp *x, u32 offset, u32 len)
{
	if (offset > 0xffff || len > 0xffff)
		return -EFAULT;
	if (offset + len > xdp_buff_len(x))
		return -EINVAL;
	return 0;
}

/* cf. net/core/filter.c: bpf_xdp_load_bytes */
static u64
xdp_load_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_xdp *x = xdp_of(proc);
	u32 offset = (u32)a[1].u, len = (u32)a[3].u;
	int ret = check_range(x, offset, len);

	if (ret == 0)
		xdp_buff_read(x, offset, len, a[2].mem);
	return (u64)(s64)ret;
}

/* cf. net/core/filter.c: bpf_xdp_store_bytes */
static u64
xdp_store_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_xdp *x = xdp_of(proc);
	u32 offset = (u32)a[1].u, len = (u32)a[3].u;
	int ret = check_range(x, offset, len);

	if (ret == 0)
		xdp_buff_write(x, offset, len, a[2].mem);
	return (u64)(s64)ret;
}

/* id, function, arguments */
#define ROW(helper, ...)                                                                           \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper, .args = { __VA_ARGS__ },   \
		.prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),                                 \
		.source = "net/core/filter.c: bpf_" #helper,                                       \
	}

static const struct xb_helper rows[] = {
	ROW(xdp_get_buff_len, XB_ARG_CTX),
	ROW(xdp_adjust_head, XB_ARG_CTX, XB_ARG_ANY),
	ROW(xdp_adjust_meta, XB_ARG_CTX, XB_ARG_ANY),
	ROW(xdp_adjust_tail, XB_ARG_CTX, XB_ARG_ANY),
	ROW(xdp_load_bytes, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE),
	ROW(xdp_store_bytes, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE),
};

void
xdp_buff_helpers_register(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
