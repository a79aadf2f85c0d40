/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ringbuf.c - RINGBUF (cf. kernel/bpf/ringbuf.c).
 *
 * The memfd is as ring_priv.h says. A record's header has its page's offset behind length and
 * flags. The kernel maps the same pages of data twice; here what was written is copied to its place
 * in the other half when the record is committed. Records that a program leaves open are discarded
 * when its run ends.
 *
 * Differs: user space may map all of it writable; nobody is woken up, readers poll.
 */
#include "emu/ring_priv.h"

#include <stdlib.h>

#define RECORD_MOST  (UINT32_MAX / 4) /* RINGBUF_MAX_RECORD_SZ */
#define KERNEL_PAGES 3u /* in front of the data, as headers count them: RINGBUF_PGOFF + 2 */

struct open_record {
	u64 gaddr;
	u32 bytes;
};

struct ringbuf {
	struct xb_ring ring;
	u64 pending; /* position of the oldest record that is not committed */
	struct open_record *open;
	u32 open_cnt, open_cap;
};

static void
ringbuf_gc(struct xb_map *map)
{
	struct ringbuf *rb = map->priv;

	while (rb->open_cnt)
		xb_ringbuf_commit(map, rb->open[rb->open_cnt - 1].gaddr, 0, true);
}

static int
ringbuf_map_alloc(struct xb_map *map)
{
	struct ringbuf *rb = calloc(1, sizeof(*rb));

	if (!rb)
		return -ENOMEM;
	map->priv = rb;
	map->gc = ringbuf_gc;
	return 0;
}

static int
ringbuf_publish(struct xb_map *map)
{
	struct ringbuf *rb = map->priv;

	return xb_ring_publish(&rb->ring, map);
}

static void
ringbuf_map_free(struct xb_map *map)
{
	struct ringbuf *rb = map->priv;

	xb_ring_fini(&rb->ring, map);
	free(rb->open);
	free(rb);
}

static bool
remember(struct ringbuf *rb, u64 gaddr, u64 bytes)
{
	u32 cap = rb->open_cap ? 2 * rb->open_cap : 16;
	struct open_record *open;

	if (rb->open_cnt == rb->open_cap) {
		open = realloc(rb->open, cap * sizeof(*open));
		if (!open)
			return false;
		rb->open = open;
		rb->open_cap = cap;
	}
	rb->open[rb->open_cnt++] = (struct open_record){ gaddr, (u32)bytes };
	return true;
}

/* Moves `pending` over what was committed since. */
static void
skip_committed(struct ringbuf *rb, u64 producer)
{
	u32 len;

	while (rb->pending < producer) {
		len = xb_ld32(xb_ring_data(&rb->ring, rb->pending));
		if (len & BPF_RINGBUF_BUSY_BIT)
			return;
		rb->pending += xb_ring_span(len & ~(u32)BPF_RINGBUF_DISCARD_BIT);
	}
}

u64
xb_ringbuf_reserve(struct xb_map *map, u64 bytes)
{
	struct ringbuf *rb = map->priv;
	u64 producer, end, gaddr;
	u8 *hdr;

	if (bytes > RECORD_MOST || xb_ring_span(bytes) > rb->ring.mask + 1)
		return 0;
	producer = xb_ring_position(&rb->ring, XB_RING_PRODUCER);
	end = producer + xb_ring_span(bytes);
	skip_committed(rb, producer);
	if (end - xb_ring_position(&rb->ring, XB_RING_CONSUMER) > rb->ring.mask ||
	    end - rb->pending > rb->ring.mask)
		return 0;
	hdr = xb_ring_data(&rb->ring, producer);
	gaddr = xb_mem_gaddr(map->emu->mem, hdr) + XB_RING_HDR_BYTES;
	if (!remember(rb, gaddr, bytes))
		return 0;
	xb_st32(hdr + 4, (u32)((producer & rb->ring.mask) / XB_PAGE_BYTES) + KERNEL_PAGES);
	xb_st32(hdr, (u32)bytes | BPF_RINGBUF_BUSY_BIT);
	xb_ring_set_position(&rb->ring, XB_RING_PRODUCER, end);
	if (map->emu->vm->zeroing == XB_ZERO_ALWAYS) /* Linux does not */
		memset(hdr + XB_RING_HDR_BYTES, 0, bytes);
	xb_mem_allow(map->emu->mem, gaddr, bytes, XB_MEM_WRITE);
	xb_map_gc_later(map);
	return gaddr;
}

