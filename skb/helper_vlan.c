/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/skb_priv.h"

const struct skb_helper_table skb_helpers_vlan = { 0 };
