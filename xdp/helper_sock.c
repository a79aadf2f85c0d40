/* SPDX-License-Identifier: BSD-2-Clause */
/* helper_sock.c - which socket an XDP program's packet, or any other, would reach. */
#include "xdp/xdp_priv.h"

#include "emu/helper.h"
#include "emu/sock_lookup.h"

#include <netinet/in.h>

static u64
lookup(struct xb_proc *proc, const union xb_arg *a, u8 proto, bool full)
{
	const struct xb_xdp *x = xdp_of(proc);
	const struct xb_sock_query q = { .tuple = a[1].mem,
		                         .bytes = (u32)a[2].u,
		                         .netns = a[3].u,
		                         .flags = a[4].u,
		                         .proto = proto,
		                         .ifindex = x->md->ingress_ifindex,
		                         .full = full };

	return xb_sock_query(x->emu, &q);
}

static u64
xdp_sk_lookup_tcp(struct xb_proc *proc, const union xb_arg *a)
{
	return lookup(proc, a, IPPROTO_TCP, true);
}

static u64
xdp_sk_lookup_udp(struct xb_proc *proc, const union xb_arg *a)
{
	return lookup(proc, a, IPPROTO_UDP, true);
}

static u64
xdp_skc_lookup_tcp(struct xb_proc *proc, const union xb_arg *a)
{
	return lookup(proc, a, IPPROTO_TCP, false);
}

#define LOOKUP_ROW(helper)                                                                         \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = xdp_##helper,                      \
		.args = { XB_ARG_CTX, XB_ARG_MEM, XB_ARG_SIZE, XB_ARG_ANY, XB_ARG_ANY },           \
		.prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),                                 \
		.source = "net/core/filter.c: bpf_xdp_" #helper, .state = XB_HELPER_WORLD          \
	}

static const struct xb_helper rows[] = {
	LOOKUP_ROW(sk_lookup_tcp),
	LOOKUP_ROW(sk_lookup_udp),
	LOOKUP_ROW(skc_lookup_tcp),
};

void
xdp_sock_helpers_register(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
