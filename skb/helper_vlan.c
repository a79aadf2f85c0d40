/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_vlan.c - VLAN tags: the outermost one lies beside the packet, all others in it.
 *
 * A push puts the tag that lies beside the packet into it; a pop takes the next one out again.
 */
#include "skb/skb_priv.h"

#include "vm/bytes.h"

#include <errno.h>
#include <string.h>

#define VLAN_TAG_OFF        (2u * ETH_ALEN) /* of a tag in the packet: TPID, then TCI */
#define VLAN_TCI_OFF        (VLAN_TAG_OFF + 2)
#define VLAN_ENCAP_TYPE_OFF (VLAN_TAG_OFF + SKB_VLAN_BYTES)
#define VLAN_ETH_HLEN       (ETH_HLEN + SKB_VLAN_BYTES)

/* cf. include/linux/if_vlan.h: __vlan_hwaccel_put_tag */
static void
vlan_hwaccel_put_tag(struct skb *skb, u16 proto, u16 tci)
{
	skb->vlan_present = true;
	skb->vlan_proto = proto;
	skb->vlan_tci = tci;
}

/* cf. include/linux/if_vlan.h: __vlan_hwaccel_clear_tag */
static void
vlan_hwaccel_clear_tag(struct skb *skb)
{
	skb->vlan_present = false;
	skb->vlan_proto = 0;
	skb->vlan_tci = 0;
}

/* cf. include/linux/if_vlan.h: __vlan_insert_tag */
static int
vlan_insert_tag(struct xb_skb *s, u16 proto, u16 tci)
{
	u8 *data;

	if (skb_ensure_writable(s, ETH_HLEN))
		return -EINVAL;
	if (skb_cow(s, SKB_VLAN_BYTES))
		return -ENOMEM;
	skb_push(s, SKB_VLAN_BYTES);
	s->skb.mac_off -= SKB_VLAN_BYTES;
	data = skb_data(s);
	memmove(data, data + SKB_VLAN_BYTES, VLAN_TAG_OFF);
	xb_st16(data + VLAN_TAG_OFF, proto);
	xb_st_be16(data + VLAN_TCI_OFF, tci);
	return 0;
}

/*
 * The network header moves along, so that the MAC header is of 14 bytes and the tag behind it (6.1:
 * mac_len grows instead). cf. net/core/skbuff.c: skb_vlan_push
 */
static int
vlan_push(struct xb_skb *s, u16 proto, u16 tci)
{
	struct skb *skb = &s->skb;
	int ret;

	if (skb->vlan_present) {
		ret = vlan_insert_tag(s, skb->vlan_proto, skb->vlan_tci);
		if (ret)
			return ret;
		skb->protocol = skb->vlan_proto;
		skb->net_off -= SKB_VLAN_BYTES;
		skb_postpush_rcsum(s, VLAN_TAG_OFF, SKB_VLAN_BYTES);
	}
	vlan_hwaccel_put_tag(skb, proto, tci);
	return 0;
}

/*
 * What is behind a tag. Linux reads on where a packet ends behind its tag's type; here zeros are
 * found there. cf. include/linux/if_vlan.h: vlan_set_encap_proto
 */
static u16
vlan_encap_proto(const struct xb_skb *s)
{
	const u8 *type = skb_data(s) + VLAN_ENCAP_TYPE_OFF;

	if (xb_ld_be16(type) >= ETH_P_802_3_MIN)
		return xb_ld16(type);
	if (s->skb.len >= VLAN_ETH_HLEN + 2 && xb_ld16(type + 2) == 0xffff)
		return __builtin_bswap16(ETH_P_802_3);
	return __builtin_bswap16(ETH_P_802_2);
}

/* Takes a tag out of the packet. cf. net/core/skbuff.c: __skb_vlan_pop */
static int
vlan_remove_tag(struct xb_skb *s, u16 *tci)
{
	struct skb *skb = &s->skb;
	u8 *data;

	if (skb_ensure_writable(s, VLAN_ETH_HLEN))
		return -ENOMEM;
	skb_postpull_rcsum(s, VLAN_TAG_OFF, SKB_VLAN_BYTES);
	data = skb_data(s);
	*tci = xb_ld_be16(data + VLAN_TCI_OFF);
	skb->protocol = vlan_encap_proto(s);
	memmove(data + SKB_VLAN_BYTES, data, VLAN_TAG_OFF);
	skb_pull(s, SKB_VLAN_BYTES);
	skb->mac_off += SKB_VLAN_BYTES;
	if ((s32)skb_network_offset(s) < ETH_HLEN)
		skb->net_off = skb->data_off + ETH_HLEN;
	skb->mac_len = (u16)skb_mac_header_len(s);
	return 0;
}

/* cf. net/core/skbuff.c: skb_vlan_pop */
static int
vlan_pop(struct xb_skb *s)
{
	struct skb *skb = &s->skb;
	u16 proto, tci;
	int ret;

	if (skb->vlan_present) {
		vlan_hwaccel_clear_tag(skb);
	} else {
		if (!skb_is_vlan_type(skb->protocol))
			return 0;
		ret = vlan_remove_tag(s, &tci);
		if (ret)
			return ret;
	}
	/* The next one comes to lie beside the packet. */
	proto = skb->protocol;
	if (!skb_is_vlan_type(proto))
		return 0;
	ret = vlan_remove_tag(s, &tci);
	if (ret)
		return ret;
	vlan_hwaccel_put_tag(skb, proto, tci);
	return 0;
}

/* cf. net/core/filter.c: bpf_skb_vlan_push */
static u64
skb_vlan_push(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	u16 proto = (u16)a[1].u;
	int ret;

	if (!skb_is_vlan_type(proto))
		proto = __builtin_bswap16(ETH_P_8021Q);
	skb_push_mac_rcsum(s);
	ret = vlan_push(s, proto, (u16)a[2].u);
	skb_pull_mac_rcsum(s);
	s->skb.mac_len = (u16)skb_mac_header_len(s); /* 6.1 does not */
	skb_sync(s);
	return skb_ret(ret);
}

/* cf. net/core/filter.c: bpf_skb_vlan_pop */
static u64
skb_vlan_pop(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	int ret;

	(void)a;
	skb_push_mac_rcsum(s);
	ret = vlan_pop(s);
	skb_pull_mac_rcsum(s);
	skb_sync(s);
	return skb_ret(ret);
}

static const struct xb_helper rows[] = {
	SKB_ROW(skb_vlan_push, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW(skb_vlan_pop, XB_ARG_CTX),
};

SKB_TABLE(skb_helpers_vlan);
