/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_params.c - bpf_fib_lookup: from its parameters to a flow, and from the result back. */
#include "emu/fib_priv.h"
#include "vm/bytes.h"

#include <errno.h>

#define IPV6_MIN_MTU 1280u
#define NUD_VALID    (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define FLAGS                                                                                      \
	(BPF_FIB_LOOKUP_DIRECT | BPF_FIB_LOOKUP_OUTPUT | BPF_FIB_LOOKUP_SKIP_NEIGH |               \
	 BPF_FIB_LOOKUP_TBID | BPF_FIB_LOOKUP_SRC | XB_FIB_LOOKUP_MARK)

_Static_assert(sizeof(struct bpf_fib_lookup) == 64, "wire layout");

int
xb_fib_check_args(u32 bytes, u64 flags)
{
	if ((s32)bytes < (s32)sizeof(struct bpf_fib_lookup))
		return -EINVAL;
	return (u32)flags & ~(u32)FLAGS ? -EINVAL : 0;
}

static struct xb_fib_flow
flow_of(const struct bpf_fib_lookup *params, u32 flags)
{
	bool output = flags & BPF_FIB_LOOKUP_OUTPUT;
	struct xb_fib_flow flow = {
		.family = params->family,
		.proto = params->l4_protocol,
		.sport = params->sport,
		.dport = params->dport,
		.iif = output ? XB_WORLD_LOOPBACK : params->ifindex,
		.oif = output ? params->ifindex : 0,
		.no_src = output,
	};

	if (flags & XB_FIB_LOOKUP_MARK)
		flow.mark = xb_ld32(params->smac);
	if (params->family == AF_INET) {
		flow.tos = params->tos;
		memcpy(flow.src, &params->ipv4_src, 4);
		memcpy(flow.dst, &params->ipv4_dst, 4);
	} else {
		flow.flowinfo = params->flowinfo;
		memcpy(flow.src, params->ipv6_src, 16);
		memcpy(flow.dst, params->ipv6_dst, 16);
	}
	return flow;
}

/* BPF_FIB_LKUP_RET_* of a route that does not forward; SUCCESS of one that does. */
static int
type_result(u8 type)
{
	switch (type) {
	case RTN_UNICAST:
		return BPF_FIB_LKUP_RET_SUCCESS;
	case RTN_BLACKHOLE:
		return BPF_FIB_LKUP_RET_BLACKHOLE;
	case RTN_UNREACHABLE:
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	case RTN_PROHIBIT:
		return BPF_FIB_LKUP_RET_PROHIBIT;
	default:
		return BPF_FIB_LKUP_RET_NOT_FWDED;
	}
}

static int
errno_result(int err, u8 family)
{
	if (family == AF_INET6)
		return BPF_FIB_LKUP_RET_NOT_FWDED;
	switch (err) {
	case -EINVAL:
		return BPF_FIB_LKUP_RET_BLACKHOLE;
	case -EHOSTUNREACH:
		return BPF_FIB_LKUP_RET_UNREACHABLE;
	case -EACCES:
		return BPF_FIB_LKUP_RET_PROHIBIT;
	default:
		return BPF_FIB_LKUP_RET_NOT_FWDED;
	}
}

/* The route and its hop: BPF_FIB_LKUP_RET_*. */
static int
find_route(const struct xb_world *w, struct bpf_fib_lookup *params, u32 flags,
           struct xb_fib_flow *flow, struct xb_fib_result *res)
{
	u32 table = xb_fib_l3mdev_table(w, xb_world_link(w, params->ifindex));
	int ret;

	if (flags & BPF_FIB_LOOKUP_DIRECT) {
		if (!table)
			table = RT_TABLE_MAIN;
		if (flags & BPF_FIB_LOOKUP_TBID) {
			table = params->tbid;
			params->tbid = 0;
		}
		ret = xb_fib_lookup_table(w, table, flow, res);
	} else {
		ret = xb_fib_lookup(w, flow, res);
	}
	if (ret)
		return errno_result(ret, flow->family);
	ret = type_result(res->route->type);
	if (ret == BPF_FIB_LKUP_RET_SUCCESS)
		xb_fib_select_path(w, flow, res);
	return ret;
}

