/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * verdict.h - what the return value of a program on sk_buffs is called, and what becomes of the
 * packet.
 *
 * The same number means different things to the classifier, the action and the link that a TC
 * program is attached by, and to programs of other types.
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
	/* Types of their own, which are no TC programs: */
	XB_TC_SOCKET_FILTER, /* the bytes to keep (cf. net/core/filter.c: sk_filter_trim_cap) */
	XB_TC_CGROUP_SKB,    /* cf. kernel/bpf/cgroup.c: __cgroup_bpf_run_filter_skb */
	XB_TC_LWT_IN,        /* cf. net/core/lwt_bpf.c: run_lwt_bpf */
	XB_TC_LWT_OUT,
	XB_TC_LWT_XMIT,
	XB_TC_LWT_SEG6LOCAL,  /* cf. net/ipv6/seg6_local.c: input_action_end_bpf */
	XB_TC_FLOW_DISSECTOR, /* cf. net/core/flow_dissector.c: __skb_flow_dissect */
};

#define XB_TC_MODE_CNT  (XB_TC_NETKIT + 1) /* those of TC programs */
#define XB_SKB_MODE_CNT (XB_TC_FLOW_DISSECTOR + 1)

static inline bool
xb_tc_is_tc(enum xb_tc_mode mode)
{
	return mode < XB_TC_MODE_CNT;
}

/* "direct-action", "classifier", "action", "tcx", "netkit"; of other types their name: "lwt_in". */
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
	X(SK_DROP, "SK_DROP")   /* socket filters, cgroup_skb */                                   \
	X(SK_PASS, "SK_PASS")                                                                      \
	X(SK_DROP_CN, "SK_DROP_CN") /* and tells of congestion */                                  \
	X(SK_PASS_CN, "SK_PASS_CN")                                                                \
	X(BPF_OK, "BPF_OK") /* LWT, flow dissectors */                                             \
	X(BPF_DROP, "BPF_DROP")                                                                    \
	X(BPF_REDIRECT, "BPF_REDIRECT")                                                            \
	X(BPF_LWT_REROUTE, "BPF_LWT_REROUTE")                                                      \
	X(FLOW_CONTINUE, "BPF_FLOW_DISSECTOR_CONTINUE")                                            \
	X(INVALID, "INVALID") /* no action of the program's kind */

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
