/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - verdicts of all kinds of programs in one numbering, and what they mean for a packet.
 */
#ifndef XB_BENCH_VERDICT_H
#define XB_BENCH_VERDICT_H

#include "skb/verdict.h"

#include <linux/bpf.h>

#define XB_VERDICT_TC_FIRST (XDP_REDIRECT + 1u)

/* XDP actions are themselves; then TC's in order of enum xb_tc_verdict. */
enum xb_verdict {
	XB_VERDICT_INVALID =
	        XB_VERDICT_TC_FIRST + XB_TC_INVALID, /* no action of the program's kind */
	XB_VERDICT_CNT,
};

/* What becomes of a packet. */
enum xb_fate {
	XB_FATE_PASS,     /* goes on the way it came */
	XB_FATE_TX,       /* leaves by the interface it came in by */
	XB_FATE_REDIRECT, /* goes to where a helper said */
	XB_FATE_DROP,
	XB_FATE_CONSUME, /* ends here, and is no drop */
};

/* "XDP_PASS", "TC_ACT_SHOT", "INVALID". */
const char *xb_verdict_name(u32 verdict);

/* The verdict for a program's return value, and the packet's fate. */
u32 xb_verdict_of_xdp(u32 retval, enum xb_fate *fate);
u32 xb_verdict_of_tc(enum xb_tc_mode mode, u32 retval, enum xb_fate *fate);

#endif
