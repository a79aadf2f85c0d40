/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/ring_priv.h"

#include <unistd.h>

int
xb_ring_publish(struct xb_ring *ring, struct xb_map *map)
{
	u64 bytes = XB_RING_DATA_OFF + 2ull * map->max_entries;

	ring->mask = (u64)map->max_entries - 1;
	if (ftruncate(map->obj.memfd, (off_t)bytes))
		return -ENOMEM;
	ring->region = xb_map_region_new(map, bytes, true);
	if (!ring->region)
		return -ENOMEM;
	ring->file = xb_mem_host(map->emu->mem, ring->region->gaddr);
	return 0;
}

void
xb_ring_fini(struct xb_ring *ring, struct xb_map *map)
{
	xb_mem_unmap(map->emu->mem, ring->region);
}

int
xb_map_ringbuf_check(const union bpf_attr *attr)
{
	u32 n = attr->max_entries;

	if (attr->map_flags & ~(u32)BPF_F_NUMA_NODE || attr->key_size || attr->value_size || !n ||
	    n & (n - 1) || n % XB_PAGE_BYTES)
		return -EINVAL;
	return 0;
}

int
xb_map_ringbuf_read(struct xb_map *map, const void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return -XB_ENOTSUPP;
}

int
xb_map_ringbuf_update(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	(void)map;
	(void)key;
	(void)value;
	(void)flags;
	return -XB_ENOTSUPP;
}

int
xb_map_ringbuf_remove(struct xb_map *map, const void *key)
{
	(void)map;
	(void)key;
	return -XB_ENOTSUPP;
}

int
xb_map_ringbuf_next_key(struct xb_map *map, const void *key, void *next)
{
	(void)map;
	(void)key;
	(void)next;
	return -XB_ENOTSUPP;
}
