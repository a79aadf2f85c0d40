/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_csum.c - checksums in the packet's headers, and what is known of them beside the packet.
 * bpf_csum_diff, which needs no packet, is in emu/helpers_misc.c.
 */
#include "skb/skb_priv.h"

#include "vm/bytes.h"

#include <errno.h>

#ifndef BPF_F_IPV6
#define BPF_F_IPV6 (1ull << 7) /* Linux 6.16 */
#endif

#define L4_FLAGS                                                                                   \
	((u64)(BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR |                      \
	       BPF_F_HDR_FIELD_MASK | BPF_F_IPV6))
#define MAX_OFF        0xffffu
#define CSUM_MANGLED_0 0xffffu
#define MAX_CSUM_LEVEL 3u /* cf. include/linux/skbuff.h: SKB_MAX_CSUM_LEVEL */

/* The checksum's place in the packet, or NULL. */
static u8 *
field_at(struct xb_skb *s, u64 arg)
{
	u32 off = (u32)arg;

	if (off > MAX_OFF || off & 1 || skb_try_make_writable(s, off + (u32)sizeof(__sum16)))
		return NULL;
	return skb_data(s) + off;
}

/* cf. net/core/filter.c: bpf_l3_csum_replace */
static u64
l3_csum_replace(struct xb_proc *proc, const union xb_arg *a)
{
	u64 from = a[2].u, to = a[3].u, flags = a[4].u;
	__sum16 sum;
	u8 *at;

	if (XB_UNLIKELY(flags & ~(u64)BPF_F_HDR_FIELD_MASK))
		return skb_ret(-EINVAL);
	at = field_at(skb_of(proc), a[1].u);
	if (XB_UNLIKELY(!at))
		return skb_ret(-EFAULT);
	sum = xb_ld16(at);
	if (flags == 0 && from == 0)
		sum = xb_csum_replace_by_diff(sum, (__wsum)to);
	else if (flags == 2)
		sum = xb_csum_replace2(sum, (__be16)from, (__be16)to);
	else if (flags == 4)
		sum = xb_csum_replace4(sum, (__be32)from, (__be32)to);
	else
		return skb_ret(-EINVAL);
	xb_st16(at, sum);
	return 0;
}

/* Sizes of the field that changes: 0 where `to` is the difference. */
static int
replace(struct xb_csum_proto *p, u64 from, u64 to, u64 flags)
{
	bool pseudo = flags & BPF_F_PSEUDO_HDR;

	switch (flags & BPF_F_HDR_FIELD_MASK) {
	case 0:
		if (from != 0)
			return -EINVAL;
		xb_inet_proto_csum_replace_by_diff(p, (__wsum)to, pseudo, flags & BPF_F_IPV6);
		return 0;
	case 2:
		xb_inet_proto_csum_replace2(p, (__be16)from, (__be16)to, pseudo);
		return 0;
	case 4:
		xb_inet_proto_csum_replace4(p, (__be32)from, (__be32)to, pseudo);
		return 0;
	}
	return -EINVAL;
}

/* cf. net/core/filter.c: bpf_l4_csum_replace */
static u64
l4_csum_replace(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u64 flags = a[4].u;
	bool mangled_0 = flags & BPF_F_MARK_MANGLED_0;
	struct xb_csum_proto p = { .ip_summed = s->skb.ip_summed, .csum = s->skb.csum };
	u8 *at;

	if (XB_UNLIKELY(flags & ~L4_FLAGS))
		return skb_ret(-EINVAL);
	at = field_at(s, a[1].u);
	if (XB_UNLIKELY(!at))
		return skb_ret(-EFAULT);
	p.sum = xb_ld16(at);
	if (mangled_0 && !(flags & BPF_F_MARK_ENFORCE) && !p.sum)
		return 0; /* UDP without a checksum stays so */
	if (XB_UNLIKELY(replace(&p, a[2].u, a[3].u, flags)))
		return skb_ret(-EINVAL);
	s->skb.csum = p.csum;
	xb_st16(at, mangled_0 && !p.sum ? CSUM_MANGLED_0 : p.sum);
	return 0;
}

/* cf. net/core/filter.c: bpf_csum_update */
static u64
csum_update(struct xb_proc *proc, const union xb_arg *a)
{
	struct skb *skb = &skb_of(proc)->skb;

	if (skb->ip_summed != XB_CHECKSUM_COMPLETE)
		return skb_ret(-XB_ENOTSUPP);
	skb->csum = xb_csum_add(skb->csum, (__wsum)a[1].u);
	return skb->csum;
}

/* cf. include/linux/skbuff.h */
static void
incr_checksum_unnecessary(struct skb *skb)
{
	if (skb->ip_summed == XB_CHECKSUM_UNNECESSARY) {
		if (skb->csum_level < MAX_CSUM_LEVEL)
			skb->csum_level++;
	} else if (skb->ip_summed == XB_CHECKSUM_NONE) {
		skb->ip_summed = XB_CHECKSUM_UNNECESSARY;
		skb->csum_level = 0;
	}
}

static void
decr_checksum_unnecessary(struct skb *skb)
{
	if (skb->ip_summed != XB_CHECKSUM_UNNECESSARY)
		return;
	if (skb->csum_level == 0)
		skb->ip_summed = XB_CHECKSUM_NONE;
	else
		skb->csum_level--;
}

/* cf. net/core/filter.c: bpf_csum_level */
static u64
csum_level(struct xb_proc *proc, const union xb_arg *a)
{
	struct skb *skb = &skb_of(proc)->skb;

	switch (a[1].u) {
	case BPF_CSUM_LEVEL_QUERY:
		return skb->ip_summed == XB_CHECKSUM_UNNECESSARY ? skb->csum_level
		                                                 : skb_ret(-EACCES);
	case BPF_CSUM_LEVEL_INC:
		incr_checksum_unnecessary(skb);
		return 0;
	case BPF_CSUM_LEVEL_DEC:
		decr_checksum_unnecessary(skb);
		return 0;
	case BPF_CSUM_LEVEL_RESET:
		skb_reset_checksum_unnecessary(skb);
		return 0;
	}
	return skb_ret(-EINVAL);
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(l3_csum_replace, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY,
	           XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW_OF(l4_csum_replace, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY,
	           XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW_OF(csum_update, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_ANY),
	SKB_ROW_OF(csum_level, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_csum);
