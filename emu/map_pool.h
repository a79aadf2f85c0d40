/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_pool.h - elements of maps: pieces of guest memory, touched only when they are handed out.
 *
 *   [head]  the owner's bytes   value, pad   (value of CPU 1, pad ...)   [tail]
 *           ^ reference          ^ val_off
 *
 * Only the values are addressable by programs; what lies around them is the red zone. An element is
 * known by its reference, its guest address / 16; 0 is none. An element that is retired stays
 * readable until the run ends, when the map's gc gives it back; where one run leaves more than 64
 * MiB of them, the oldest are used again, as the kernel would use any. While vCPUs run
 * concurrently, those that no run can know any more are given back now and then, as more come.
 */
#ifndef XB_EMU_MAP_POOL_H
#define XB_EMU_MAP_POOL_H

#include "emu/map.h"

struct xb_map_pool_opts {
	u32 head_bytes;  /* 0 or 16 */
	u32 val_off;     /* a multiple of 8 */
	u32 value_bytes; /* of a value */
	u32 copies;      /* values of an element, one a CPU */
	u32 tail_bytes;
	bool opaque;    /* values are not for programs */
	bool read_only; /* programs may not write them, whatever the map's flags say */
};

/* An element that was retired, and when (xb_emu_epoch). */
struct xb_map_dead {
	u64 epoch;
	u32 ref;
};

struct xb_map_pool {
	struct xb_map *map;
	u8 *base;         /* of guest memory */
	u32 stride;       /* bytes of an element, a multiple of 16 */
	u32 val_off;      /* from the reference to the first value */
	u32 cpu_stride;   /* from a CPU's value to the next one's; 0 where all have the same */
	u32 values_bytes; /* that all values take up */
	u32 value_bytes;  /* addressable of each; 0: opaque */
	u32 copies;
	u8 need;         /* XB_MEM_READ or XB_MEM_WRITE */
	u32 head;        /* bytes before the reference / 16 */
	u64 chunk_bytes; /* of a region */
	u64 next, end;   /* guest addresses not handed out yet */
	u32 free;        /* first freed element; at its reference is the next */
	struct xb_region **chunks;
	u32 chunk_cnt;
	struct xb_map_dead *dead; /* oldest first, from dead_first on */
	u32 dead_first, dead_cnt, dead_cap;
	u32 dead_due; /* concurrently: how many there are when some are given back */
};

/* Prepares a pool for about max_entries elements of map; it grows past that. Maps nothing yet. */
void xb_map_pool_init(struct xb_map_pool *pool, struct xb_map *map,
                      const struct xb_map_pool_opts *opts);

/* Gives all memory back. */
void xb_map_pool_fini(struct xb_map_pool *pool);

/* An element with zeroed, addressable values and unknown bytes before them; 0: no memory. */
u32 xb_map_pool_get(struct xb_map_pool *pool);

/* Takes an element back at once, or when the run is over. */
void xb_map_pool_put(struct xb_map_pool *pool, u32 ref);
void xb_map_pool_retire(struct xb_map_pool *pool, u32 ref);

/* Takes back what was retired; not while vCPUs run concurrently. */
void xb_map_pool_gc(struct xb_map_pool *pool);

/* The reference of the element whose value, of CPU 0, is at `value`; 0: there is none. */
u32 xb_map_pool_ref_of(const struct xb_map_pool *pool, u64 value);

static inline void *
xb_map_pool_host(const struct xb_map_pool *pool, u32 ref)
{
	return pool->base + ((u64)ref << 4);
}

/* Guest and host address of a CPU's value, or of the only one. */
static inline u64
xb_map_pool_value(const struct xb_map_pool *pool, u32 ref, u32 cpu)
{
	return ((u64)ref << 4) + pool->val_off + (u64)cpu * pool->cpu_stride;
}

static inline void *
xb_map_pool_value_host(const struct xb_map_pool *pool, u32 ref, u32 cpu)
{
	return pool->base + xb_map_pool_value(pool, ref, cpu);
}

/* The tail, 8 bytes or more behind the last value. */
static inline void *
xb_map_pool_tail(const struct xb_map_pool *pool, u32 ref)
{
	return pool->base + xb_map_pool_value(pool, ref, 0) + pool->values_bytes + 8;
}

#endif
