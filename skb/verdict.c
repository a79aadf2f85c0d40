/* SPDX-License-Identifier: BSD-2-Clause */
#include "skb/verdict.h"

#include <linux/bpf.h>
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

#define FLOW_CONTINUE 129u /* BPF_FLOW_DISSECTOR_CONTINUE: some headers lack it */

/* What a value means to programs of a type that is not TC's. */
struct other {
	enum xb_tc_mode mode;
	u32 value;
	enum xb_tc_verdict verdict;
	enum xb_tc_fate fate;
};

static const struct other others[] = {
	{ XB_TC_SOCKET_FILTER, 0, XB_TC_SK_DROP, XB_TC_DROPPED },
	{ XB_TC_CGROUP_SKB, 0, XB_TC_SK_DROP, XB_TC_DROPPED },
	{ XB_TC_CGROUP_SKB, 1, XB_TC_SK_PASS, XB_TC_PASSES },
	{ XB_TC_CGROUP_SKB, 2, XB_TC_SK_DROP_CN, XB_TC_DROPPED },
	{ XB_TC_CGROUP_SKB, 3, XB_TC_SK_PASS_CN, XB_TC_PASSES },
	{ XB_TC_LWT_IN, BPF_OK, XB_TC_BPF_OK, XB_TC_PASSES },
	{ XB_TC_LWT_IN, BPF_DROP, XB_TC_BPF_DROP, XB_TC_DROPPED },
	{ XB_TC_LWT_IN, BPF_REDIRECT, XB_TC_BPF_REDIRECT, XB_TC_PASSES },
	{ XB_TC_LWT_IN, BPF_LWT_REROUTE, XB_TC_BPF_LWT_REROUTE, XB_TC_PASSES },
	{ XB_TC_LWT_OUT, BPF_OK, XB_TC_BPF_OK, XB_TC_PASSES },
	{ XB_TC_LWT_OUT, BPF_DROP, XB_TC_BPF_DROP, XB_TC_DROPPED },
	{ XB_TC_LWT_OUT, BPF_REDIRECT, XB_TC_BPF_REDIRECT, XB_TC_PASSES },
	{ XB_TC_LWT_OUT, BPF_LWT_REROUTE, XB_TC_BPF_LWT_REROUTE, XB_TC_PASSES },
	{ XB_TC_LWT_XMIT, BPF_OK, XB_TC_BPF_OK, XB_TC_PASSES },
	{ XB_TC_LWT_XMIT, BPF_DROP, XB_TC_BPF_DROP, XB_TC_DROPPED },
	{ XB_TC_LWT_XMIT, BPF_REDIRECT, XB_TC_BPF_REDIRECT, XB_TC_REDIRECTED },
	{ XB_TC_LWT_XMIT, BPF_LWT_REROUTE, XB_TC_BPF_LWT_REROUTE, XB_TC_PASSES },
	{ XB_TC_LWT_SEG6LOCAL, BPF_OK, XB_TC_BPF_OK, XB_TC_PASSES },
	{ XB_TC_LWT_SEG6LOCAL, BPF_DROP, XB_TC_BPF_DROP, XB_TC_DROPPED },
	{ XB_TC_LWT_SEG6LOCAL, BPF_REDIRECT, XB_TC_BPF_REDIRECT, XB_TC_PASSES },
	{ XB_TC_FLOW_DISSECTOR, BPF_OK, XB_TC_BPF_OK, XB_TC_PASSES },
	{ XB_TC_FLOW_DISSECTOR, BPF_DROP, XB_TC_BPF_DROP, XB_TC_PASSES },
	{ XB_TC_FLOW_DISSECTOR, FLOW_CONTINUE, XB_TC_FLOW_CONTINUE, XB_TC_PASSES },
};

/* What any other value means to them, by type. */
static const struct other defaults[XB_SKB_MODE_CNT] = {
	[XB_TC_SOCKET_FILTER] = { .verdict = XB_TC_SK_PASS, .fate = XB_TC_PASSES },
	[XB_TC_CGROUP_SKB] = { .verdict = XB_TC_INVALID, .fate = XB_TC_DROPPED },
	[XB_TC_LWT_IN] = { .verdict = XB_TC_INVALID, .fate = XB_TC_DROPPED },
	[XB_TC_LWT_OUT] = { .verdict = XB_TC_INVALID, .fate = XB_TC_DROPPED },
	[XB_TC_LWT_XMIT] = { .verdict = XB_TC_INVALID, .fate = XB_TC_DROPPED },
	[XB_TC_LWT_SEG6LOCAL] = { .verdict = XB_TC_INVALID, .fate = XB_TC_DROPPED },
	[XB_TC_FLOW_DISSECTOR] = { .verdict = XB_TC_INVALID, .fate = XB_TC_PASSES },
};

static const struct other *
other_of(enum xb_tc_mode mode, u32 retval)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(others); i++)
		if (others[i].mode == mode && others[i].value == retval)
			return &others[i];
	return &defaults[mode];
}

const char *
xb_tc_mode_name(enum xb_tc_mode mode)
{
	static const char *const names[XB_SKB_MODE_CNT] = {
		[XB_TC_DIRECT_ACTION] = "direct-action",
		[XB_TC_CLASSIFIER] = "classifier",
		[XB_TC_ACTION] = "action",
		[XB_TC_TCX] = "tcx",
		[XB_TC_NETKIT] = "netkit",
		[XB_TC_SOCKET_FILTER] = "socket_filter",
		[XB_TC_CGROUP_SKB] = "cgroup_skb",
		[XB_TC_LWT_IN] = "lwt_in",
		[XB_TC_LWT_OUT] = "lwt_out",
		[XB_TC_LWT_XMIT] = "lwt_xmit",
		[XB_TC_LWT_SEG6LOCAL] = "lwt_seg6local",
		[XB_TC_FLOW_DISSECTOR] = "flow_dissector",
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
	if (!xb_tc_is_tc(mode))
		return other_of(mode, retval)->verdict != XB_TC_INVALID;
	return mode == XB_TC_CLASSIFIER || retval == (u32)TC_ACT_UNSPEC || is_action(mode, retval);
}

enum xb_tc_verdict
xb_tc_verdict(enum xb_tc_mode mode, u32 retval)
{
	if (!xb_tc_is_tc(mode))
		return other_of(mode, retval)->verdict;
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
	if (!xb_tc_is_tc(mode))
		return other_of(mode, retval)->fate;
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