/* Copies [off, off + bytes) of the doubled data to its places in the other half. */
static void
mirror(struct ringbuf *rb, u64 off, u64 bytes)
{
	u64 half = rb->ring.mask + 1, in_first;
	u8 *data = rb->ring.file + XB_RING_DATA_OFF;

	in_first = off + bytes > half ? half - off : bytes;
	memcpy(data + off + half, data + off, in_first);
	memcpy(data, data + half, bytes - in_first);
}

/* Index of an open record, or open_cnt; the newest are looked at first. */
static u32
find_open(const struct ringbuf *rb, u64 record)
{
	for (u32 i = rb->open_cnt; i-- > 0;)
		if (rb->open[i].gaddr == record)
			return i;
	return rb->open_cnt;
}

int
xb_ringbuf_commit(struct xb_map *map, u64 record, u64 flags, bool discard)
{
	struct ringbuf *rb = map->priv;
	u32 i = find_open(rb, record), bytes;
	u8 *hdr;
	u64 off;

	(void)flags; /* they say whom to wake up */
	if (i == rb->open_cnt)
		return -EINVAL;
	bytes = rb->open[i].bytes;
	rb->open[i] = rb->open[--rb->open_cnt];
	xb_mem_forbid(map->emu->mem, record, bytes);
	hdr = (u8 *)xb_mem_host(map->emu->mem, record) - XB_RING_HDR_BYTES;
	off = (u64)(hdr - rb->ring.file) - XB_RING_DATA_OFF;
	mirror(rb, off, xb_ring_span(bytes));
	if (discard)
		bytes |= BPF_RINGBUF_DISCARD_BIT;
	xb_st32(hdr + rb->ring.mask + 1, bytes);
	__atomic_store_n((u32 *)(void *)hdr, bytes, __ATOMIC_RELEASE);
	return 0;
}

long
xb_ringbuf_output(struct xb_map *map, const void *data, u64 bytes, u64 flags)
{
	u64 record;

	if (flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return -EINVAL;
	record = xb_ringbuf_reserve(map, bytes);
	if (!record)
		return -EAGAIN;
	memcpy(xb_mem_host(map->emu->mem, record), data, bytes);
	return xb_ringbuf_commit(map, record, flags, false);
}

u64
xb_ringbuf_query(struct xb_map *map, u64 flags)
{
	const struct ringbuf *rb = map->priv;

	switch (flags) {
	case BPF_RB_AVAIL_DATA:
		return xb_ring_position(&rb->ring, XB_RING_PRODUCER) -
		       xb_ring_position(&rb->ring, XB_RING_CONSUMER);
	case BPF_RB_RING_SIZE:
		return rb->ring.mask + 1;
	case BPF_RB_CONS_POS:
		return xb_ring_position(&rb->ring, XB_RING_CONSUMER);
	case BPF_RB_PROD_POS:
		return xb_ring_position(&rb->ring, XB_RING_PRODUCER);
	default:
		return 0;
	}
}

u32
xb_ringbuf_consume(struct xb_map *map, void (*fn)(void *arg, const struct xb_event *event),
                   void *arg)
{
	struct ringbuf *rb = map->priv;
	u64 pos = xb_ring_position(&rb->ring, XB_RING_CONSUMER),
	    end = xb_ring_position(&rb->ring, XB_RING_PRODUCER), bytes;
	u32 len, cnt = 0;

	/* User space can write its position: what cannot be one is taken for nothing to read. */
	if (pos % 8 || end - pos > rb->ring.mask)
		return 0;
	for (; pos < end; pos += xb_ring_span(bytes)) {
		len = xb_ld32(xb_ring_data(&rb->ring, pos));
		bytes = len & ~(u32)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (len & BPF_RINGBUF_BUSY_BIT || xb_ring_span(bytes) > end - pos)
			break;
		if (len & BPF_RINGBUF_DISCARD_BIT)
			continue;
		fn(arg,
		   &(struct xb_event){ .map = map,
		                       .data = xb_ring_data(&rb->ring, pos) + XB_RING_HDR_BYTES,
		                       .bytes = (u32)bytes });
		cnt++;
	}
	xb_ring_set_position(&rb->ring, XB_RING_CONSUMER, pos);
	return cnt;
}

struct xb_map *
xb_ringbuf_record(struct xb_emu *emu, u64 record, u32 *bytes)
{
	const struct ringbuf *rb;
	u32 i;

	/* A map with open records waits for the end of the run. */
	for (struct xb_map *map = emu->gc_maps; map; map = map->gc_next) {
		if (map->type != BPF_MAP_TYPE_RINGBUF)
			continue;
		rb = map->priv;
		i = find_open(rb, record);
		if (i == rb->open_cnt)
			continue;
		*bytes = rb->open[i].bytes;
		return map;
	}
	return NULL;
}

const struct xb_map_ops xb_map_ringbuf_ops = {
	.name = "ringbuf",
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
