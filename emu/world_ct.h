/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_ct.h - a tracked connection while it is read: from JSON, or a line of conntrack.
 */
#ifndef XB_EMU_WORLD_CT_H
#define XB_EMU_WORLD_CT_H

#include "emu/world_priv.h"

struct world_ct {
	struct xb_world_ct ct;
	u16 sport, dport, reply_sport, reply_dport; /* host order; of ICMP: sport is the id */
	u8 icmp_type, icmp_code;
	bool has_reply_sport, has_reply_dport;
};

/* By the names of conntrack. */
extern const struct world_name world_ct_protos[], world_ct_states[];

/* Adds it to the world, with the answer that it does not tell. */
int world_ct_add(struct world_reader *r, struct world_ct *t);

#endif
