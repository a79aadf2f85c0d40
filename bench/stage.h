/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stage.h - the programs that a packet goes through, and what each of them did with it.
 *
 * A path is a device's way in, and its way out: XDP, TC ingress, TC egress, of which any may be
 * missing. A single program is a path of one stage.
 */
#ifndef XB_BENCH_STAGE_H
#define XB_BENCH_STAGE_H

#include "bench/verdict.h"
#include "skb/skb.h"
#include "xdp/xdp.h"

struct xb_object;

enum xb_stage_kind { XB_STAGE_XDP, XB_STAGE_TC, XB_STAGE_TC_EGRESS, XB_STAGE_CNT };

struct xb_stage {
	enum xb_stage_kind kind;
	struct xb_object *object; /* or NULL: no such stage */
	const struct xb_bpf_prog *prog;
	enum xb_tc_mode mode; /* of TC stages */
};

/* "xdp", "tc", "tc-egress": as the options and the JSON lines have it. */
const char *xb_stage_name(enum xb_stage_kind kind);

/* What one run of a stage's program left of a packet. */
struct xb_stage_run {
	const struct xb_stage *stage;
	u32 verdict; /* enum xb_verdict or XDP action */
	enum xb_fate fate;
	u32 retval;
	const struct xb_fault *fault; /* or NULL */
	u64 insns;
	bool changed; /* the packet or its metadata may have been altered; false: certainly not */
	/*
	 * The packet as on a wire, in one piece: a VLAN tag that the sk_buff holds is in it. NULL
	 * where nobody asked for it. Valid until the next run of the stage.
	 */
	const u8 *data;
	u32 bytes;
	union {
		struct xb_xdp_out xdp; /* of XB_STAGE_XDP */
		struct xb_skb_out skb; /* of the others */
	};
};

/* Bytes that the packet lost at its front, and that came to it at its end, in this run. */
static inline s32
xb_stage_head_delta(const struct xb_stage_run *run)
{
	return run->stage->kind == XB_STAGE_XDP ? run->xdp.head_delta : run->skb.head_delta;
}

static inline s32
xb_stage_tail_delta(const struct xb_stage_run *run)
{
	return run->stage->kind == XB_STAGE_XDP ? run->xdp.tail_delta : run->skb.tail_delta;
}

#endif
