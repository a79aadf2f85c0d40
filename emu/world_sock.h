/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_sock.h - a socket while it is read: from JSON, or a line of ss.
 */
#ifndef XB_EMU_WORLD_SOCK_H
#define XB_EMU_WORLD_SOCK_H

#include "emu/world_priv.h"

struct world_sock {
	struct xb_world_sock sock;
	struct xb_world_addr local, peer;     /* family 0: any */
	u16 local_port, peer_port;            /* host order */
	u8 family;                            /* 0: that of the addresses */
	const struct xb_world_cgroup *cgroup; /* NULL: the root */
	bool cgroup_unknown;                  /* it has one, but the files do not tell which */
};

/* By the names of ss. */
extern const struct world_name world_sock_states[];

void world_sock_init(struct world_sock *s);

/* Adds it to the world; addresses are of one family. */
int world_sock_add(struct world_reader *r, struct world_sock *s);

#endif
