/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_sock.c - what a program makes of a socket that it has: other views of it, its cgroups.
 *
 * A lookup's reference is not counted: that it is given back, and the socket not looked at
 * afterwards, is what the verifier proves.
 */
#include "emu/helpers_priv.h"

#include "emu/sock_lookup.h"

#include <netinet/in.h>
#include <sys/socket.h>

static u64
sk_release(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

static bool
is_full_tcp(const struct xb_sock *sock)
{
	return xb_sock_is_full(sock) && sock->info.uapi.protocol == IPPROTO_TCP;
}

static u64
tcp_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return is_full_tcp(a[0].sock) ? a[0].sock->tcp : 0;
}

static u64
get_listener_sock(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sock = xb_sock_to_full(a[0].sock);

	(void)proc;
	return sock && sock->info.uapi.state == BPF_TCP_LISTEN ? sock->full : 0;
}

static u64
skc_to_tcp_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return is_full_tcp(a[0].sock) ? a[0].sock->btf : 0;
}

static u64
skc_to_tcp6_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return is_full_tcp(a[0].sock) && a[0].sock->info.uapi.family == AF_INET6 ? a[0].sock->btf
	                                                                         : 0;
}

static u64
tcp_in_state(const struct xb_sock *sock, u32 state)
{
	const struct bpf_sock *sk = &sock->info.uapi;

	return sk->protocol == IPPROTO_TCP && sk->state == state ? sock->btf : 0;
}

static u64
skc_to_tcp_timewait_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return tcp_in_state(a[0].sock, BPF_TCP_TIME_WAIT);
}

static u64
skc_to_tcp_request_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return tcp_in_state(a[0].sock, BPF_TCP_NEW_SYN_RECV);
}

static u64
skc_to_udp6_sock(struct xb_proc *proc, const union xb_arg *a)
{
	const struct bpf_sock *sk = &a[0].sock->info.uapi;

	(void)proc;
	return xb_sock_is_full(a[0].sock) && sk->protocol == IPPROTO_UDP &&
	                       sk->type == SOCK_DGRAM && sk->family == AF_INET6
	               ? a[0].sock->btf
	               : 0;
}

static u64
skc_to_unix_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return xb_sock_is_full(a[0].sock) && a[0].sock->info.uapi.family == AF_UNIX ? a[0].sock->btf
	                                                                            : 0;
}

/* No socket of a world is MPTCP's. */
static u64
skc_to_mptcp_sock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	(void)a;
	return 0;
}

static u64
sk_cgroup_id(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sock = xb_sock_to_full(a[0].sock);

	(void)proc;
	return sock ? sock->info.cgroup_id : 0;
}

static u64
sk_ancestor_cgroup_id(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sock = xb_sock_to_full(a[0].sock);

	(void)proc;
	return sock ? xb_sock_cgroup_at(sock, (s32)a[1].u) : 0;
}

#define TYPE(name) XB_PROG_TYPE_BIT(BPF_PROG_TYPE_##name)
#define TC_TYPES   (TYPE(SCHED_CLS) | TYPE(SCHED_ACT))
#define LOOKUPS                                                                                    \
	(TC_TYPES | TYPE(XDP) | TYPE(CGROUP_SKB) | TYPE(SK_SKB) | TYPE(CGROUP_SOCK_ADDR) |         \
	 TYPE(SK_LOOKUP))
#define LWT_TYPES (TYPE(LWT_IN) | TYPE(LWT_OUT) | TYPE(LWT_XMIT) | TYPE(LWT_SEG6LOCAL))
#define BTF_TYPES                                                                                  \
	(LOOKUPS | LWT_TYPES | TYPE(SOCKET_FILTER) | TYPE(SOCK_OPS) | TYPE(SK_MSG) |               \
	 TYPE(FLOW_DISSECTOR))
#define TCP_TYPES (TC_TYPES | TYPE(CGROUP_SKB) | TYPE(SOCK_OPS) | TYPE(CGROUP_SOCKOPT))

#define SOCK_ROW(helper, types, ...)                                                               \
	{                                                                                          \
		.id = BPF_FUNC_##helper, .name = #helper, .fn = helper,                            \
		.args = { XB_ARG_SOCK_COMMON, ##__VA_ARGS__ }, .prog_types = (types),              \
		.source = "net/core/filter.c: bpf_" #helper                                        \
	}

static const struct xb_helper rows[] = {
	SOCK_ROW(sk_release, LOOKUPS),
	SOCK_ROW(tcp_sock, TCP_TYPES),
	SOCK_ROW(get_listener_sock, TC_TYPES | TYPE(CGROUP_SKB)),
	SOCK_ROW(skc_to_tcp_sock, BTF_TYPES),
	SOCK_ROW(skc_to_tcp6_sock, BTF_TYPES),
	SOCK_ROW(skc_to_tcp_timewait_sock, BTF_TYPES),
	SOCK_ROW(skc_to_tcp_request_sock, BTF_TYPES),
	SOCK_ROW(skc_to_udp6_sock, BTF_TYPES),
	SOCK_ROW(skc_to_unix_sock, BTF_TYPES),
	SOCK_ROW(skc_to_mptcp_sock, BTF_TYPES),
	SOCK_ROW(sk_cgroup_id, TYPE(CGROUP_SKB)),
	SOCK_ROW(sk_ancestor_cgroup_id, TYPE(CGROUP_SKB), XB_ARG_ANY),
};

const struct xb_helper_table xb_helpers_sock = { rows, XB_ARRAY_SIZE(rows) };
