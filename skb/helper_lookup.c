/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_lookup.c - which socket a packet, or any other, would reach, and that this one shall reach
 * a certain one.
 */
#include "skb/skb_priv.h"

#include "emu/sock_lookup.h"

#include <errno.h>
#include <netinet/in.h>

static u64
lookup(struct xb_proc *proc, const union xb_arg *a, u8 proto, bool full)
{
	const struct xb_skb *s = skb_of(proc);
	const struct xb_sock_query q = { .tuple = a[1].mem,
		                         .bytes = (u32)a[2].u,
		                         .netns = a[3].u,
		                         .flags = a[4].u,
		                         .proto = proto,
		                         .ifindex = s->ctx->ifindex,
		                         .full = full };

	return xb_sock_query(s->emu, &q);
}

static u64
sk_lookup_tcp(struct xb_proc *proc, const union xb_arg *a)
{
	return lookup(proc, a, IPPROTO_TCP, true);
}

static u64
sk_lookup_udp(struct xb_proc *proc, const union xb_arg *a)
{
	return lookup(proc, a, IPPROTO_UDP, true);
}

static u64
skc_lookup_tcp(struct xb_proc *proc, const union xb_arg *a)
{
	return lookup(proc, a, IPPROTO_TCP, false);
}

/*
 * As in Linux from 6.6 on: a socket of an SO_REUSEPORT group may be assigned. Before, it was
 * -ESOCKTNOSUPPORT.
 */
static u64
sk_assign(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_skb *s = skb_of(proc);

	if (a[2].u)
		return skb_ret(-EINVAL);
	if (!s->skb.at_ingress)
		return skb_ret(-EOPNOTSUPP);
	if (!xb_sock_is_hashed(a[1].sock))
		return skb_ret(-EOPNOTSUPP);
	s->assigned = a[1].sock;
	return 0;
}

#define LOOKUP_ROW(helper)                                                                         \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper,                            \
		.args = { XB_ARG_CTX, XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY, XB_ARG_ANY },           \
		.prog_types = SKB_TC | SKB_CGROUP | SKB_STREAM,                                    \
		.source = "net/core/filter.c: bpf_" #helper, .state = XB_HELPER_WORLD              \
	}

static const struct xb_helper rows[] = {
	LOOKUP_ROW(sk_lookup_tcp),
	LOOKUP_ROW(sk_lookup_udp),
	LOOKUP_ROW(skc_lookup_tcp),
	SKB_ROW(sk_assign, XB_ARG_CTX, XB_ARG_SOCK_COMMON, XB_ARG_ANY),
};

SKB_TABLE(skb_helpers_lookup);
