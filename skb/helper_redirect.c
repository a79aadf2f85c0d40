/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_redirect.c - where a program wants its packet, or a clone of it, to go. The helpers note
 * it; whether the packet gets there is decided once the program has returned TC_ACT_REDIRECT.
 *
 * Every interface carries a link-layer header; without a world, all are up. What is sent reaches
 * its queue: no backlog and no recursion is too long.
 */
#include "skb/skb_priv.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <sys/socket.h>

#define NET_XMIT_CN 2 /* cf. include/linux/netdevice.h */
#define NET_RX_DROP 1

/* cf. net/core/filter.c: __bpf_redirect_common */
static bool
has_link_layer(const struct xb_skb *s)
{
	return s->skb.mac_off < s->skb.net_off && s->skb.len;
}

/*
 * Makes the head the packet's alone again: a new one, without metadata (cf. net/core/filter.c:
 * bpf_try_make_head_writable, net/core/skbuff.c: pskb_expand_head).
 */
static void
make_head_writable(struct xb_skb *s)
{
	s->skb.meta_bytes = 0;
	skb_sync(s);
}

/*
 * A device does not send what it would have to cut and cannot: a packet without a kind of segments,
 * as bpf_skb_change_proto() leaves it of one that had none (cf. net/core/dev.c: validate_xmit_skb).
 */
static bool
can_transmit(const struct xb_skb *s)
{
	return !skb_is_gso(s) || s->skb.gso_type & ~(u32)SKB_GSO_DODGY;
}

/* A clone's timestamp is cleared on its way, the packet's stays (cf. __bpf_tx_skb). */
static void
send_clone(const struct xb_skb *s, const struct xb_skb_redirect *to)
{
	const struct skb *skb = &s->skb;
	const struct xb_skb_clone clone = {
		.data = skb_data(s),
		.bytes = skb->len,
		.vlan_present = skb->vlan_present,
		.vlan_tci = skb->vlan_tci,
		.vlan_proto = skb->vlan_proto,
		.ip_summed = skb->ip_summed,
		.csum_start = (u16)(skb->csum_start - skb->data_off),
		.csum_offset = skb->csum_offset,
		.redirect = *to,
	};

	if (s->clone_fn)
		s->clone_fn(s->clone_arg, &clone);
}

/*
 * Whether an interface of the world lets a packet pass: on its way in where it is up, on its way
 * out where it has a carrier too (cf. net/core/dev.c: ____dev_forward_skb, net/sched/sch_generic.c:
 * noop_enqueue).
 */
static bool
is_passing(const struct xb_skb *s, const struct xb_skb_redirect *to)
{
	const struct xb_world_link *link;

	if (XB_LIKELY(!s->emu->world->given))
		return true;
	link = xb_world_link(s->emu->world, to->ifindex);
	return link->up && (to->ingress || !link->no_carrier);
}

static u64
clone_redirect(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);
	const struct xb_skb_redirect to = {
		.kind = XB_SKB_REDIRECT_IFINDEX,
		.ifindex = (u32)a[1].u,
		.ingress = a[2].u & BPF_F_INGRESS,
		.flags = a[2].u,
	};

	if (to.flags & ~(u64)BPF_F_INGRESS)
		return skb_ret(-EINVAL);
	if (skb_is_gso(s) && !s->skb.gso_type)
		return skb_ret(-EBADMSG);
	if (!skb_has_ifindex(s, to.ifindex))
		return skb_ret(-EINVAL);
	make_head_writable(s);
	if (!has_link_layer(s))
		return skb_ret(-ERANGE);
	if (!is_passing(s, &to))
		return to.ingress ? NET_RX_DROP : NET_XMIT_CN;
	if (!to.ingress && !can_transmit(s))
		return skb_ret(-ENOMEM);
	send_clone(s, &to);
	return 0;
}

