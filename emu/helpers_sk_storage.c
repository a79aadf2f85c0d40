/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_sk_storage.c - values that maps of type SK_STORAGE keep for sockets. */
#include "emu/helpers_priv.h"

#include "emu/map_local_storage.h"
#include "emu/sock.h"

#define BPF_SK_STORAGE_C "net/core/bpf_sk_storage.c"
#define TYPE(name)       XB_PROG_TYPE_BIT(BPF_PROG_TYPE_##name)
#define TYPES                                                                                      \
	(TYPE(SCHED_CLS) | TYPE(SCHED_ACT) | TYPE(CGROUP_SKB) | TYPE(SOCK_OPS) | TYPE(SK_MSG) |    \
	 TYPE(CGROUP_SOCK) | TYPE(CGROUP_SOCK_ADDR) | TYPE(CGROUP_SOCKOPT))

static u64
sk_storage_get(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	if (!xb_sock_is_full(a[1].sock))
		return 0;
	return xb_local_storage_get_locked(a[0].map, a[1].sock->owner, a[2].mem, a[3].u);
}

static u64
sk_storage_delete(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	if (!xb_sock_is_full(a[1].sock))
		return helper_ret(-EINVAL);
	return helper_ret(xb_local_storage_delete_locked(a[0].map, a[1].sock->owner));
}

static const struct xb_helper rows[] = {
	{
	        .id = BPF_FUNC_sk_storage_get,
	        .name = "sk_storage_get",
	        .fn = sk_storage_get,
	        .args = { XB_ARG_MAP, XB_ARG_SOCK_COMMON, XB_ARG_MAP_VALUE_OR_NULL, XB_ARG_ANY },
	        .prog_types = TYPES,
	        .source = BPF_SK_STORAGE_C ": bpf_sk_storage_get",
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_SK_STORAGE),
	},
	{
	        .id = BPF_FUNC_sk_storage_delete,
	        .name = "sk_storage_delete",
	        .fn = sk_storage_delete,
	        .args = { XB_ARG_MAP, XB_ARG_SOCK_COMMON },
	        .prog_types = TYPES,
	        .source = BPF_SK_STORAGE_C ": bpf_sk_storage_delete",
	        .map_types = XB_MAP_TYPE_BIT(BPF_MAP_TYPE_SK_STORAGE),
	},
};

const struct xb_helper_table xb_helpers_sk_storage = { rows, XB_ARRAY_SIZE(rows) };
