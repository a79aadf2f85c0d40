/* SPDX-License-Identifier: BSD-2-Clause */
/* helper_fib.c - where the world would send a packet, and whether it fits through there. */
#include "xdp/xdp_priv.h"

#include "emu/fib.h"
#include "emu/helper.h"

#include <errno.h>

/* cf. net/core/filter.c: bpf_xdp_fib_lookup */
static u64
xdp_fib_lookup(struct xb_proc *proc, const union xb_arg *a)
{
	int ret = xb_fib_check_args((u32)a[2].u, a[3].u);

	if (ret == 0)
		ret = xb_fib_lookup_params(xdp_of(proc)->emu->world, a[1].mem, (u32)a[3].u, true);
	return (u64)(s64)ret;
}

/*
 * The linear part counts alone; flags there are none. cf. net/core/filter.c: bpf_xdp_check_mtu
 */
static u64
xdp_check_mtu(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_xdp *x = xdp_of(proc);
	const struct xb_mtu_check check = {
		.ifindex = (u32)a[1].u,
		.own_ifindex = x->md->ingress_ifindex,
		.bytes = x->shape.end_off - x->shape.data_off,
		.len_diff = (s32)a[3].u,
		.flags = a[4].u,
	};

	return (u64)(s64)xb_mtu_check(x->emu->world, &check, a[2].mem);
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_fib_lookup,
	        .name = "fib_lookup",
	        .fn = xdp_fib_lookup,
	        .args = { XB_ARG_CTX, XB_ARG_MEM_W, XB_ARG_SIZE, XB_ARG_ANY },
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),
	        .gpl_only = true,
	        .source = "net/core/filter.c: bpf_xdp_fib_lookup",
	        .state = XB_HELPER_WORLD,
	},
	{
	        .id = BPF_FUNC_check_mtu,
	        .name = "check_mtu",
	        .fn = xdp_check_mtu,
	        .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_U32_W, XB_ARG_ANY, XB_ARG_ANY },
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),
	        .gpl_only = true,
	        .source = "net/core/filter.c: bpf_xdp_check_mtu",
	        .state = XB_HELPER_WORLD,
	},
};

void
xdp_fib_helpers_register(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
