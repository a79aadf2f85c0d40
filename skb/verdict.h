/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - what a TC program's return value is called, and what becomes of the packet.
 *
 * The same number means different things to the classifier, the action and the link that a program
 * is attached by.
 */
#ifndef XB_SKB_VERDICT_H
#define XB_SKB_VERDICT_H

#include "vm/types.h"

/* How the program is attached. */
enum xb_tc_mode {
	XB_TC_DIRECT_ACTION, /* a classifier whose value is the action (cf. cls_bpf_exec_opcode) */
	XB_TC_CLASSIFIER,    /* one whose value is a class: 0 none, -1 the default (cf.
	                        cls_bpf_classify) */
	XB_TC_ACTION,        /* an action (cf. net/sched/act_bpf.c: tcf_bpf_act) */
	XB_TC_TCX,           /* by a tcx link (cf. include/net/tcx.h: tcx_action_code) */
	XB_TC_NETKIT,        /* by a netkit link (cf. drivers/net/netkit.c: netkit_xmit) */
};

#define XB_TC_MODE_CNT (XB_TC_NETKIT + 1)

/* "direct-action", "classifier", "action", "tcx", "netkit". */
const char *xb_tc_mode_name(enum xb_tc_mode mode);

/* X(enumerator, name) */
#define XB_TC_VERDICT_LIST(X)                                                                      \
	X(UNSPEC, "TC_ACT_UNSPEC")                                                                 \
	X(OK, "TC_ACT_OK")                                                                         \
	X(RECLASSIFY, "TC_ACT_RECLASSIFY")                                                         \
	X(SHOT, "TC_ACT_SHOT")                                                                     \
	X(PIPE, "TC_ACT_PIPE")                                                                     \
	X(STOLEN, "TC_ACT_STOLEN")                                                                 \
	X(QUEUED, "TC_ACT_QUEUED")                                                                 \
	X(REPEAT, "TC_ACT_REPEAT")                                                                 \
	X(REDIRECT, "TC_ACT_REDIRECT")                                                             \
	X(TRAP, "TC_ACT_TRAP")                                                                     \
	X(TCX_NEXT, "TCX_NEXT") /* -1 of a tcx or netkit program */                                \
	X(INVALID, "INVALID")   /* no action of the program's kind */

#define XB_TC_VERDICT_ENUM(id, name) XB_TC_##id,
enum xb_tc_verdict { XB_TC_VERDICT_LIST(XB_TC_VERDICT_ENUM) XB_TC_VERDICT_CNT };
#undef XB_TC_VERDICT_ENUM

/* What the stack does with a packet (cf. net/core/dev.c: sch_handle_ingress). */
enum xb_tc_fate {
	XB_TC_PASSES,     /* it goes on */
	XB_TC_DROPPED,    /* counted as a drop */
	XB_TC_CONSUMED,   /* it ends here, and is none */
	XB_TC_REDIRECTED, /* to where a helper said */
};

/*
 * Whether a program of that kind has the action. Where it has not, direct action, actions and tcx
 * take it for their -1; netkit drops.
 */
bool xb_tc_has_action(enum xb_tc_mode mode, u32 retval);

/* What a return value is called. In CLASSIFIER mode: OK where it matches, else UNSPEC. */
enum xb_tc_verdict xb_tc_verdict(enum xb_tc_mode mode, u32 retval);

/* What becomes of the packet, with no other program behind this one. */
enum xb_tc_fate xb_tc_fate(enum xb_tc_mode mode, u32 retval);

#endif
