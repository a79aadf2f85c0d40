/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_cgroup.c - who a packet belongs to: the cgroup of its socket, classes of net_cls and of
 * its route, the state that IPsec unwrapped it with.
 */
#include "skb/skb_priv.h"

#include <errno.h>
#include <string.h>

static u64
get_cgroup_classid(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return skb_of(proc)->in.ctx->cgroup_classid;
}

static u64
skb_cgroup_classid(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sk = skb_to_full_sk(skb_of(proc));

	(void)a;
	return sk ? sk->info.cgroup_classid : 0;
}

/* Tunnel metadata takes the place of the route (cf. include/net/dst.h: dst_tclassid). */
static u64
get_route_realm(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_skb *s = skb_of(proc);

	(void)a;
	return s->tunnel_set ? 0 : s->in.ctx->route_realm;
}

static u64
skb_cgroup_id(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sk = skb_to_full_sk(skb_of(proc));

	(void)a;
	return sk ? sk->info.cgroup_id : 0;
}

static u64
skb_ancestor_cgroup_id(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sk = skb_to_full_sk(skb_of(proc));

	return sk ? xb_sock_cgroup_at(sk, (s32)a[1].u) : 0;
}

static u64
skb_under_cgroup(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sk = skb_to_full_sk(skb_of(proc));
	u64 id;
	int ret;

	if (!sk)
		return skb_ret(-ENOENT);
	ret = xb_cgroup_array_get(a[1].map, (u32)a[2].u, &id);
	return ret ? skb_ret(ret) : xb_sock_is_under(sk, id);
}

/* No packet has such a state here. */
static u64
skb_get_xfrm_state(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	memset(a[2].mem, 0, a[3].u);
	return skb_ret(-EINVAL);
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(get_cgroup_classid, SKB_TC | SKB_LWT, XB_ARG_CTX),
	{
	        .id = BPF_FUNC_get_cgroup_classid,
	        .name = "get_cgroup_classid",
	        .fn = get_cgroup_classid,
	        .prog_types = SKB_FILTER | SKB_CGROUP | SKB_FLOW | SKB_STREAM, /* no argument */
	        .source = "net/core/filter.c: bpf_get_cgroup_classid_curr",
	},
	SKB_ROW(skb_cgroup_classid, XB_ARG_CTX),
	SKB_ROW_OF(get_route_realm, SKB_TC | SKB_LWT, XB_ARG_CTX),
	SKB_ROW_OF(skb_cgroup_id, SKB_TC | SKB_CGROUP, XB_ARG_CTX),
	SKB_ROW_OF(skb_ancestor_cgroup_id, SKB_TC | SKB_CGROUP, XB_ARG_CTX, XB_ARG_ANY),
	{
	        .id = BPF_FUNC_skb_under_cgroup,
	        .name = "skb_under_cgroup",
	        .fn = skb_under_cgroup,
	        .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY },
	        .prog_types = SKB_TC | SKB_LWT,
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_CGROUP_ARRAY),
	        .source = "net/core/filter.c: bpf_skb_under_cgroup",
	},
	SKB_ROW(skb_get_xfrm_state, XB_ARG_CTX, XB_ARG_ANY, XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_cgroup);
