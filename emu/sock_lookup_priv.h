/* SPDX-License-Identifier: BSD-2-Clause */
/* sock_lookup_priv.h - what the files of the lookup share. */
#ifndef XB_EMU_SOCK_LOOKUP_PRIV_H
#define XB_EMU_SOCK_LOOKUP_PRIV_H

#include "emu/sock_lookup.h"

#include <string.h>

static inline bool
xb_ip6_is_any(const void *addr)
{
	static const u8 any[16];

	return !memcmp(addr, any, sizeof(any));
}

static inline bool
xb_ip6_is_mapped(const void *addr)
{
	static const u8 prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(addr, prefix, sizeof(prefix));
}

/* Either address of a socket, as one family sees it; false: no lookup of that family finds it. */
bool xb_sock_addr(const struct bpf_sock *sk, u8 family, bool remote, u8 addr[16]);

/* The listener that a way leads to, or NULL (cf. __inet_lookup_listener, inet6_lookup_listener). */
const struct xb_world_sock *xb_sock_lookup_listener(const struct xb_emu *emu,
                                                    const struct xb_sock_way *way);

/* Whether two sockets are of one group (cf. inet_reuseport_add_sock, udp_reuseport_add_sock). */
bool xb_sock_same_group(const struct xb_world_sock *a, const struct xb_world_sock *b);

#endif
