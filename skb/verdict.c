/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/verdict.h"

#include <linux/pkt_cls.h>

/* Actions that a kind of program has, beside -1. */
#define BIT(action) (1u << (action))
static const u32 actions[] = {
	[XB_TC_DIRECT_ACTION] = BIT(TC_ACT_OK) | BIT(TC_ACT_SHOT) | BIT(TC_ACT_STOLEN) |
	                        BIT(TC_ACT_TRAP) | BIT(TC_ACT_REDIRECT),
	[XB_TC_ACTION] = BIT(TC_ACT_OK) | BIT(TC_ACT_RECLASSIFY) | BIT(TC_ACT_SHOT) |
	                 BIT(TC_ACT_PIPE) | BIT(TC_ACT_REDIRECT),
	[XB_TC_TCX] = BIT(TC_ACT_OK) | BIT(TC_ACT_SHOT) | BIT(TC_ACT_REDIRECT),
	[XB_TC_NETKIT] = BIT(TC_ACT_OK) | BIT(TC_ACT_SHOT) | BIT(TC_ACT_REDIRECT),
};

const char *
xb_tc_mode_name(enum xb_tc_mode mode)
{
	static const char *const names[XB_TC_MODE_CNT] = {
		[XB_TC_DIRECT_ACTION] = "direct-action",
		[XB_TC_CLASSIFIER] = "classifier",
		[XB_TC_ACTION] = "action",
		[XB_TC_TCX] = "tcx",
		[XB_TC_NETKIT] = "netkit",
	};

	return names[mode];
}

static bool
is_action(enum xb_tc_mode mode, u32 retval)
{
	return retval < 32 && actions[mode] & BIT(retval);
}

/* Attached by a link: with actions of their own. */
static bool
is_linked(enum xb_tc_mode mode)
{
	return mode == XB_TC_TCX || mode == XB_TC_NETKIT;
}

bool
xb_tc_has_action(enum xb_tc_mode mode, u32 retval)
{
	return mode == XB_TC_CLASSIFIER || retval == (u32)TC_ACT_UNSPEC || is_action(mode, retval);
}

enum xb_tc_verdict
xb_tc_verdict(enum xb_tc_mode mode, u32 retval)
{
	if (mode == XB_TC_CLASSIFIER)
		return retval ? XB_TC_OK : XB_TC_UNSPEC;
	if (retval == (u32)TC_ACT_UNSPEC)
		return is_linked(mode) ? XB_TC_TCX_NEXT : XB_TC_UNSPEC;
	if (retval > TC_ACT_TRAP || (is_linked(mode) && !is_action(mode, retval)))
		return XB_TC_INVALID;
	return (enum xb_tc_verdict)(XB_TC_OK + retval);
}

enum xb_tc_fate
xb_tc_fate(enum xb_tc_mode mode, u32 retval)
{
	if (mode == XB_TC_NETKIT && !xb_tc_has_action(mode, retval))
		return XB_TC_DROPPED;
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
