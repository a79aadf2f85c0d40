/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ring_priv.h - the memfd of a ring buffer, RINGBUF's or USER_RINGBUF's, laid out as the kernel's
 * mapping, so that libbpf can map it:
 *
 *   page 0: consumer position | page 1: producer position | data | data once more
 *
 * A record is a header of 8 bytes, length and flags in its first 4, and its bytes, rounded up to 8;
 * it may run from the first half of the data into the second.
 */
#ifndef XB_EMU_RING_PRIV_H
#define XB_EMU_RING_PRIV_H

#include "emu/map_priv.h"

#define XB_RING_HDR_BYTES 8u /* BPF_RINGBUF_HDR_SZ */
#define XB_RING_DATA_OFF  (2u * XB_PAGE_BYTES)

enum xb_ring_pos { XB_RING_CONSUMER, XB_RING_PRODUCER };

struct xb_ring {
	struct xb_region *region;
	u8 *file; /* host address of the mapping */
	u64 mask; /* bytes of data, less one */
};

/* Makes room in the map's memfd and maps it. 0 or -ENOMEM; xb_ring_fini() frees what there is. */
int xb_ring_publish(struct xb_ring *ring, struct xb_map *map);
void xb_ring_fini(struct xb_ring *ring, struct xb_map *map);

/* Positions count bytes since the beginning; the data's size is left out by the mask. */
static inline u64
xb_ring_position(const struct xb_ring *ring, enum xb_ring_pos which)
{
	const u8 *at = ring->file + (u64)which * XB_PAGE_BYTES;

	return __atomic_load_n((const u64 *)(const void *)at, __ATOMIC_ACQUIRE);
}

static inline void
xb_ring_set_position(struct xb_ring *ring, enum xb_ring_pos which, u64 pos)
{
	u8 *at = ring->file + (u64)which * XB_PAGE_BYTES;

	__atomic_store_n((u64 *)(void *)at, pos, __ATOMIC_RELEASE);
}

static inline u8 *
xb_ring_data(const struct xb_ring *ring, u64 pos)
{
	return ring->file + XB_RING_DATA_OFF + (pos & ring->mask);
}

/* What a record of `bytes` takes up. */
static inline u64
xb_ring_span(u64 bytes)
{
	return xb_align_up(bytes + XB_RING_HDR_BYTES, 8);
}

/* What maps of both types do to elements: none can be read or written by key. */
int xb_map_ringbuf_check(const union bpf_attr *attr);
int xb_map_ringbuf_read(struct xb_map *map, const void *key, void *value);
int xb_map_ringbuf_update(struct xb_map *map, const void *key, const void *value, u64 flags);
int xb_map_ringbuf_remove(struct xb_map *map, const void *key);
int xb_map_ringbuf_next_key(struct xb_map *map, const void *key, void *next);

#endif
