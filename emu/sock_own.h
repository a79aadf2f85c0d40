/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock_own.h - the calling process's own sockets, for packets of its test runs to find, as the
 * kernel's tables have them: see emu/sock_lookup.h.
 *
 * Differs: they are those that the process has a descriptor of; a socket that is closed, or another
 * process's, is not there, nor one that waits to be accepted.
 */
#ifndef XB_EMU_SOCK_OWN_H
#define XB_EMU_SOCK_OWN_H

#include "emu/world.h"

/* All TCP and UDP sockets that lookups have to choose from: the world's, then own ones. */
static inline u32
xb_sock_all_cnt(const struct xb_emu *emu)
{
	return emu->world->sock_cnt + emu->own_sock_cnt;
}

static inline const struct xb_world_sock *
xb_sock_of_all(const struct xb_emu *emu, u32 idx)
{
	u32 cnt = emu->world->sock_cnt;

	return idx < cnt ? &emu->world->socks[idx] : &emu->own_socks[idx - cnt];
}

/* Looks which ones there are now. As few as there is memory for; not while programs run. */
void xb_sock_own_find(struct xb_emu *emu);

void xb_sock_own_free(struct xb_emu *emu);

#endif
