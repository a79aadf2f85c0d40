/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_pool.h - equally sized pieces of guest memory, touched only when they are handed out.
 *
 * A piece is known by its reference, its guest address / 16; 0 is none. Freed pieces are handed out
 * again, last in first out, and are not cleared. The pool sets no shadow.
 */
#ifndef XB_EMU_MAP_POOL_H
#define XB_EMU_MAP_POOL_H

#include "vm/mem.h"

struct xb_pool {
	struct xb_mem *mem;
	char name[48];   /* of the regions */
	u32 stride;      /* bytes of a piece, a multiple of 16 */
	u64 chunk_bytes; /* of a region */
	u64 next, end;   /* guest addresses not handed out yet */
	u32 free;        /* first freed piece; its first 4 bytes lead to the next */
	struct xb_region **chunks;
	u32 chunk_cnt;
};

/* Prepares a pool for about `cnt` pieces; it grows past that. Nothing is mapped yet. */
void xb_pool_init(struct xb_pool *pool, struct xb_mem *mem, const char *name, u64 bytes, u64 cnt);

/* Gives all memory back. */
void xb_pool_fini(struct xb_pool *pool);

/* A piece, or 0 where there is no memory. A fresh one is zeroed. */
u32 xb_pool_get(struct xb_pool *pool);

/* Takes a piece back. */
void xb_pool_put(struct xb_pool *pool, u32 ref);

static inline u64
xb_pool_gaddr(u32 ref)
{
	return (u64)ref << 4;
}

static inline void *
xb_pool_host(const struct xb_pool *pool, u32 ref)
{
	return pool->mem->base + ((u64)ref << 4);
}

#endif
