/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kind.h - the program types whose context is a __sk_buff, and in what they differ: where the
 * packet starts, what of it they may touch, which column of ctx.c's table is theirs.
 */
#ifndef XB_SKB_KIND_H
#define XB_SKB_KIND_H

#include "emu/helper.h"

/* Columns of the tables of what may be accessed in __sk_buff. */
enum skb_view {
	SKB_VIEW_TC,
	SKB_VIEW_FILTER,
	SKB_VIEW_CGROUP,
	SKB_VIEW_LWT,
	SKB_VIEW_FLOW,
	SKB_VIEW_STREAM,
	SKB_VIEW_CNT,
};

struct skb_kind {
	u32 prog_type;
	enum skb_view view;
	bool l3;          /* data starts behind the Ethernet header */
	bool read_only;   /* the packet may be read, not written to (cf. may_access_direct_pkt_data)
	                   */
	bool stream;      /* data is what a socket receives: no header is in front of it */
	bool redirects;   /* 7 sends the packet to where a helper said */
	u32 fault_retval; /* what stands for the return value of a program that was stopped */
};

/* That of a type which xb_skb_register() registers; 0 is sched_cls. */
const struct skb_kind *skb_kind_of(u32 prog_type);

#define SKB_ANY_RETVAL 0xffffffffu

/* The most that a program may return: it is refused otherwise (cf. check_return_code). */
u32 skb_retval_max(u32 prog_type, u32 attach_type);

#define SKB_BIT(type) XB_PROG_TYPE_BIT(BPF_PROG_TYPE_##type)

/* Sets of types that helpers are for (cf. net/core/filter.c: *_func_proto). */
#define SKB_TC (SKB_BIT(SCHED_CLS) | SKB_BIT(SCHED_ACT))
/* Those of helpers that take no other. */
#define SKB_TYPES  SKB_TC
#define SKB_FILTER SKB_BIT(SOCKET_FILTER)
#define SKB_CGROUP SKB_BIT(CGROUP_SKB)
#define SKB_FLOW   SKB_BIT(FLOW_DISSECTOR)
#define SKB_STREAM SKB_BIT(SK_SKB)
#define SKB_XMIT   SKB_BIT(LWT_XMIT)
#define SKB_LWT    (SKB_BIT(LWT_IN) | SKB_BIT(LWT_OUT) | SKB_BIT(LWT_XMIT) | SKB_BIT(LWT_SEG6LOCAL))

#endif
