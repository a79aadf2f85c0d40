/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/map_pool.h"

#include "emu/map_priv.h"
#include "emu/vcpu.h"

#include <stdlib.h>

#define CHUNK_LEAST (64u << 10)
#define CHUNK_MOST  (64u << 20)
#define DEAD_BYTES  (64u << 20)
#define DEAD_LEAST  64u

void
xb_map_pool_init(struct xb_map_pool *pool, struct xb_map *map, const struct xb_map_pool_opts *opts)
{
	u64 bytes, all;

	*pool = (struct xb_map_pool){
		.map = map,
		.base = map->emu->mem->base,
		.val_off = opts->val_off,
		.value_bytes = opts->opaque ? 0 : opts->value_bytes,
		.copies = opts->copies,
		.need = opts->read_only ? XB_MEM_READ : xb_map_value_need(map),
		.head = opts->head_bytes / 16,
	};
	pool->values_bytes = (u32)xb_align_up(opts->value_bytes, 8);
	/* CPUs do not share cache lines. */
	if (opts->copies > 1) {
		pool->cpu_stride = (u32)xb_align_up(pool->values_bytes + 8, 64);
		pool->values_bytes = pool->cpu_stride * opts->copies;
	}
	bytes = (u64)opts->head_bytes + opts->val_off + pool->values_bytes;
	if (opts->tail_bytes)
		bytes += 8 + opts->tail_bytes;
	pool->stride = (u32)xb_align_up(bytes, 16);
	all = (u64)map->max_entries * pool->stride;
	if (all > CHUNK_MOST)
		all = CHUNK_MOST;
	if (all < CHUNK_LEAST)
		all = CHUNK_LEAST;
	pool->chunk_bytes = all < pool->stride ? pool->stride : all;
}

void
xb_map_pool_fini(struct xb_map_pool *pool)
{
	while (pool->chunk_cnt)
		xb_mem_unmap(pool->map->emu->mem, pool->chunks[--pool->chunk_cnt]);
	free(pool->chunks);
	free(pool->dead);
}

static bool
grow(struct xb_map_pool *pool)
{
	struct xb_region **chunks, *r;

	chunks = realloc(pool->chunks, (pool->chunk_cnt + 1) * sizeof(*chunks));
	if (!chunks)
		return false;
	pool->chunks = chunks;
	r = xb_map_region_new(pool->map, pool->chunk_bytes, false);
	if (!r)
		return false;
	if ((r->gaddr + r->bytes) >> 4 > UINT32_MAX) {
		xb_mem_unmap(pool->map->emu->mem, r);
		return false;
	}
	pool->chunks[pool->chunk_cnt++] = r;
	pool->next = r->gaddr;
	pool->end = r->gaddr + r->bytes;
	return true;
}

/* A piece of memory from the freed ones or a fresh one. */
static u32
take(struct xb_map_pool *pool)
{
	u32 ref = pool->free;

	if (ref) {
		pool->free = xb_ld32(xb_map_pool_host(pool, ref));
		return ref;
	}
	if (pool->end - pool->next < pool->stride && !grow(pool))
		return 0;
	ref = (u32)(pool->next >> 4) + pool->head;
	pool->next += pool->stride;
	return ref;
}

u32
xb_map_pool_get(struct xb_map_pool *pool)
{
	u32 ref = take(pool);

	if (!ref)
		return 0;
	memset(xb_map_pool_value_host(pool, ref, 0), 0, pool->values_bytes);
	for (u32 cpu = 0; pool->value_bytes && cpu < pool->copies; cpu++)
		xb_mem_allow(pool->map->emu->mem, xb_map_pool_value(pool, ref, cpu),
		             pool->value_bytes, pool->need);
	return ref;
}

u32
xb_map_pool_ref_of(const struct xb_map_pool *pool, u64 value)
{
	for (u32 i = 0; i < pool->chunk_cnt; i++) {
		const struct xb_region *r = pool->chunks[i];
		u64 off = value - r->gaddr, in = pool->val_off + (u64)pool->head * 16;

		if (off < r->bytes)
			return off >= in && (off - in) % pool->stride == 0 &&
			                       (value < pool->next || i + 1 < pool->chunk_cnt)
			               ? (u32)((value - pool->val_off) >> 4)
			               : 0;
	}
	return 0;
}

/* A program may have armed a timer of an element that was gone. */
static void
drop_specials(struct xb_map_pool *pool, u32 ref)
{
	for (u32 cpu = 0; cpu < pool->copies; cpu++)
		xb_map_value_drop(pool->map, xb_map_pool_value(pool, ref, cpu));
}

void
xb_map_pool_put(struct xb_map_pool *pool, u32 ref)
{
	if (XB_UNLIKELY(pool->map->specials.cnt))
		drop_specials(pool, ref);
	for (u32 cpu = 0; pool->value_bytes && cpu < pool->copies; cpu++)
		xb_mem_forbid(pool->map->emu->mem, xb_map_pool_value(pool, ref, cpu),
		              pool->value_bytes);
	xb_st32(xb_map_pool_host(pool, ref), pool->free);
	pool->free = ref;
}

/* Room for one more in `dead`. */
static bool
dead_reserve(struct xb_map_pool *pool)
{
	u32 cap = pool->dead_cap ? 2 * pool->dead_cap : 64;
	struct xb_map_dead *dead;

	if (pool->dead_cnt < pool->dead_cap)
		return true;
	dead = realloc(pool->dead, cap * sizeof(*dead));
	if (!dead)
		return false;
	pool->dead = dead;
	pool->dead_cap = cap;
	return true;
}

/* Takes back what was retired before the oldest run began. */
static void
take_back(struct xb_map_pool *pool)
{
	u64 oldest = xb_emu_oldest_run(pool->map->emu);
	u32 i = pool->dead_first;

	for (; i < pool->dead_cnt && pool->dead[i].epoch < oldest; i++)
		xb_map_pool_put(pool, pool->dead[i].ref);
	pool->dead_cnt -= i;
	pool->dead_first = 0;
	if (i)
		memmove(pool->dead, pool->dead + i, pool->dead_cnt * sizeof(*pool->dead));
	pool->dead_due = 2 * pool->dead_cnt + DEAD_LEAST;
}

/* Where there is no memory to remember it, it is lost: others may be looking at it. */
static void
retire_concurrent(struct xb_map_pool *pool, u32 ref)
{
	u64 epoch = xb_emu_epoch(pool->map->emu);

	if (pool->dead_cnt >= pool->dead_due)
		take_back(pool);
	if (!dead_reserve(pool))
		return;
	pool->dead[pool->dead_cnt++] = (struct xb_map_dead){ epoch, ref };
	xb_map_gc_later(pool->map);
}

void
xb_map_pool_retire(struct xb_map_pool *pool, u32 ref)
{
	if (XB_UNLIKELY(pool->map->emu->concurrent)) {
		retire_concurrent(pool, ref);
		return;
	}
	if ((u64)(pool->dead_cnt - pool->dead_first) * pool->stride > DEAD_BYTES)
		xb_map_pool_put(pool, pool->dead[pool->dead_first++].ref);
	if (!dead_reserve(pool)) {
		xb_map_pool_put(pool, ref);
		return;
	}
	pool->dead[pool->dead_cnt++].ref = ref;
	xb_map_gc_later(pool->map);
}

void
xb_map_pool_gc(struct xb_map_pool *pool)
{
	for (u32 i = pool->dead_first; i < pool->dead_cnt; i++)
		xb_map_pool_put(pool, pool->dead[i].ref);
	pool->dead_first = pool->dead_cnt = 0;
}
