/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_packet.c - the instructions LD_ABS and LD_IND, which classic BPF has left behind.
 *
 * Offsets from 0 count from data; from SKF_LL_OFF on from the MAC header, from SKF_NET_OFF on from
 * the network header. (cf. net/core/filter.c: bpf_gen_ld_abs, bpf_skb_load_helper_8,
 * bpf_internal_load_pointer_neg_helper)
 */
#include "skb/skb_priv.h"

#include "vm/bytes.h"

#include <linux/filter.h>

/* Where a negative offset points to, from data on; false where to no header. */
static bool
from_header(const struct xb_skb *s, s32 off, s64 *at)
{
	if (off >= SKF_NET_OFF)
		*at = (s64)s->skb.net_off + ((s64)off - SKF_NET_OFF) - s->skb.data_off;
	else if (off >= SKF_LL_OFF)
		*at = (s64)s->skb.mac_off + ((s64)off - SKF_LL_OFF) - s->skb.data_off;
	else
		return false;
	/* Only what is linear, and nothing before the buffer. */
	return *at >= -(s64)s->skb.data_off;
}

bool
skb_load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value)
{
	const struct xb_skb *s = skb_of(proc);
	s64 at = off, end = s->skb.len;
	const u8 *from;

	if (off < 0) {
		if (!from_header(s, off, &at))
			return false;
		end = s->skb.linear;
	}
	if (at > end || (s64)bytes > end - at)
		return false;
	from = s->base + ((s64)s->skb.data_off + at);
	*value = bytes == 1 ? *from : bytes == 2 ? xb_ld_be16(from) : xb_ld_be32(from);
	return true;
}
