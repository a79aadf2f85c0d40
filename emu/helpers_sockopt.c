/* SPDX-License-Identifier: BSD-2-Clause */
/* helpers_sockopt.c - options of the socket that a SOCK_OPS program is called for. */
#include "emu/helper.h"
#include "emu/sock_ops_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static struct xb_sockopt_call
call_of(const struct xb_sock_ops *s, const union xb_arg *a)
{
	s->in.sock->opts.sock_ops_cb_flags = (s32)s->cb_flags;
	return (struct xb_sockopt_call){
		.sock = s->in.sock,
		.level = (s32)a[1].u,
		.name = (s32)a[2].u,
		.has_socket = s->in.op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB,
	};
}

/* cf. net/core/filter.c: bpf_sock_ops_setsockopt */
static u64
sock_ops_setsockopt(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_sock_ops *s = proc->run;
	struct xb_sockopt_call call = call_of(s, a);
	int ret;

	if (!xb_sock_ops_op_is_locked(s))
		return (u64)-EOPNOTSUPP;
	ret = xb_sockopt_set(&call, a[3].mem, (u32)a[4].u);
	s->cb_flags = (u32)s->in.sock->opts.sock_ops_cb_flags;
	xb_sock_ops_sync(s);
	return (u64)(s64)ret;
}

/* How much of what is in front of the SYN's TCP header is wanted, or -ENOENT. */
static int
front_bytes(const struct xb_sock_ops *s, s32 name)
{
	const struct xb_sock_ops_in *in = &s->in;

	if (!in->syn || (name == TCP_BPF_SYN_MAC && in->syn_ip_bytes && !in->syn_mac_bytes))
		return -ENOENT;
	if (name == TCP_BPF_SYN)
		return 0;
	return (int)(in->syn_ip_bytes + (name == TCP_BPF_SYN_MAC ? in->syn_mac_bytes : 0));
}

/* The headers that end with TCP's, and how long they are. */
static u32
copy_syn(const struct xb_sock_ops *s, u32 front, u8 *to, u32 bytes)
{
	u32 all = s->in.syn_mac_bytes + s->in.syn_ip_bytes;
	u32 first = front < bytes ? front : bytes;
	u32 rest = s->in.syn_bytes < bytes - first ? s->in.syn_bytes : bytes - first;

	memcpy(to, s->syn_front + all - front, first);
	memcpy(to + first, s->syn, rest);
	return front + s->in.syn_bytes;
}

static u64
not_known(struct xb_proc *proc)
{
	return xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
	                     "bpf_getsockopt: the IP header of the SYN is not known");
}

/* cf. net/core/filter.c: bpf_sock_ops_get_syn */
static u64
get_syn(struct xb_proc *proc, s32 name, u8 *value, u32 bytes)
{
	const struct xb_sock_ops *s = proc->run;
	int front = front_bytes(s, name);
	u32 is;

	if (front == 0 && name != TCP_BPF_SYN)
		return not_known(proc);
	memset(value, 0, bytes);
	if (front < 0)
		return (u64)(s64)front;
	is = copy_syn(s, (u32)front, value, bytes);
	return is > bytes ? (u64)-ENOSPC : is;
}

/* The headers that the listener had saved, all of them or less. cf. sol_tcp_sockopt */
static u64
get_saved_syn(struct xb_proc *proc, u8 *value, u32 bytes)
{
	const struct xb_sock_ops *s = proc->run;
	u32 front = s->in.syn_mac_bytes + s->in.syn_ip_bytes;

	if (s->in.syn && !front)
		return not_known(proc);
	memset(value, 0, bytes);
	if (!s->in.syn || !xb_sock_is_full(s->in.sock) || bytes > front + s->in.syn_bytes)
		return (u64)-EINVAL;
	copy_syn(s, front, value, bytes);
	return 0;
}

/* cf. net/core/filter.c: bpf_sock_ops_getsockopt */
static u64
sock_ops_getsockopt(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock_ops *s = proc->run;
	const struct xb_sockopt_call call = call_of(s, a);
	u32 bytes = (u32)a[4].u;

	if (!xb_sock_ops_op_is_locked(s))
		return (u64)-EOPNOTSUPP;
	if (call.level == IPPROTO_TCP && call.name >= TCP_BPF_SYN && call.name <= TCP_BPF_SYN_MAC)
		return get_syn(proc, call.name, a[3].mem, bytes);
	if (call.level == IPPROTO_TCP && call.name == TCP_SAVED_SYN)
		return get_saved_syn(proc, a[3].mem, bytes);
	return (u64)(s64)xb_sockopt_get(&call, a[3].mem, bytes);
}

#define ROW(helper, mem)                                                                           \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = sock_ops_##helper,                 \
		.prog_types = XB_PROG_TYPE_BIT(BPF_PROG_TYPE_SOCK_OPS),                            \
		.source = "net/core/filter.c: bpf_sock_ops_" #helper,                              \
		.args = { XB_ARG_CTX, XB_ARG_ANY, XB_ARG_ANY, mem, XB_ARG_SIZE },                  \
	}

static const struct xb_helper rows[] = {
	ROW(setsockopt, XB_ARG_MEM),
	ROW(getsockopt, XB_ARG_MEM_W),
};

void
xb_sockopt_register_helpers(struct xb_emu *emu)
{
	xb_helper_register_ctx(emu, rows, XB_ARRAY_SIZE(rows));
}
