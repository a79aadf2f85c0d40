/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_ringbuf.c - USER_RINGBUF: samples from user space to a program (cf. kernel/bpf/ringbuf.c).
 *
 * The memfd is as ring_priv.h says; a sample's header has nothing behind length and flags.
 *
 * Differs: as in ringbuf.c; a sample whose header ends with the first half starts at the beginning
 * of the data, where libbpf writes it, and is not found behind its header.
 */
#include "emu/dynptr.h"
#include "emu/ring_priv.h"

#include <stdlib.h>

#define HDR_FLAGS ((u32)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))

struct user_ringbuf {
	struct xb_ring ring;
	struct xb_region *ptr; /* what a callback gets for its sample: 16 bytes */
	bool busy;             /* a drain is on its way */
};

static int
ringbuf_map_alloc(struct xb_map *map)
{
	struct user_ringbuf *rb = calloc(1, sizeof(*rb));

	if (!rb)
		return -ENOMEM;
	map->priv = rb;
	return 0;
}

static int
ringbuf_publish(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;
	int ret = xb_ring_publish(&rb->ring, map);

	if (ret)
		return ret;
	rb->ptr = xb_map_region_new(map, XB_DYNPTR_BYTES, false);
	return rb->ptr ? 0 : -ENOMEM;
}

static void
ringbuf_map_free(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;

	xb_mem_unmap(map->emu->mem, rb->ptr);
	xb_ring_fini(&rb->ring, map);
	free(rb);
}

static void
consume(struct xb_ring *ring, u64 bytes)
{
	u64 pos = xb_ring_position(ring, XB_RING_CONSUMER);

	xb_ring_set_position(ring, XB_RING_CONSUMER, pos + xb_ring_span(bytes));
}

u64
xb_user_ringbuf_begin(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;

	if (__atomic_exchange_n(&rb->busy, true, __ATOMIC_ACQUIRE))
		return 0;
	xb_mem_allow(map->emu->mem, rb->ptr->gaddr, XB_DYNPTR_BYTES, XB_MEM_READ);
	return rb->ptr->gaddr;
}

void
xb_user_ringbuf_end(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;

	xb_mem_forbid(map->emu->mem, rb->ptr->gaddr, XB_DYNPTR_BYTES);
	__atomic_store_n(&rb->busy, false, __ATOMIC_RELEASE);
}

/* cf. __bpf_user_ringbuf_peek */
int
xb_user_ringbuf_peek(struct xb_map *map, u64 *sample, u32 *bytes)
{
	struct user_ringbuf *rb = map->priv;
	const struct xb_ring *ring = &rb->ring;
	u64 producer = xb_ring_position(ring, XB_RING_PRODUCER);
	u64 consumer = xb_ring_position(ring, XB_RING_CONSUMER);
	u8 *data;
	u32 hdr, len;

	if (producer % 8)
		return -EINVAL;
	if (consumer >= producer)
		return -ENODATA;
	data = xb_ring_data(ring, consumer);
	hdr = __atomic_load_n((const u32 *)(const void *)data, __ATOMIC_ACQUIRE);
	len = hdr & ~HDR_FLAGS;
	if (xb_ring_span(len) > producer - consumer)
		return -EINVAL;
	if (xb_ring_span(len) > ring->mask + 1 || len > XB_DYNPTR_MAX_SIZE)
		return -E2BIG;
	if (hdr & BPF_RINGBUF_DISCARD_BIT) {
		consume(&rb->ring, len);
		return -EAGAIN;
	}
	if (hdr & BPF_RINGBUF_BUSY_BIT)
		return -ENODATA;
	data = xb_ring_data(ring, consumer + XB_RING_HDR_BYTES);
	*sample = ring->region->gaddr + (u64)(data - ring->file);
	*bytes = len;
	xb_mem_allow(map->emu->mem, *sample, len, XB_MEM_WRITE);
	return 0;
}

void
xb_user_ringbuf_release(struct xb_map *map, u64 sample, u32 bytes)
{
	struct user_ringbuf *rb = map->priv;

	xb_mem_forbid(map->emu->mem, sample, bytes);
	consume(&rb->ring, bytes);
}

const struct xb_map_ops xb_map_user_ringbuf_ops = {
	.name = "user_ringbuf",
	.source = "kernel/bpf/ringbuf.c",
	.flags = XB_MAP_NO_PROG_LOOKUP,
	.check = xb_map_ringbuf_check,
	.alloc = ringbuf_map_alloc,
	.publish = ringbuf_publish,
	.free = ringbuf_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = xb_map_ringbuf_update,
	.read_sys = xb_map_ringbuf_read,
	.remove = xb_map_ringbuf_remove,
	.next_key = xb_map_ringbuf_next_key,
};
