/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helper_redirect.c - where a program wants its packet to go. The helpers note it; what becomes of
 * the note is decided by the verdict (follow.c).
 */
#include "xdp/xdp_priv.h"

#include "emu/helper.h"

#include <limits.h>

static const char *const kind_names[XB_REDIRECT_KIND_CNT] = {
	[XB_REDIRECT_NONE] = "none",     [XB_REDIRECT_IFINDEX] = "ifindex",
	[XB_REDIRECT_DEVMAP] = "devmap", [XB_REDIRECT_DEVMAP_HASH] = "devmap_hash",
	[XB_REDIRECT_CPUMAP] = "cpumap", [XB_REDIRECT_XSKMAP] = "xskmap",
};

const char *
xb_redirect_kind_name(enum xb_redirect_kind kind)
{
	return kind_names[kind];
}

/* cf. net/core/filter.c: bpf_xdp_redirect */
static u64
xdp_redirect(struct xb_proc *proc, const union xb_arg *a)
{
	struct xdp_target *t = &xdp_of(proc)->target;

	if (a[1].u)
		return XDP_ABORTED;
	*t = (struct xdp_target){ .kind = XB_REDIRECT_IFINDEX,
		                  .index = (u32)a[0].u,
		                  .key_index = (u32)a[0].u };
	return XDP_REDIRECT;
}

static enum xb_redirect_kind
kind_of(u32 map_type)
{
	switch (map_type) {
	case BPF_MAP_TYPE_DEVMAP:
		return XB_REDIRECT_DEVMAP;
	case BPF_MAP_TYPE_DEVMAP_HASH:
		return XB_REDIRECT_DEVMAP_HASH;
	case BPF_MAP_TYPE_CPUMAP:
		return XB_REDIRECT_CPUMAP;
	case BPF_MAP_TYPE_XSKMAP:
		return XB_REDIRECT_XSKMAP;
	default:
		return XB_REDIRECT_NONE;
	}
}

/*
 * cf. include/linux/filter.h: __bpf_xdp_redirect_map. A lookup that fails leaves the key of the
 * last one that did not, as the number of an interface: seen only by a program that returns
 * XDP_REDIRECT all the same.
 */
static u64
xdp_redirect_map(struct xb_proc *proc, const union xb_arg *a)
{
	const u64 action_mask = XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX;
	struct xdp_target *t = &xdp_of(proc)->target;
	struct xb_map *map = a[0].map;
	enum xb_redirect_kind kind = kind_of(map->type);
	u64 key = a[1].u, flags = a[2].u, flag_mask = 0;
	const struct xb_map_target *to;
	bool all;

	if (kind == XB_REDIRECT_DEVMAP || kind == XB_REDIRECT_DEVMAP_HASH)
		flag_mask = BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS;
	if (flags & ~(action_mask | flag_mask))
		return XDP_ABORTED;
	all = flags & BPF_F_BROADCAST;
	to = xb_map_target(map, (u32)key);
	if (!to && !all) {
		t->kind = XB_REDIRECT_IFINDEX;
		t->map = NULL;
		t->prog = NULL;
		t->index = t->key_index;
		return flags & action_mask;
	}
	*t = (struct xdp_target){
		.kind = kind,
		.map = map,
		.key = key,
		.key_index = (u32)key,
		.flags = flags,
		.index = all ? 0 : to->index,
		.prog = all ? NULL : to->prog,
	};
	return XDP_REDIRECT;
}

void
xdp_redirect_out(const struct xb_xdp *x, struct xb_redirect *redirect)
{
	const struct xdp_target *t = &x->target;

	if (t->kind == XB_REDIRECT_IFINDEX && (t->index == 0 || t->index > INT_MAX))
		return; /* no interface has such a number */
	*redirect = (struct xb_redirect){
		.kind = t->kind,
		.map = t->map,
		.key = t->key,
		.flags = t->flags,
		.index = t->index,
		.prog = t->prog,
	};
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_redirect,
	        .name = "redirect",
	        .fn = xdp_redirect,
	        .args = { XB_ARG_ANY, XB_ARG_ANY },
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),
	        .source = "net/core/filter.c: bpf_xdp_redirect",
	},
	{
	        .id = BPF_FUNC_redirect_map,
	        .name = "redirect_map",
	        .fn = xdp_redirect_map,
	        .args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY },
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_DEVMAP) |
	                     XB_MAP_TYPE_BIT(BPF_MAP_TYPE_DEVMAP_HASH) |
	                     XB_MAP_TYPE_BIT(BPF_MAP_TYPE_CPUMAP) |
	                     XB_MAP_TYPE_BIT(BPF_MAP_TYPE_XSKMAP),
	        .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_XDP),
	        .source = "net/core/filter.c: bpf_xdp_redirect_map",
	},
};

void
xdp_redirect_helpers_register(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
