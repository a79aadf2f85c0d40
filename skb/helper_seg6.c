/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_seg6.c - what programs of lwt_seg6local may do with the segment routing header of their
 * packet. cf. net/core/filter.c: bpf_lwt_seg6_store_bytes, bpf_lwt_seg6_action,
 * bpf_lwt_seg6_adjust_srh; net/ipv6/seg6_local.c: input_action_end_bpf
 */
#include "skb/seg6.h"

#include "vm/bytes.h"

#include <errno.h>
#include <linux/seg6_local.h>
#include <string.h>

#define IP6_BYTES     40u
#define SRH_BYTES     8u
#define SEGMENT_BYTES 16u
#define FLAGS_OFF     5u
#define DADDR_OFF     24u
#define ROUTING       43u
#define PROTO_IPV6    41u

/* Places in a segment routing header. */
enum { SRH_HDRLEN = 1, SRH_LEFT = 3, SRH_FIRST = 4 };

static u8 *
srh_of(const struct xb_skb *s)
{
	return skb_data(s) + s->seg6.srh_off;
}

static u32
after_segments(const struct xb_skb *s)
{
	return s->seg6.srh_off + (srh_of(s)[SRH_FIRST] + 1u) * SEGMENT_BYTES;
}

static u32
srh_end(const struct xb_skb *s)
{
	return s->seg6.srh_off + SRH_BYTES + (u32)s->seg6.hdr_bytes;
}

/* Finds the header anew: 0 or -EINVAL. */
static int
find_srh(struct xb_skb *s)
{
	int off = skb_find_ipv6_hdr(s, ROUTING);

	if (off < 0)
		return -EINVAL;
	s->seg6.srh_off = (u32)off;
	return 0;
}

/* cf. net/core/filter.c: bpf_update_srh_state */
static void
update_srh_state(struct xb_skb *s)
{
	s->seg6.found = find_srh(s) == 0;
	if (!s->seg6.found)
		return;
	s->seg6.hdr_bytes = srh_of(s)[SRH_HDRLEN] * 8;
	s->seg6.valid = true;
}

/* cf. net/ipv6/seg6_local.c: seg6_bpf_has_valid_srh */
static bool
has_valid_srh(struct xb_skb *s)
{
	u8 *srh = srh_of(s);

	if (!s->seg6.found)
		return false;
	if (s->seg6.valid)
		return true;
	if (s->seg6.hdr_bytes & 7)
		return false;
	srh[SRH_HDRLEN] = (u8)(s->seg6.hdr_bytes / 8);
	s->seg6.valid = skb_seg6_validate(srh, (srh[SRH_HDRLEN] + 1u) * 8, true);
	return s->seg6.valid;
}

void
skb_seg6_begin(struct xb_skb *s)
{
	u8 *srh;
	u32 bytes;

	s->seg6.found = false;
	if (s->skb.protocol != __builtin_bswap16(ETH_P_IPV6) || s->skb.len < IP6_BYTES)
		return;
	update_srh_state(s);
	if (!s->seg6.found)
		return;
	srh = srh_of(s);
	bytes = (srh[SRH_HDRLEN] + 1u) * 8;
	if (s->seg6.srh_off + bytes > s->skb.len || !skb_seg6_validate(srh, bytes, true) ||
	    srh[SRH_LEFT] == 0) {
		s->seg6.found = false;
		return;
	}
	srh[SRH_LEFT]--;
	memcpy(skb_data(s) + DADDR_OFF, srh + SRH_BYTES + srh[SRH_LEFT] * SEGMENT_BYTES,
	       SEGMENT_BYTES);
}

bool
skb_seg6_end(struct xb_skb *s)
{
	return !s->seg6.found || has_valid_srh(s);
}

/*
 * What counts as the place of TLVs begins 8 bytes early, within the last segment: so it is in
 * Linux.
 */
static u64
lwt_seg6_store_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u32 off = (u32)a[1].u, bytes = (u32)a[3].u;

	if (!s->seg6.found)
		return skb_ret(-EINVAL);
	if (off >= after_segments(s) && (u64)off + bytes <= srh_end(s))
		s->seg6.valid = false;
	else if (off < s->seg6.srh_off + FLAGS_OFF ||
	         (u64)off + bytes > s->seg6.srh_off + SRH_BYTES)
		return skb_ret(-EFAULT);
	if (skb_try_make_writable(s, off + bytes))
		return skb_ret(-EFAULT);
	if (find_srh(s))
		return skb_ret(-EINVAL);
	memmove(skb_data(s) + off, a[2].mem, bytes);
	return 0;
}

