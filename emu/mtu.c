/* SPDX-License-Identifier: BSD-2-Clause */
/* mtu.c - bpf_check_mtu: whether a packet is too long for an interface. */
#include "emu/fib.h"

#include <errno.h>

#define ETHER_MTU   1500u
#define ETHER_BYTES 14u

static const struct xb_world_link ethernet = { .mtu = ETHER_MTU, .hard_header_len = ETHER_BYTES };

/* cf. net/core/filter.c: __dev_via_ifindex */
static const struct xb_world_link *
find_link(const struct xb_world *w, const struct xb_mtu_check *check)
{
	u32 ifindex = check->ifindex ? check->ifindex : check->own_ifindex;
	const struct xb_world_link *link = xb_world_link(w, ifindex);

	return link || ifindex != check->own_ifindex ? link : &ethernet;
}

int
xb_mtu_check(const struct xb_world *w, const struct xb_mtu_check *check, u32 *mtu_len)
{
	const struct xb_world_link *link;
	u32 bytes = check->bytes;

	if (check->flags & ~check->flags_known ||
	    (check->flags & BPF_MTU_CHK_SEGS && (check->len_diff || *mtu_len)))
		return -EINVAL;
	link = find_link(w, check);
	if (!link)
		return -ENODEV;
	if (*mtu_len)
		bytes = *mtu_len + link->hard_header_len;
	bytes += (u32)check->len_diff;
	*mtu_len = link->mtu;
	return (s32)bytes <= (s32)(link->mtu + link->hard_header_len) ? BPF_MTU_CHK_RET_SUCCESS
	                                                              : BPF_MTU_CHK_RET_FRAG_NEEDED;
}
