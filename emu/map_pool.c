/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map_pool.h"

#include "vm/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#define CHUNK_LEAST (64u << 10)
#define CHUNK_MOST  (64u << 20)

void
xb_pool_init(struct xb_pool *pool, struct xb_mem *mem, const char *name, u64 bytes, u64 cnt)
{
	u64 all;

	*pool = (struct xb_pool){ .mem = mem, .stride = (u32)xb_align_up(bytes, 16) };
	all = cnt * pool->stride;
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	if (all > CHUNK_MOST)
		all = CHUNK_MOST;
	if (all < CHUNK_LEAST)
		all = CHUNK_LEAST;
	pool->chunk_bytes = all < pool->stride ? pool->stride : all;
}

void
xb_pool_fini(struct xb_pool *pool)
{
	while (pool->chunk_cnt)
		xb_mem_unmap(pool->mem, pool->chunks[--pool->chunk_cnt]);
	free(pool->chunks);
	pool->chunks = NULL;
}

static bool
grow(struct xb_pool *pool)
{
	struct xb_err err = XB_ERR_INIT;
	struct xb_region **chunks, *r;

	chunks = realloc(pool->chunks, (pool->chunk_cnt + 1) * sizeof(*chunks));
	if (!chunks)
		return false;
	pool->chunks = chunks;
	r = xb_mem_map(pool->mem,
	               &(struct xb_region_opts){ .name = pool->name, .bytes = pool->chunk_bytes },
	               &err);
	if (!r)
		return false;
	if (((r->gaddr + r->bytes) >> 4) > UINT32_MAX) {
		xb_mem_unmap(pool->mem, r);
		return false;
	}
	pool->chunks[pool->chunk_cnt++] = r;
	pool->next = r->gaddr;
	pool->end = r->gaddr + r->bytes;
	return true;
}

u32
xb_pool_get(struct xb_pool *pool)
{
	u32 ref = pool->free;

	if (ref) {
		pool->free = xb_ld32(xb_pool_host(pool, ref));
		return ref;
	}
	if (pool->end - pool->next < pool->stride && !grow(pool))
		return 0;
	ref = (u32)(pool->next >> 4);
	pool->next += pool->stride;
	return ref;
}

void
xb_pool_put(struct xb_pool *pool, u32 ref)
{
	xb_st32(xb_pool_host(pool, ref), pool->free);
	pool->free = ref;
}
