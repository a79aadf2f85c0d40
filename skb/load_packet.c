/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load_packet.c - the instructions LD_ABS and LD_IND, which classic BPF has left behind.
 *
 * Offsets from 0 count from data; from SKF_LL_OFF on from the MAC header, from SKF_NET_OFF on from
 * the network header. Classic BPF's ancillary data (SKF_AD_OFF) is translated when a classic
 * program is loaded; here its offsets are as any behind the network header. (cf.
 * net/core/filter.c: bpf_gen_ld_abs, bpf_skb_load_helper_8)
 */
#include "skb/skb_priv.h"

#include "vm/bytes.h"

#include <linux/filter.h>

/*
 * Where an offset points to, in the buffer; false where to no header. (cf. net/core/filter.c:
 * bpf_skb_load_helper_convert_offset)
 */
static bool
convert_offset(const struct xb_skb *s, s32 off, s64 *at)
{
	if (XB_LIKELY(off >= 0))
		*at = (s64)s->skb.data_off + off;
	else if (off >= SKF_NET_OFF)
		*at = (s64)s->skb.net_off + (off - SKF_NET_OFF);
	else if (off >= SKF_LL_OFF)
		*at = (s64)s->skb.mac_off + (off - SKF_LL_OFF);
	else
		return false;
	return true;
}

bool
skb_load_packet(struct xb_proc *proc, s32 off, u32 bytes, u64 *value)
{
	const struct xb_skb *s = skb_of(proc);
	s64 at, end = (s64)s->skb.data_off + s->skb.len;
	const u8 *from;

	if (!convert_offset(s, off, &at) || at > end - (s64)bytes)
		return false;
	from = s->base + at;
	*value = bytes == 1 ? *from : bytes == 2 ? xb_ld_be16(from) : xb_ld_be32(from);
	return true;
}