static u64
redirect(struct xb_proc *proc, const union xb_arg *a)
{
	u64 flags = a[1].u;

	if (flags & ~(u64)BPF_F_INGRESS)
		return TC_ACT_SHOT;
	skb_of(proc)->target.redirect = (struct xb_skb_redirect){
		.kind = XB_SKB_REDIRECT_IFINDEX,
		.ifindex = (u32)a[0].u,
		.ingress = flags & BPF_F_INGRESS,
		.flags = flags,
	};
	return TC_ACT_REDIRECT;
}

static u64
redirect_peer(struct xb_proc *proc, const union xb_arg *a)
{
	if (a[1].u)
		return TC_ACT_SHOT;
	skb_of(proc)->target.redirect = (struct xb_skb_redirect){
		.kind = XB_SKB_REDIRECT_PEER,
		.ifindex = (u32)a[0].u,
		.ingress = true,
	};
	return TC_ACT_REDIRECT;
}

static u64
redirect_neigh(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb_redirect *to = &skb_of(proc)->target.redirect;
	s32 plen = (s32)a[2].u;

	if ((plen && plen < (s32)sizeof(to->nexthop)) || a[3].u)
		return TC_ACT_SHOT;
	*to = (struct xb_skb_redirect){
		.kind = XB_SKB_REDIRECT_NEIGH,
		.ifindex = (u32)a[0].u,
		.has_nexthop = plen != 0,
	};
	if (plen)
		memcpy(&to->nexthop, a[1].mem, sizeof(to->nexthop));
	return TC_ACT_REDIRECT;
}

/*
 * Whether the packet's neighbour can be asked for. Without a world there is a route to every
 * address, and every neighbour answers. (cf. net/core/filter.c: __bpf_redirect_neigh,
 * __bpf_redirect_neigh_v4, __bpf_redirect_neigh_v6)
 */
static bool
has_neigh(const struct xb_skb *s, const struct xb_skb_redirect *to)
{
	u32 family = to->nexthop.nh_family;

	if (s->skb.mac_off >= s->skb.net_off || s->base[s->skb.mac_off] & 1)
		return false;
	if (s->skb.protocol == __builtin_bswap16(ETH_P_IP))
		return !to->has_nexthop || family == AF_INET || family == AF_INET6;
	if (s->skb.protocol == __builtin_bswap16(ETH_P_IPV6))
		return !to->has_nexthop || family == AF_INET6;
	return false;
}

/*
 * Whether a pair's other end is in another namespace. Without a world it is not known what the
 * interface is: it may be. (cf. net/core/filter.c: skb_do_redirect)
 */
static bool
has_peer(const struct xb_skb *s, u32 ifindex)
{
	const struct xb_world_link *link = xb_world_link(s->emu->world, ifindex);

	return !s->emu->world->given || (link && link->peer_elsewhere && link->up);
}

static bool
gets_there(struct xb_skb *s, const struct xb_skb_redirect *to)
{
	switch (to->kind) {
	case XB_SKB_REDIRECT_IFINDEX:
		return has_link_layer(s) && is_passing(s, to);
	case XB_SKB_REDIRECT_PEER:
		return !s->in.ctx->at_egress && has_peer(s, to->ifindex);
	case XB_SKB_REDIRECT_NEIGH:
		return has_neigh(s, to) && is_passing(s, to) &&
		       (!s->emu->world->given || skb_out_neigh(s, to));
	case XB_SKB_REDIRECT_NONE:
	case XB_SKB_REDIRECT_KIND_CNT:
		break;
	}
	return false;
}

void
skb_do_redirect(struct xb_skb *s, struct xb_skb_redirect *to)
{
	struct xb_skb_redirect *target = &s->target.redirect;

	if (skb_has_ifindex(s, target->ifindex) && gets_there(s, target))
		*to = *target;
	target->kind = XB_SKB_REDIRECT_NONE;
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(clone_redirect, SKB_TC | SKB_XMIT, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW_OF(redirect, SKB_TC | SKB_XMIT, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW(redirect_peer, XB_ARG_ANY, XB_ARG_ANY),
	SKB_ROW(redirect_neigh, XB_ARG_ANY, XB_ARG_MEM_OR_NULL, XB_ARG_SIZE_OR_0, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_redirect);
