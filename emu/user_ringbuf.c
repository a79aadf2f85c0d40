/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_ringbuf.c - USER_RINGBUF: samples from user space to a program (cf. kernel/bpf/ringbuf.c).
 *
 * The memfd is laid out as that of RINGBUF (ringbuf.c), so that libbpf's writer can map it. A
 * sample is a header {length and flags, not used} and its bytes, rounded up to 8; it starts in the
 * first half of the data and may run into the second.
 *
 * Differs: as in ringbuf.c; a sample whose header ends with the first half starts at the beginning
 * of the data, where libbpf writes it, and is not found behind its header.
 */
#include "emu/dynptr.h"
#include "emu/map_priv.h"

#include <stdlib.h>
#include <unistd.h>

#define HDR_BYTES    8u /* BPF_RINGBUF_HDR_SZ */
#define DATA_OFF     (2u * XB_PAGE_BYTES)
#define PRODUCER_OFF XB_PAGE_BYTES
#define HDR_FLAGS    ((u32)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT))

struct user_ringbuf {
	struct xb_region *region;
	u8 *file; /* host address of the mapping */
	u64 mask;
	struct xb_region *ptr; /* what a callback gets for its sample: 16 bytes */
	bool busy;             /* a drain is on its way */
};

static int
ringbuf_map_alloc(struct xb_map *map)
{
	struct user_ringbuf *rb = calloc(1, sizeof(*rb));

	if (!rb)
		return -ENOMEM;
	rb->mask = (u64)map->max_entries - 1;
	map->priv = rb;
	return 0;
}

static int
ringbuf_publish(struct xb_map *map)
{
	u64 bytes = DATA_OFF + 2ull * map->max_entries;
	struct user_ringbuf *rb = map->priv;

	if (ftruncate(map->obj.memfd, (off_t)bytes))
		return -ENOMEM;
	rb->region = xb_map_region_new(map, bytes, true);
	rb->ptr = xb_map_region_new(map, XB_DYNPTR_BYTES, false);
	if (!rb->region || !rb->ptr)
		return -ENOMEM;
	rb->file = xb_mem_host(map->emu->mem, rb->region->gaddr);
	return 0;
}

static void
ringbuf_map_free(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;

	xb_mem_unmap(map->emu->mem, rb->ptr);
	xb_mem_unmap(map->emu->mem, rb->region);
	free(rb);
}

static u64
position(const struct user_ringbuf *rb, u32 off)
{
	return __atomic_load_n((const u64 *)(const void *)(rb->file + off), __ATOMIC_ACQUIRE);
}

static void
consume(struct user_ringbuf *rb, u64 span)
{
	__atomic_store_n((u64 *)(void *)rb->file, position(rb, 0) + span, __ATOMIC_RELEASE);
}

static u64
sample_span(u32 bytes)
{
	return xb_align_up((u64)bytes + HDR_BYTES, 8);
}

u64
xb_user_ringbuf_begin(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;

	if (rb->busy)
		return 0;
	rb->busy = true;
	xb_mem_allow(map->emu->mem, rb->ptr->gaddr, XB_DYNPTR_BYTES, XB_MEM_READ);
	return rb->ptr->gaddr;
}

void
xb_user_ringbuf_end(struct xb_map *map)
{
	struct user_ringbuf *rb = map->priv;

	xb_mem_forbid(map->emu->mem, rb->ptr->gaddr, XB_DYNPTR_BYTES);
	rb->busy = false;
}

/* cf. __bpf_user_ringbuf_peek */
int
xb_user_ringbuf_peek(struct xb_map *map, u64 *sample, u32 *bytes)
{
	struct user_ringbuf *rb = map->priv;
	u64 producer = position(rb, PRODUCER_OFF), consumer = position(rb, 0), off;
	u32 hdr, len;

	if (producer % 8)
		return -EINVAL;
	if (consumer >= producer)
		return -ENODATA;
	hdr = __atomic_load_n(
	        (const u32 *)(const void *)(rb->file + DATA_OFF + (consumer & rb->mask)),
	        __ATOMIC_ACQUIRE);
	len = hdr & ~HDR_FLAGS;
	if (sample_span(len) > producer - consumer)
		return -EINVAL;
	if (sample_span(len) > rb->mask + 1 || len > XB_DYNPTR_MAX_SIZE)
		return -E2BIG;
	if (hdr & BPF_RINGBUF_DISCARD_BIT) {
		consume(rb, sample_span(len));
		return -EAGAIN;
	}
	if (hdr & BPF_RINGBUF_BUSY_BIT)
		return -ENODATA;
	off = DATA_OFF + ((consumer + HDR_BYTES) & rb->mask);
	*sample = rb->region->gaddr + off;
	*bytes = len;
	xb_mem_allow(map->emu->mem, *sample, len, XB_MEM_WRITE);
	return 0;
}

void
xb_user_ringbuf_release(struct xb_map *map, u64 sample, u32 bytes)
{
	xb_mem_forbid(map->emu->mem, sample, bytes);
	consume(map->priv, sample_span(bytes));
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
