/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/verdict.h"

const char *
xb_verdict_name(u32 verdict)
{
#define TC_NAME(id, name) [XB_VERDICT_TC_FIRST + XB_TC_##id] = (name),
	static const char *const names[XB_VERDICT_CNT] = {
		[XDP_ABORTED] = "XDP_ABORTED",   [XDP_DROP] = "XDP_DROP",
		[XDP_PASS] = "XDP_PASS",         [XDP_TX] = "XDP_TX",
		[XDP_REDIRECT] = "XDP_REDIRECT", XB_TC_VERDICT_LIST(TC_NAME)
	};
#undef TC_NAME

	return names[verdict];
}

u32
xb_verdict_of_xdp(u32 retval, enum xb_fate *fate)
{
	static const enum xb_fate fates[] = {
		[XDP_ABORTED] = XB_FATE_DROP,      [XDP_DROP] = XB_FATE_DROP,
		[XDP_PASS] = XB_FATE_PASS,         [XDP_TX] = XB_FATE_TX,
		[XDP_REDIRECT] = XB_FATE_REDIRECT,
	};

	*fate = retval <= XDP_REDIRECT ? fates[retval] : XB_FATE_DROP;
	return retval <= XDP_REDIRECT ? retval : XB_VERDICT_INVALID;
}

u32
xb_verdict_of_tc(enum xb_tc_mode mode, u32 retval, enum xb_fate *fate)
{
	static const enum xb_fate fates[] = {
		[XB_TC_PASSES] = XB_FATE_PASS,
		[XB_TC_DROPPED] = XB_FATE_DROP,
		[XB_TC_CONSUMED] = XB_FATE_CONSUME,
		[XB_TC_REDIRECTED] = XB_FATE_REDIRECT,
	};

	*fate = fates[xb_tc_fate(mode, retval)];
	return XB_VERDICT_TC_FIRST + xb_tc_verdict(mode, retval);
}
