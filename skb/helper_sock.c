/* SPDX-License-Identifier: BSD-2-Clause */
/* helper_sock.c - what a program asks about its packet's socket. */
#include "skb/skb_priv.h"

#define OVERFLOW_UID 65534u /* cf. kernel/sys.c: overflowuid */

static u64
sk_fullsock(struct xb_proc *proc, const union xb_arg *a)
{
	(void)proc;
	return xb_sock_is_full(a[0].sock) ? a[0].sock->full : 0;
}

/* Of every kind of socket. */
static u64
get_socket_cookie(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sk = skb_sk(skb_of(proc));

	(void)a;
	return sk ? sk->info.cookie : 0;
}

static u64
get_socket_uid(struct xb_proc *proc, const union xb_arg *a)
{
	const struct xb_sock *sk = skb_to_full_sk(skb_of(proc));

	(void)a;
	return sk ? sk->info.uid : OVERFLOW_UID;
}

static const struct xb_helper rows[] = {
	SKB_ROW_OF(sk_fullsock, SKB_TC | SKB_CGROUP, XB_ARG_SOCK_COMMON),
	SKB_ROW_OF(get_socket_cookie, SKB_TC | SKB_FILTER | SKB_CGROUP | SKB_STREAM, XB_ARG_CTX),
	SKB_ROW_OF(get_socket_uid, SKB_TC | SKB_FILTER | SKB_CGROUP | SKB_STREAM, XB_ARG_CTX),
};

SKB_TABLE(skb_helpers_sock);
