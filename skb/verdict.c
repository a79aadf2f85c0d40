/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/verdict.h"

#include <linux/pkt_cls.h>

/* Actions that a kind of program has; any other value is TC_ACT_UNSPEC to the kernel. */
#define BIT(action) (1u << (action))
static const u32 actions[] = {
	[XB_TC_DIRECT_ACTION] = BIT(TC_ACT_OK) | BIT(TC_ACT_SHOT) | BIT(TC_ACT_STOLEN) |
	                        BIT(TC_ACT_TRAP) | BIT(TC_ACT_REDIRECT),
	[XB_TC_ACTION] = BIT(TC_ACT_OK) | BIT(TC_ACT_RECLASSIFY) | BIT(TC_ACT_SHOT) |
	                 BIT(TC_ACT_PIPE) | BIT(TC_ACT_REDIRECT),
	[XB_TC_TCX] = BIT(TC_ACT_OK) | BIT(TC_ACT_SHOT) | BIT(TC_ACT_REDIRECT),
};

static bool
is_action(enum xb_tc_mode mode, u32 retval)
{
	return retval < 32 && actions[mode] & BIT(retval);
}

enum xb_tc_verdict
xb_tc_verdict(enum xb_tc_mode mode, u32 retval)
{
	if (mode == XB_TC_CLASSIFIER)
		return retval ? XB_TC_OK : XB_TC_UNSPEC;
	if (retval == (u32)TC_ACT_UNSPEC)
		return mode == XB_TC_TCX ? XB_TC_TCX_NEXT : XB_TC_UNSPEC;
	if (retval > TC_ACT_TRAP || (mode == XB_TC_TCX && !is_action(mode, retval)))
		return XB_TC_INVALID;
	return (enum xb_tc_verdict)(XB_TC_OK + retval);
}

enum xb_tc_fate
xb_tc_fate(enum xb_tc_mode mode, u32 retval)
{
	if (mode == XB_TC_CLASSIFIER || !is_action(mode, retval))
		return XB_TC_PASSES;
	switch (retval) {
	case TC_ACT_SHOT:
		return XB_TC_DROPPED;
	case TC_ACT_STOLEN:
	case TC_ACT_TRAP:
		return XB_TC_CONSUMED;
	case TC_ACT_REDIRECT:
		return XB_TC_REDIRECTED;
	default:
		return XB_TC_PASSES;
	}
}
