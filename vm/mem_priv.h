/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem_priv.h - the lists of regions, which one lock guards.
 */
#ifndef XB_VM_MEM_PRIV_H
#define XB_VM_MEM_PRIV_H

#include "vm/bytes.h"
#include "vm/mem.h"

#include <pthread.h>

#define XB_MEM_PAGE_BYTES 4096ull

struct xb_regions {
	pthread_mutex_t lock;
	struct xb_region *all;
	struct xb_region *objects; /* those that the host answers for */
	struct xb_region *spans;   /* unmapped, for reuse */
	u64 low_next, high_next;   /* next fresh address of either zone */
};

/* Pages of a region, and the one after it that is never committed. */
static inline u64
xb_region_span(u64 bytes)
{
	return xb_align_up(bytes, XB_MEM_PAGE_BYTES) + XB_MEM_PAGE_BYTES;
}

#endif
