/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_hash.c - the packet's hash: what __sk_buff's field shows, computed when it is asked for.
 *
 * Once there it stays, also when the headers change, until it is cleared: by
 * bpf_set_hash_invalid, BPF_F_INVALIDATE_HASH, and helpers that give the packet other headers. A
 * hash that came with the packet and is not over ports is not good enough for
 * bpf_get_hash_recalc, which puts its own in its place.
 */
#include "skb/skb_priv.h"

#include "skb/flow.h"

/* cf. net/core/flow_dissector.c: __skb_get_hash_net */
static void
compute_hash(struct xb_skb *s)
{
	struct skb *skb = &s->skb;
	u32 end = skb->data_off + skb->len;
	const struct xb_flow_packet packet = {
		.l3 = s->base + skb->net_off,
		.bytes = end > skb->net_off ? end - skb->net_off : 0,
		.protocol = skb->protocol,
		.vlan_present = skb->vlan_present,
		.vlan_tci = skb->vlan_tci,
		.vlan_proto = skb->vlan_proto,
	};
	struct xb_flow_keys keys;

	xb_flow_dissect(&packet, &keys);
	skb->hash = xb_flow_hash(&keys, s->emu->seed);
	skb->sw_hash = true;
	skb->l4_hash = xb_flow_has_l4(&keys);
}

/* cf. include/linux/skbuff.h: skb_get_hash */
static u64
get_hash_recalc(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);

	(void)a;
	if (!s->skb.l4_hash && !s->skb.sw_hash) {
		compute_hash(s);
		skb_ctx_sync(s);
	}
	return s->skb.hash;
}

/* cf. net/core/filter.c: bpf_set_hash_invalid */
static u64
set_hash_invalid(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);

	(void)a;
	skb_clear_hash(s);
	skb_ctx_sync(s);
	return 0;
}

/* Any value will do, 0 as well. (cf. net/core/filter.c: bpf_set_hash) */
static u64
set_hash(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);

	s->skb.hash = (u32)a[1].u;
	s->skb.sw_hash = true;
	s->skb.l4_hash = true;
	skb_ctx_sync(s);
	return 0;
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(get_hash_recalc, SKB_TC | SKB_LWT, XB_ARG_CTX),
	SKB_ROW_OF(set_hash_invalid, SKB_TC | SKB_XMIT, XB_ARG_CTX),
	SKB_ROW(set_hash, XB_ARG_CTX, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_hash);
