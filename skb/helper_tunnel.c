/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/skb_priv.h"

const struct skb_helper_table skb_helpers_tunnel = { 0 };

void
skb_tunnel_free(struct xb_skb *s)
{
	(void)s;
}

void
skb_tunnel_reset(struct xb_skb *s)
{
	(void)s;
}
