/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_fib.c - where the world would send a packet, whether it fits through there, and which
 * network namespace it is in.
 */
#include "skb/skb_priv.h"

#include "emu/fib.h"

#include <errno.h>

#define INIT_NETNS_COOKIE 1u /* of a machine's first network namespace; no two have the same */
#define TCP_BYTES         20u
#define UDP_BYTES         8u

/* cf. include/linux/netdevice.h: __is_skb_forwardable */
static bool
is_skb_forwardable(const struct xb_skb *s, const struct xb_world_link *link)
{
	return link->up &&
	       (s->skb.len <= link->mtu + link->hard_header_len + SKB_VLAN_BYTES || skb_is_gso(s));
}

/* Without a length to check, the packet's own is. cf. net/core/filter.c: bpf_skb_fib_lookup */
static u64
skb_fib_lookup(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	struct bpf_fib_lookup *params = a[1].mem;
	int ret = xb_fib_check_args((u32)a[2].u, a[3].u);
	const struct xb_world_link *link;
	bool check_mtu;

	if (ret)
		return skb_ret(ret);
	check_mtu = params->tot_len != 0;
	ret = xb_fib_lookup_params(s->emu->world, params, (u32)a[3].u, check_mtu);
	if (ret != BPF_FIB_LKUP_RET_SUCCESS || check_mtu)
		return skb_ret(ret);
	link = xb_world_link(s->emu->world, params->ifindex);
	if (!is_skb_forwardable(s, link))
		ret = BPF_FIB_LKUP_RET_FRAG_NEEDED;
	params->mtu_result = (u16)link->mtu;
	return skb_ret(ret);
}

/* cf. net/core/gso.c: skb_gso_transport_seglen */
static u32
transport_bytes(const struct xb_skb *s)
{
	const struct skb *skb = &s->skb;

	if (skb->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6))
		return skb->trans_off + TCP_BYTES <= SKB_BUFFER_BYTES
		               ? (s->base[skb->trans_off + 12] >> 4) * 4u
		               : 0;
	return skb->gso_type & SKB_GSO_UDP_L4 ? UDP_BYTES : 0;
}

/*
 * What a packet that will be cut has: -EINVAL where nobody knows its transport header. Of a packet
 * in a tunnel the headers inside count; here, as if it was in none. (cf. net/core/filter.c:
 * bpf_skb_check_mtu, net/core/gso.c: skb_gso_validate_network_len)
 */
static int
check_segments(const struct xb_skb *s, u32 mtu)
{
	const struct skb *skb = &s->skb;

	if (skb->trans_off == SKB_UNSET)
		return -EINVAL;
	if (skb->trans_off - skb->net_off + transport_bytes(s) + skb->gso_size > mtu)
		return BPF_MTU_CHK_RET_SEGS_TOOBIG;
	return BPF_MTU_CHK_RET_SUCCESS;
}

/*
 * A packet that will be cut fits, however long it is; BPF_MTU_CHK_SEGS asks about its segments.
 * Where that cannot be told, the length stays as it was. cf. net/core/filter.c: bpf_skb_check_mtu
 */
static u64
skb_check_mtu(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);
	u32 *mtu_len = a[2].mem, asked = *mtu_len;
	const struct xb_mtu_check check = {
		.ifindex = (u32)a[1].u,
		.own_ifindex = s->ctx->ifindex,
		.bytes = s->skb.len,
		.len_diff = (s32)a[3].u,
		.flags = a[4].u,
		.flags_known = BPF_MTU_CHK_SEGS,
	};
	int ret = xb_mtu_check(s->emu->world, &check, mtu_len);

	if (ret != BPF_MTU_CHK_RET_FRAG_NEEDED || !skb_is_gso(s))
		return skb_ret(ret);
	ret = BPF_MTU_CHK_RET_SUCCESS;
	if (check.flags & BPF_MTU_CHK_SEGS)
		ret = check_segments(s, *mtu_len);
	if (ret < 0)
		*mtu_len = asked;
	return skb_ret(ret);
}

/* Without a socket it is the machine's first. cf. net/core/filter.c: __bpf_get_netns_cookie */
static u64
get_netns_cookie(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);

	if (a[0].u == 0 || s->in.ctx->sock_kind == XB_SKB_SOCK_NONE)
		return INIT_NETNS_COOKIE;
	return s->emu->world->netns_cookie;
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_fib_lookup,
	        .name = "fib_lookup",
	        .fn = skb_fib_lookup,
	        .args = { XB_ARG_CTX, XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_ANY },
	        .prog_types = SKB_TYPES,
	        .gpl_only = true,
	        .source = "net/core/filter.c: bpf_skb_fib_lookup",
	        .state = XB_HELPER_WORLD,
	},
	{
	        .id = BPF_FUNC_check_mtu,
	        .name = "check_mtu",
	        .fn = skb_check_mtu,
	        .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_U32_W, XB_ARG_ANY, XB_ARG_ANY },
	        .prog_types = SKB_TYPES,
	        .gpl_only = true,
	        .source = "net/core/filter.c: bpf_skb_check_mtu",
	        .state = XB_HELPER_WORLD,
	},
	{
	        .id = BPF_FUNC_get_netns_cookie,
	        .name = "get_netns_cookie",
	        .fn = get_netns_cookie,
	        .args = { XB_ARG_CTX_OR_NULL },
	        .prog_types = SKB_TC | SKB_FILTER | SKB_CGROUP,
	        .source = "net/core/filter.c: bpf_get_netns_cookie",
	        .state = XB_HELPER_WORLD,
	},
};

SKB_TABLE(skb_helpers_fib);