static int
resize(struct xb_skb *s, u32 off, s32 by)
{
	int ret;

	if (by <= 0)
		return skb_net_hdr_pop(s, off, (u32)-by);
	ret = skb_cow(s, (u32)by);
	if (ret == 0)
		skb_net_hdr_push(s, off, (u32)by);
	return ret;
}

static u64
lwt_seg6_adjust_srh(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u32 off = (u32)a[1].u;
	s32 by = (s32)a[2].u;
	int ret;

	if (!s->seg6.found)
		return skb_ret(-EINVAL);
	if (off < after_segments(s) + SRH_BYTES || off > srh_end(s))
		return skb_ret(-EFAULT);
	if (by < 0 && (s64)off - by > srh_end(s))
		return skb_ret(-EFAULT);
	ret = resize(s, off, by);
	skb_sync(s);
	if (ret)
		return skb_ret(ret);
	xb_st16(skb_data(s) + 4, __builtin_bswap16((u16)(s->skb.len - IP6_BYTES)));
	if (find_srh(s))
		return skb_ret(-EINVAL);
	s->seg6.hdr_bytes = (u16)(s->seg6.hdr_bytes + by);
	s->seg6.valid = false;
	return 0;
}

/* Out of its outer headers. */
static int
end_dt6(struct xb_skb *s, u32 table)
{
	int off = skb_find_ipv6_hdr(s, PROTO_IPV6);

	if (off < 0 || skb_ensure_writable(s, (u32)off))
		return -EBADMSG;
	skb_pull(s, (u32)off);
	skb_postpull_rcsum(s, skb_network_offset(s), (u32)off);
	s->skb.net_off = s->skb.data_off;
	s->skb.trans_off = s->skb.data_off;
	s->skb.encapsulation = false;
	update_srh_state(s);
	return skb_seg6_lookup_nexthop(s, NULL, table);
}

static int
push(struct xb_skb *s, u32 type, const union xb_arg *a)
{
	int ret;

	if (s->seg6.found && !has_valid_srh(s))
		return -EBADMSG;
	ret = skb_push_seg6_encap(s, type, a[2].mem, (u32)a[3].u);
	if (ret == 0)
		update_srh_state(s);
	else
		find_srh(s); /* Linux still knows where it was, by its address */
	return ret;
}

static int
seg6_action(struct xb_skb *s, const union xb_arg *a)
{
	u32 action = (u32)a[1].u, bytes = (u32)a[3].u;
	bool to_addr = action == SEG6_LOCAL_ACTION_END_X;

	switch (action) {
	case SEG6_LOCAL_ACTION_END_B6:
		return push(s, BPF_LWT_ENCAP_SEG6_INLINE, a);
	case SEG6_LOCAL_ACTION_END_B6_ENCAP:
		return push(s, BPF_LWT_ENCAP_SEG6, a);
	case SEG6_LOCAL_ACTION_END_X:
	case SEG6_LOCAL_ACTION_END_T:
	case SEG6_LOCAL_ACTION_END_DT6:
		if (!has_valid_srh(s))
			return -EBADMSG;
		if (bytes != (to_addr ? SEGMENT_BYTES : sizeof(u32)))
			return -EINVAL;
		if (to_addr)
			return skb_seg6_lookup_nexthop(s, a[2].mem, 0);
		return action == SEG6_LOCAL_ACTION_END_T
		               ? skb_seg6_lookup_nexthop(s, NULL, xb_ld32(a[2].mem))
		               : end_dt6(s, xb_ld32(a[2].mem));
	default:
		return -EINVAL;
	}
}

static u64
lwt_seg6_action(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret = seg6_action(s, a);

	skb_sync(s);
	return skb_ret(ret);
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(lwt_seg6_store_bytes, SKB_BIT(LWT_SEG6LOCAL), XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM,
	           XB_ARG_SIZE),
	SKB_ROW_OF(lwt_seg6_adjust_srh, SKB_BIT(LWT_SEG6LOCAL), XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW_OF(lwt_seg6_action, SKB_BIT(LWT_SEG6LOCAL), XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM,
	           XB_ARG_SIZE),
};

SKB_TABLE(skb_helpers_seg6);