/* The source that packets out of the hop's interface have, for BPF_FIB_LOOKUP_SRC. */
static bool
set_src(const struct xb_world *w, struct bpf_fib_lookup *params, const struct xb_fib_flow *flow,
        const struct xb_fib_result *res)
{
	if (flow->family == AF_INET) {
		xb_fib_src4(w, res, (u8 *)&params->ipv4_src);
		return true;
	}
	if (!res->route->prefsrc.family)
		return xb_fib_src6(w, res->link, flow->dst, (u8 *)params->ipv6_src);
	memcpy(params->ipv6_src, res->route->prefsrc.bytes, 16);
	return true;
}

static void
set_dst(struct bpf_fib_lookup *params, const struct xb_world_addr *gateway)
{
	if (gateway->family == AF_INET) {
		memcpy(&params->ipv4_dst, gateway->bytes, 4);
	} else if (gateway->family == AF_INET6) {
		params->family = AF_INET6;
		memcpy(params->ipv6_dst, gateway->bytes, 16);
	}
}

static int
set_macs(const struct xb_world *w, struct bpf_fib_lookup *params, const struct xb_world_link *link)
{
	struct xb_world_addr addr = { .family = params->family };
	const struct xb_world_neigh *neigh;

	if (params->family == AF_INET)
		memcpy(addr.bytes, &params->ipv4_dst, 4);
	else
		memcpy(addr.bytes, params->ipv6_dst, 16);
	neigh = xb_fib_neigh(w, link, &addr);
	if (!neigh || !(neigh->state & NUD_VALID))
		return BPF_FIB_LKUP_RET_NO_NEIGH;
	memcpy(params->dmac, neigh->mac, sizeof(params->dmac));
	memcpy(params->smac, link->mac, sizeof(params->smac));
	return BPF_FIB_LKUP_RET_SUCCESS;
}

/* What follows once the hop is known. An MTU of 0: nothing to compare with. */
static int
forward(const struct xb_world *w, struct bpf_fib_lookup *params, u32 flags,
        const struct xb_fib_flow *flow, const struct xb_fib_result *res, u32 mtu)
{
	int ret = BPF_FIB_LKUP_RET_SUCCESS;

	if (mtu && params->tot_len > mtu) {
		params->mtu_result = (u16)mtu;
		return BPF_FIB_LKUP_RET_FRAG_NEEDED;
	}
	if (res->hop->encap)
		return BPF_FIB_LKUP_RET_UNSUPP_LWT;
	if (flow->family == AF_INET6)
		set_dst(params, &res->hop->gateway);
	params->rt_metric = res->route->metric;
	params->ifindex = res->link->ifindex;
	if (flags & BPF_FIB_LOOKUP_SRC && !set_src(w, params, flow, res))
		return BPF_FIB_LKUP_RET_NO_SRC_ADDR;
	if (flow->family == AF_INET)
		set_dst(params, &res->hop->gateway);
	if (!(flags & BPF_FIB_LOOKUP_SKIP_NEIGH))
		ret = set_macs(w, params, res->link);
	if (ret != BPF_FIB_LKUP_RET_SUCCESS)
		return ret;
	params->h_vlan_TCI = 0;
	params->h_vlan_proto = 0;
	if (mtu)
		params->mtu_result = (u16)mtu;
	return ret;
}

static bool
is_forwarding(const struct xb_world_link *link, u8 family)
{
	if (family == AF_INET)
		return link->forwarding4;
	return link->forwarding6 && link->mtu >= IPV6_MIN_MTU;
}

int
xb_fib_lookup_params(const struct xb_world *w, struct bpf_fib_lookup *params, u32 flags,
                     bool check_mtu)
{
	const struct xb_world_link *link = xb_world_link(w, params->ifindex);
	struct xb_fib_result res = { NULL, NULL, NULL };
	struct xb_fib_flow flow = flow_of(params, flags);
	int ret;

	if (params->family != AF_INET && params->family != AF_INET6)
		return -EAFNOSUPPORT;
	if (params->family == AF_INET6 && (fib_need_strict(flow.dst) || fib_need_strict(flow.src)))
		return BPF_FIB_LKUP_RET_NOT_FWDED;
	if (!link)
		return -ENODEV;
	if (!is_forwarding(link, params->family))
		return BPF_FIB_LKUP_RET_FWD_DISABLED;
	ret = find_route(w, params, flags, &flow, &res);
	if (ret != BPF_FIB_LKUP_RET_SUCCESS)
		return ret;
	return forward(w, params, flags, &flow, &res,
	               check_mtu ? xb_fib_mtu(&res, flow.family) : 0);
}
