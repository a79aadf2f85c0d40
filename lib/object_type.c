/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * object_type.c - of what type each program is, and which of them are loaded.
 */
#include "lib/object_priv.h"

#include "emu/btf.h"

#include <bpf/libbpf.h>
#include <string.h>

struct type {
	const char *name; /* of --type, or the start of a section's name */
	enum bpf_prog_type type;
	u32 attach;
};

/*
 * Sections whose exact name libbpf does not know; the first that fits. From 1.3 on it takes
 * tc/ingress and tc/egress for tcx's; here a verdict there may be any of TC's.
 */
static const struct type sections[] = {
	{ "xdp_devmap", BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP },
	{ "xdp/devmap", BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP },
	{ "xdp_cpumap", BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP },
	{ "xdp/cpumap", BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP },
	{ "xdp", BPF_PROG_TYPE_XDP, BPF_XDP },
	{ "tcx/egress", BPF_PROG_TYPE_SCHED_CLS, XB_TCX_EGRESS },
	{ "tcx", BPF_PROG_TYPE_SCHED_CLS, XB_TCX_INGRESS },
	{ "tc/", BPF_PROG_TYPE_SCHED_CLS, 0 },
	{ "tc_", BPF_PROG_TYPE_SCHED_CLS, 0 },
	{ "classifier", BPF_PROG_TYPE_SCHED_CLS, 0 },
	{ "netkit/peer", BPF_PROG_TYPE_SCHED_CLS, XB_NETKIT_PEER },
	{ "netkit", BPF_PROG_TYPE_SCHED_CLS, XB_NETKIT_PRIMARY },
	{ "act", BPF_PROG_TYPE_SCHED_ACT, 0 },
};

static const struct type types[] = {
	{ "xdp", BPF_PROG_TYPE_XDP, BPF_XDP },
	{ "tc", BPF_PROG_TYPE_SCHED_CLS, 0 },
	{ "tcx", BPF_PROG_TYPE_SCHED_CLS, XB_TCX_INGRESS },
};

static const struct type *
type_of_section(const char *section)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(sections); i++)
		if (!strncmp(section, sections[i].name, strlen(sections[i].name)))
			return &sections[i];
	return NULL;
}

/* That of --type, or NULL. */
static const struct type *
type_given(const struct xb_object *o)
{
	for (size_t i = 0; o->opts.type && i < XB_ARRAY_SIZE(types); i++)
		if (!strcmp(o->opts.type, types[i].name))
			return &types[i];
	return NULL;
}

/*
 * What the section's name does not tell is as --type says: the type, and of one for TC whether it
 * is one for tcx.
 */
static void
set_type(const struct xb_object *o, struct bpf_program *prog)
{
	bool known = bpf_program__type(prog) != BPF_PROG_TYPE_UNSPEC;
	const struct type *type = known ? NULL : type_of_section(bpf_program__section_name(prog));
	const struct type *given = type_given(o);

	if (!known && !type)
		type = given;
	if (type) {
		bpf_program__set_type(prog, type->type);
		bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)type->attach);
	}
	if (given && given->type == bpf_program__type(prog) &&
	    bpf_program__expected_attach_type(prog) == 0)
		bpf_program__set_expected_attach_type(prog, (enum bpf_attach_type)given->attach);
}

/* Types that have a mode of their own. */
static const struct {
	enum bpf_prog_type type;
	enum xb_tc_mode mode;
} modes[] = {
	{ BPF_PROG_TYPE_SOCKET_FILTER, XB_TC_SOCKET_FILTER },
	{ BPF_PROG_TYPE_CGROUP_SKB, XB_TC_CGROUP_SKB },
	{ BPF_PROG_TYPE_LWT_IN, XB_TC_LWT_IN },
	{ BPF_PROG_TYPE_LWT_OUT, XB_TC_LWT_OUT },
	{ BPF_PROG_TYPE_LWT_XMIT, XB_TC_LWT_XMIT },
	{ BPF_PROG_TYPE_LWT_SEG6LOCAL, XB_TC_LWT_SEG6LOCAL },
	{ BPF_PROG_TYPE_FLOW_DISSECTOR, XB_TC_FLOW_DISSECTOR },
};

