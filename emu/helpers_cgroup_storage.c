/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_cgroup_storage.c - the value that a map has for the cgroup that a program runs for. */
#include "emu/helpers_priv.h"

static u64
get_local_storage(struct xb_proc *proc, const union xb_arg *a)
{
	u64 value;

	if (a[1].u)
		return xb_proc_fault(proc, XB_FAULT_BAD_ARGUMENT,
		                     "get_local_storage() doesn't support non-zero flags");
	value = xb_cgroup_storage_value(a[0].map, proc->vcpu);
	if (!value)
		return xb_proc_fault(proc, XB_FAULT_INTERNAL, "no memory for map '%s'",
		                     a[0].map->name);
	return value;
}

#define TYPE(t)     XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)
#define FOR_PROG(t) XB_PROG_TYPE_BIT(BPF_PROG_TYPE_##t)

static const struct xb_helper rows[] = {
	{ .id = BPF_FUNC_get_local_storage,
	  .name = "get_local_storage",
	  .fn = get_local_storage,
	  .args = { XB_ARG_MAP, XB_ARG_ANY },
	  .prog_types = FOR_PROG(CGROUP_SKB) | FOR_PROG(CGROUP_SOCK) | FOR_PROG(CGROUP_SOCK_ADDR) |
	                FOR_PROG(CGROUP_SOCKOPT) | FOR_PROG(CGROUP_SYSCTL) |
	                FOR_PROG(CGROUP_DEVICE) | FOR_PROG(SOCK_OPS),
	  .source = "kernel/bpf/cgroup.c: bpf_get_local_storage",
	  .map_types = TYPE(CGROUP_STORAGE) | TYPE(PERCPU_CGROUP_STORAGE) },
};

const struct xb_helper_table xb_helpers_cgroup_storage = { rows, XB_ARRAY_SIZE(rows) };
