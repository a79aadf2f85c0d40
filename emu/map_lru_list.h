/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_lru_list.h - which element of an LRU map goes when there is no room (cf.
 * kernel/bpf/bpf_lru_list.c).
 *
 * A map has as many nodes as entries; a node stands for one element, or is free. New nodes wait in
 * the CPU's pending list and come in batches to the inactive list, together with what was free. A
 * lookup only sets a node's `ref`; what has it moves from inactive to active when it is met, and
 * what has it not is evicted. All work is bounded by a few hundred nodes an operation.
 *
 *    free (all) --batch--> free (CPU) --update--> pending (CPU) --batch--> inactive <--> active
 *        ^                                                                    |
 *        +------------------------------- evicted ----------------------------+
 *
 * With BPF_F_NO_COMMON_LRU each CPU has its own three lists and nothing is local.
 */
#ifndef XB_EMU_MAP_LRU_LIST_H
#define XB_EMU_MAP_LRU_LIST_H

#include "vm/types.h"

/* Lists a node can be in. */
enum xb_lru_list { XB_LRU_ACTIVE, XB_LRU_INACTIVE, XB_LRU_FREE, XB_LRU_LIST_CNT };
enum xb_lru_type {
	XB_LRU_IN_ACTIVE = XB_LRU_ACTIVE,
	XB_LRU_IN_INACTIVE = XB_LRU_INACTIVE,
	XB_LRU_IN_FREE = XB_LRU_FREE,
	XB_LRU_IN_LOCAL_FREE,
	XB_LRU_IN_PENDING,
};

struct xb_lru_node {
	u32 prev, next;
	u32 ref_elem; /* the element's reference; 0: none */
	u8 type;      /* enum xb_lru_type */
	u8 ref;       /* used since it was last looked at */
	u16 cpu;
};

/* Three lists, by the index of their head among the nodes. */
struct xb_lru_set {
	u32 head[XB_LRU_LIST_CNT];
	u32 count[XB_LRU_LIST_CNT];
	u32 rotation;         /* next_inactive_rotation */
	u32 fresh, fresh_end; /* nodes never used: the end of the free list */
};

struct xb_lru_local {
	u32 free, pending; /* heads */
	u32 next_steal;
};

struct xb_lru {
	struct xb_lru_node *nodes;  /* heads follow after the nodes */
	struct xb_lru_set *sets;    /* one, or one a CPU */
	struct xb_lru_local *local; /* one a CPU; NULL where sets are per CPU */
	u64 node_cnt;               /* with the heads */
	u32 cpu_cnt;
	u32 scan_cnt, free_target;
	/* Takes a node's element out of the map. */
	void (*evict)(void *arg, u32 ref_elem);
	void *arg;
};

/*
 * Makes `cnt` free nodes, of which none is touched; per_cpu: cnt is a multiple of cpu_cnt. False:
 * no memory.
 */
bool xb_lru_init(struct xb_lru *lru, u32 cnt, u32 cpu_cnt, bool per_cpu);
void xb_lru_fini(struct xb_lru *lru);

/*
 * A node for a new element, if need be by evicting others; its ref_elem is to be set. Always
 * succeeds.
 */
u32 xb_lru_pop(struct xb_lru *lru, u32 cpu);

/* Gives the node of an element that was removed back. */
void xb_lru_push(struct xb_lru *lru, u32 node);

#endif