enum xb_object_want
object_kind(const struct bpf_program *prog)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(modes); i++)
		if (modes[i].type == bpf_program__type(prog))
			return XB_WANT_SKB;
	switch (bpf_program__type(prog)) {
	case BPF_PROG_TYPE_XDP:
		return XB_WANT_XDP;
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
		return XB_WANT_TC;
	default:
		return XB_WANT_ANY;
	}
}

bool
object_is_left_out(const struct xb_object *o, const struct bpf_program *prog)
{
	for (u32 i = 0; i < o->opts.without_cnt; i++)
		if (strcmp(o->opts.without[i], bpf_program__name(prog)) == 0)
			return true;
	return o->opts.alone;
}

/* Without a choice: programs of devices, or all that there is. */
static bool
is_wanted(const struct xb_object *o, const struct bpf_program *prog)
{
	enum xb_object_want kind = object_kind(prog);

	return o->opts.all || (kind != XB_WANT_ANY && kind != XB_WANT_SKB);
}

void
object_prepare_programs(struct xb_object *o)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, o->bpf)
	{
		set_type(o, prog);
		if (!is_wanted(o, prog) || object_is_left_out(o, prog))
			bpf_program__set_autoload(prog, false);
		if (object_kind(prog) == XB_WANT_XDP && o->opts.frags)
			bpf_program__set_flags(prog,
			                       bpf_program__flags(prog) | BPF_F_XDP_HAS_FRAGS);
	}
}

/* One that libbpf loads for a function of the kernel, or of another program. */
static bool
needs_target(const struct bpf_program *prog)
{
	enum bpf_prog_type type = bpf_program__type(prog);

	return bpf_program__autoload(prog) &&
	       (type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
	        type == BPF_PROG_TYPE_EXT);
}

/*
 * Nothing calls these but a context of type generic, so that any target does. One that replaces a
 * function is a function by itself, as those of type tracing are: libbpf would ask for the program
 * that it is to be part of.
 */
int
object_set_targets(struct xb_object *o, const struct bpf_program **failed)
{
	struct bpf_program *prog;

	if (!o->emu || !o->emu->any_target)
		return 0;
	bpf_object__for_each_program(prog, o->bpf)
	{
		int rc;

		if (!needs_target(prog))
			continue;
		if (bpf_program__type(prog) == BPF_PROG_TYPE_EXT) {
			bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
			bpf_program__set_expected_attach_type(prog, BPF_TRACE_FENTRY);
		}
		xb_btf_kernel_want_target(o->emu);
		rc = bpf_program__set_attach_target(prog, 0, XB_BTF_TARGET);
		if (rc != 0) {
			*failed = prog;
			return rc;
		}
	}
	return 0;
}

const char *
xb_object_attach_name(const struct bpf_program *prog)
{
	static const char *const late[] = {
		[XB_TCX_INGRESS] = "tcx_ingress",
		[XB_TCX_EGRESS] = "tcx_egress",
		[XB_NETKIT_PRIMARY] = "netkit_primary",
		[XB_NETKIT_PEER] = "netkit_peer",
	};
	u32 attach = bpf_program__expected_attach_type(prog);

	if (attach == 0 || object_kind(prog) == XB_WANT_ANY)
		return NULL;
	if (attach < XB_ARRAY_SIZE(late) && late[attach])
		return late[attach];
	return libbpf_bpf_attach_type_str((enum bpf_attach_type)attach);
}

enum xb_tc_mode
xb_object_tc_mode(const struct xb_object *o)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(modes); i++)
		if (modes[i].type == bpf_program__type(o->chosen))
			return modes[i].mode;
	if (bpf_program__type(o->chosen) == BPF_PROG_TYPE_SCHED_ACT)
		return XB_TC_ACTION;
	switch ((u32)bpf_program__expected_attach_type(o->chosen)) {
	case XB_TCX_INGRESS:
	case XB_TCX_EGRESS:
		return XB_TC_TCX;
	case XB_NETKIT_PRIMARY:
	case XB_NETKIT_PEER:
		return XB_TC_NETKIT;
	default:
		return XB_TC_DIRECT_ACTION;
	}
}
