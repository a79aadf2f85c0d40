/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_addrs.h - a socket's addresses, as sk_msg_md, bpf_sock_ops and __sk_buff show them: the same
 * fields in the same order, which bpf_sock has in another.
 */
#ifndef XB_EMU_SOCK_ADDRS_H
#define XB_EMU_SOCK_ADDRS_H

#include "emu/sock.h"

/* Remote ones, and both of the addresses, are in wire order. */
struct xb_sock_addrs {
	u32 family, remote_ip4, local_ip4;
	u32 remote_ip6[4], local_ip6[4];
	u32 remote_port; /* in the upper half */
	u32 local_port;
};

/* That a context has them from `family` on. */
#define XB_SOCK_ADDRS_FIT(type)                                                                    \
	_Static_assert(offsetof(type, local_port) - offsetof(type, family) ==                      \
	                               offsetof(struct xb_sock_addrs, local_port) &&               \
	                       offsetof(type, local_ip6) - offsetof(type, family) ==               \
	                               offsetof(struct xb_sock_addrs, local_ip6),                  \
	               "wire layout")

/* `family`: where a context has the first of them (cf. net/core/filter.c:
 * sock_ops_convert_ctx_access). */
void xb_sock_addrs_show(const struct xb_sock *sock, void *family);

#endif
