/* SPDX-License-Identifier: BSD-2-Clause */
/* sk_reuseport_priv.h - struct xb_sk_reuseport: a packet, its context, what was chosen. */
#ifndef XB_EMU_SK_REUSEPORT_PRIV_H
#define XB_EMU_SK_REUSEPORT_PRIV_H

#include "emu/sk_reuseport.h"
#include "emu/site.h"

struct xb_sk_reuseport {
	struct xb_site site;        /* its data: the packet */
	struct sk_reuseport_md *md; /* the site's context */
	u32 bytes, linear_bytes, net_off, transport_off;
	const struct xb_sock *sk, *selected;
};

/* helpers_sk_reuseport.c */
void xb_sk_reuseport_register_helpers(struct xb_emu *emu);

#endif
