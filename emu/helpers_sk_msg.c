/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_sk_msg.c - helpers of SK_MSG programs (cf. net/core/filter.c: sk_msg_func_proto). */
#include "emu/captured.h"
#include "emu/helper.h"
#include "emu/helpers_priv.h"
#include "emu/map_sock.h"
#include "emu/sk_msg_priv.h"
#include "emu/world.h"

#include <errno.h>

static struct xb_sk_msg *
msg_of(const struct xb_proc *proc)
{
	return proc->run;
}

static u64
msg_apply_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	msg_of(proc)->apply_bytes = (u32)a[1].u;
	return 0;
}

static u64
msg_cork_bytes(struct xb_proc *proc, const union xb_arg *a)
{
	msg_of(proc)->cork_bytes = (u32)a[1].u;
	return 0;
}

static u64
msg_pull_data(struct xb_proc *proc, const union xb_arg *a)
{
	return helper_ret(xb_sk_msg_pull_data(msg_of(proc), (u32)a[1].u, (u32)a[2].u, a[3].u));
}

static u64
msg_push_data(struct xb_proc *proc, const union xb_arg *a)
{
	return helper_ret(xb_sk_msg_push_data(msg_of(proc), (u32)a[1].u, (u32)a[2].u, a[3].u));
}

static u64
msg_pop_data(struct xb_proc *proc, const union xb_arg *a)
{
	return helper_ret(xb_sk_msg_pop_data(msg_of(proc), (u32)a[1].u, (u32)a[2].u, a[3].u));
}

static u64
redirect(struct xb_sk_msg *m, const struct xb_map *map, const void *key, u64 flags)
{
	const struct xb_sock *sk = xb_sock_map_redirect(map, key, flags);

	if (!sk)
		return SK_DROP;
	if (!(flags & BPF_F_INGRESS) && !xb_sock_is_tcp(sk))
		return SK_DROP;
	m->ingress = flags & BPF_F_INGRESS;
	m->sk_redir = sk;
	return SK_PASS;
}

static u64
msg_redirect_map(struct xb_proc *proc, const union xb_arg *a)
{
	u32 key = (u32)a[2].u;

	return redirect(msg_of(proc), a[1].map, &key, a[3].u);
}

static u64
msg_redirect_hash(struct xb_proc *proc, const union xb_arg *a)
{
	return redirect(msg_of(proc), a[1].map, a[2].mem, a[3].u);
}

/* cf. bpf_get_netns_cookie_sk_msg */
static u64
get_netns_cookie(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_proc_emu(proc)->world->netns_cookie;
}

/* cf. bpf_get_cgroup_classid_curr */
static u64
get_cgroup_classid(struct xb_proc *proc, const union xb_arg *a)
{
	(void)a;
	return xb_captured_call(proc, BPF_FUNC_get_cgroup_classid);
}

#define ROW(helper, ...)                                                                           \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper,                            \
		.prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_MSG),                              \
		.source = "net/core/filter.c: bpf_" #helper, __VA_ARGS__                           \
	}

#define TYPE(t) XB_MAP_TYPE_BIT(BPF_MAP_TYPE_##t)

static const struct xb_helper rows[] = {
	ROW(msg_apply_bytes, .args = { XB_ARG_CTX, XB_ARG_ANY }),
	ROW(msg_cork_bytes, .args = { XB_ARG_CTX, XB_ARG_ANY }),
	ROW(msg_pull_data, .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY }),
	ROW(msg_push_data, .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY }),
	ROW(msg_pop_data, .args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY }),
	ROW(msg_redirect_map, .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY },
	    .map_types = TYPE(SOCKMAP)),
	ROW(msg_redirect_hash, .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_MAP_KEY, XB_ARG_ANY },
	    .map_types = TYPE(SOCKHASH)),
	{ .id = BPF_FUNC_perf_event_output,
	  .name = "perf_event_output",
	  .fn = xb_event_output_data,
	  .args = { XB_ARG_CTX, XB_ARG_MAP, XB_ARG_ANY, XB_ARG_MEM, XB_ARG_SIZE_OR_0 },
	  .prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SK_MSG),
	  .map_types = TYPE(PERF_EVENT_ARRAY),
	  .gpl_only = true,
	  .source = "kernel/bpf/helpers.c: bpf_event_output_data" },
	ROW(get_netns_cookie, .args = { XB_ARG_ANY }, .state = XB_HELPER_WORLD),
	ROW(get_cgroup_classid, .args = { XB_ARG_ANY }, .state = XB_HELPER_CAPTURED),
};

void
xb_sk_msg_register_helpers(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
