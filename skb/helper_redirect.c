/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_redirect.c - where a program wants its packet, or a clone of it, to go. The helpers note
 * it; whether the packet gets there is decided once the program has returned TC_ACT_REDIRECT.
 *
 * Every interface carries a link-layer header, and is up. What is sent reaches its queue: no
 * backlog and no recursion is too long.
 */
#include "skb/skb_priv.h"

#include "emu/fib.h"
#include "vm/bytes.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#define IP4_BYTES 20u
#define IP6_BYTES 40u

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

/* The flow of a packet without options that were looked at (cf. __bpf_redirect_neigh_v4, _v6). */
static bool
read_flow(const struct xb_skb *s, struct xb_fib_flow *flow)
{
	const u8 *ip = s->base + s->skb.net_off;
	u32 bytes = s->skb.data_off + s->skb.len - s->skb.net_off;

	if (flow->family == AF_INET) {
		if (bytes < IP4_BYTES)
			return false;
		flow->tos = ip[1];
		flow->proto = ip[9];
		memcpy(flow->src, ip + 12, 4);
		memcpy(flow->dst, ip + 16, 4);
		return true;
	}
	if (bytes < IP6_BYTES)
		return false;
	flow->flowinfo = xb_ld32(ip) & __builtin_bswap32(0x0fffffff);
	flow->proto = ip[6];
	memcpy(flow->src, ip + 8, 16);
	memcpy(flow->dst, ip + 24, 16);
	return true;
}

/* Whether the world has a route for the packet through the interface, or knows none of them. */
static bool
has_route(const struct xb_skb *s, u32 ifindex, u8 family)
{
	struct xb_fib_flow flow = { .family = family, .oif = ifindex, .mark = s->ctx->mark };
	struct xb_fib_next next;

	if (!s->emu->world->given)
		return true;
	if (!read_flow(s, &flow) || xb_fib_output(s->emu->world, &flow, &next))
		return false;
	return family == AF_INET6 || !next.route || next.route->type == RTN_UNICAST ||
	       next.route->type == RTN_LOCAL;
}

/*
 * Where the packet's neighbour can be asked for. Without a world that was given there is a route to
 * every address; every neighbour answers. (cf. net/core/filter.c: __bpf_redirect_neigh,
 * __bpf_redirect_neigh_v4,
 * __bpf_redirect_neigh_v6)
 */
static bool
has_neigh(const struct xb_skb *s, const struct xb_skb_redirect *to)
{
	u32 family = to->nexthop.nh_family;

	if (s->skb.mac_off >= s->skb.net_off || s->base[s->skb.mac_off] & 1)
		return false;
	if (s->skb.protocol == __builtin_bswap16(ETH_P_IP))
		return to->has_nexthop ? family == AF_INET || family == AF_INET6
		                       : has_route(s, to->ifindex, AF_INET);
	if (s->skb.protocol == __builtin_bswap16(ETH_P_IPV6))
		return to->has_nexthop ? family == AF_INET6 : has_route(s, to->ifindex, AF_INET6);
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
gets_there(const struct xb_skb *s, const struct xb_skb_redirect *to)
{
	switch (to->kind) {
	case XB_SKB_REDIRECT_IFINDEX:
		return has_link_layer(s);
	case XB_SKB_REDIRECT_PEER:
		return !s->in.ctx->at_egress && has_peer(s, to->ifindex);
	case XB_SKB_REDIRECT_NEIGH:
		return has_neigh(s, to);
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
