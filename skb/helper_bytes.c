/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_bytes.c - helpers that copy bytes from and to the packet, wherever they lie.
 *
 * Nothing stops a program from naming the packet itself as the buffer, though Linux's verifier
 * would: copies may overlap.
 */
#include "skb/skb_priv.h"

#include <errno.h>
#include <string.h>

#define MAX_RELATIVE_OFF 0xffffu

/* cf. include/linux/skbuff.h: __skb_postpull_rcsum */
static void
postpull_rcsum(struct skb *skb, const u8 *data, u32 bytes, u32 off)
{
	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->csum = xb_csum_block_sub(skb->csum, xb_csum_partial(data, bytes, 0), off);
	else if (skb->ip_summed == XB_CHECKSUM_PARTIAL && skb->csum_start < skb->data_off)
		skb->ip_summed = XB_CHECKSUM_NONE;
}

/* cf. include/linux/skbuff.h: __skb_postpush_rcsum */
static void
postpush_rcsum(struct skb *skb, const u8 *data, u32 bytes, u32 off)
{
	if (skb->ip_summed == XB_CHECKSUM_COMPLETE)
		skb->csum = xb_csum_postpush(skb->csum, data, bytes, off);
}

/* cf. net/core/filter.c: bpf_skb_store_bytes */
static u64
skb_store_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u32 off = (u32)a[1].u, bytes = (u32)a[3].u;
	u64 flags = a[4].u;
	u8 *to;

	if (XB_UNLIKELY(flags & ~(u64)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH)))
		return skb_ret(-EINVAL);
	if (XB_UNLIKELY(off > INT32_MAX || skb_try_make_writable(s, off + bytes)))
		return skb_ret(-EFAULT);
	to = skb_data(s) + off;
	if (flags & BPF_F_RECOMPUTE_CSUM)
		postpull_rcsum(&s->skb, to, bytes, off);
	memmove(to, a[2].mem, bytes);
	if (flags & BPF_F_RECOMPUTE_CSUM)
		postpush_rcsum(&s->skb, to, bytes, off);
	if (flags & BPF_F_INVALIDATE_HASH) {
		skb_clear_hash(s);
		skb_ctx_sync(s);
	}
	return 0;
}

static u64
fail_cleared(void *to, u32 bytes)
{
	memset(to, 0, bytes);
	return skb_ret(-EFAULT);
}

/* cf. net/core/filter.c: bpf_skb_load_bytes */
static u64
skb_load_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	u32 off = (u32)a[1].u, bytes = (u32)a[3].u;

	if (XB_UNLIKELY(off > s->skb.len || bytes > s->skb.len - off))
		return fail_cleared(a[2].mem, bytes);
	memmove(a[2].mem, skb_data(s) + off, bytes);
	return 0;
}

/*
 * The packet that is dissected has no sk_buff in a test run, nor where a driver asks how long its
 * headers are (cf. net/core/filter.c: bpf_flow_dissector_load_bytes).
 */
static u64
flow_dissector_load_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return fail_cleared(a[2].mem, (u32)a[3].u);
}

/*
 * Of the linear part alone, whatever the packet's length. (cf. net/core/filter.c:
 * bpf_skb_load_bytes_relative)
 */
static u64
skb_load_bytes_relative(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	u32 off = (u32)a[1].u, bytes = (u32)a[3].u;
	u64 end = (u64)s->skb.data_off + s->skb.linear, at = off;

	if (XB_UNLIKELY(off > MAX_RELATIVE_OFF))
		return fail_cleared(a[2].mem, bytes);
	switch ((u32)a[4].u) {
	case BPF_HDR_START_MAC:
		at += s->skb.mac_off;
		break;
	case BPF_HDR_START_NET:
		at += s->skb.net_off;
		break;
	default:
		return fail_cleared(a[2].mem, bytes);
	}
	if (XB_UNLIKELY(at + bytes > end))
		return fail_cleared(a[2].mem, bytes);
	memmove(a[2].mem, s->base + at, bytes);
	return 0;
}

/* cf. net/core/filter.c: bpf_skb_pull_data */
static u64
skb_pull_data(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u32 bytes = (u32)a[1].u;

	return skb_ret(skb_try_make_writable(s, bytes ? bytes : s->skb.linear));
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_skb_load_bytes,
	        .name = "skb_load_bytes",
	        .fn = flow_dissector_load_bytes,
	        .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE },
	        .prog_types = SKB_FLOW,
	        .source = "net/core/filter.c: bpf_flow_dissector_load_bytes",
	},
	SKB_ROW_OF(skb_store_bytes, SKB_TC | SKB_XMIT | SKB_STREAM, XB_ARG_CTX, XB_ARG_ANY,
	           XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY),
	SKB_ROW_OF(skb_load_bytes, SKB_TC | SKB_FILTER | SKB_CGROUP | SKB_LWT | SKB_STREAM,
	           XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE),
	SKB_ROW_OF(skb_load_bytes_relative, SKB_TC | SKB_FILTER | SKB_CGROUP, XB_ARG_CTX,
	           XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_ANY),
	SKB_ROW_OF(skb_pull_data, SKB_TC | SKB_LWT | SKB_STREAM, XB_ARG_CTX, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_bytes);
