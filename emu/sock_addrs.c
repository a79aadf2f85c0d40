/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/sock_addrs.h"

#include <string.h>

XB_SOCK_ADDRS_FIT(struct sk_msg_md);
XB_SOCK_ADDRS_FIT(struct bpf_sock_ops);
XB_SOCK_ADDRS_FIT(struct __sk_buff);

void
xb_sock_addrs_show(const struct xb_sock *sock, void *family)
{
	const struct bpf_sock *sk = &sock->info.uapi;
	struct xb_sock_addrs to = {
		.family = sk->family,
		.remote_ip4 = sk->dst_ip4,
		.local_ip4 = sk->src_ip4,
		.remote_port = (u32)sk->dst_port << 16,
		.local_port = sk->src_port,
	};

	memcpy(to.remote_ip6, sk->dst_ip6, sizeof(to.remote_ip6));
	memcpy(to.local_ip6, sk->src_ip6, sizeof(to.local_ip6));
	memcpy(family, &to, sizeof(to));
}
