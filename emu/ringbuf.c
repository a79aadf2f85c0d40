/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ringbuf.c - RINGBUF (cf. kernel/bpf/ringbuf.c).
 *
 * The memfd is laid out as the kernel's mapping, so that libbpf's reader can map it:
 *
 *   page 0: consumer position | page 1: producer position | data | data once more
 *
 * A record is a header {length and flags, page offset} and its bytes, rounded up to 8; it may run
 * from the first half of the data into the second. The kernel maps the same pages twice; here what
 * was written is copied to its place in the other half when the record is committed. Records that a
 * program leaves open are discarded when its run ends.
 *
 * Differs: user space may map all of it writable; nobody is woken up, readers poll.
 */
#include "emu/map_priv.h"

#include <stdlib.h>
#include <unistd.h>

#define HDR_BYTES    8u /* BPF_RINGBUF_HDR_SZ */
#define DATA_OFF     (2u * XB_PAGE_BYTES)
#define PRODUCER_OFF XB_PAGE_BYTES
#define RECORD_MOST  (UINT32_MAX / 4) /* RINGBUF_MAX_RECORD_SZ */
#define KERNEL_PAGES 3u /* in front of the data, as headers count them: RINGBUF_PGOFF + 2 */

struct open_record {
	u64 gaddr;
	u32 bytes;
};

struct ringbuf {
	struct xb_region *region;
	u8 *file; /* host address of the mapping */
	u64 mask;
	u64 pending; /* position of the oldest record that is not committed */
	struct open_record *open;
	u32 open_cnt, open_cap;
};

int
xb_map_ringbuf_check(const union bpf_attr *attr)
{
	u32 n = attr->max_entries;

	if (attr->map_flags & ~(u32)BPF_F_NUMA_NODE || attr->key_size || attr->value_size || !n ||
	    n & (n - 1) || n % XB_PAGE_BYTES)
		return -EINVAL;
	return 0;
}

static u64
position(const struct ringbuf *rb, u32 off)
{
	return __atomic_load_n((const u64 *)(const void *)(rb->file + off), __ATOMIC_ACQUIRE);
}

static void
set_position(struct ringbuf *rb, u32 off, u64 pos)
{
	__atomic_store_n((u64 *)(void *)(rb->file + off), pos, __ATOMIC_RELEASE);
}

static u8 *
data_at(const struct ringbuf *rb, u64 pos)
{
	return rb->file + DATA_OFF + (pos & rb->mask);
}

/* What a record of `bytes` takes up. */
static u64
record_span(u64 bytes)
{
	return xb_align_up(bytes + HDR_BYTES, 8);
}

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
	rb->mask = (u64)map->max_entries - 1;
	map->priv = rb;
	map->gc = ringbuf_gc;
	return 0;
}

static int
ringbuf_publish(struct xb_map *map)
{
	u64 bytes = DATA_OFF + 2ull * map->max_entries;
	struct ringbuf *rb = map->priv;

	if (ftruncate(map->obj.memfd, (off_t)bytes))
		return -ENOMEM;
	rb->region = xb_map_region_new(map, bytes, true);
	if (!rb->region)
		return -ENOMEM;
	rb->file = xb_mem_host(map->emu->mem, rb->region->gaddr);
	return 0;
}

static void
ringbuf_map_free(struct xb_map *map)
{
	struct ringbuf *rb = map->priv;

	xb_mem_unmap(map->emu->mem, rb->region);
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
		len = xb_ld32(data_at(rb, rb->pending));
		if (len & BPF_RINGBUF_BUSY_BIT)
			return;
		rb->pending += record_span(len & ~(u32)BPF_RINGBUF_DISCARD_BIT);
	}
}

u64
xb_ringbuf_reserve(struct xb_map *map, u64 bytes)
{
	struct ringbuf *rb = map->priv;
	u64 producer, end, gaddr;
	u8 *hdr;

	if (bytes > RECORD_MOST || record_span(bytes) > rb->mask + 1)
		return 0;
	producer = position(rb, PRODUCER_OFF);
	end = producer + record_span(bytes);
	skip_committed(rb, producer);
	if (end - position(rb, 0) > rb->mask || end - rb->pending > rb->mask)
		return 0;
	hdr = data_at(rb, producer);
	gaddr = xb_mem_gaddr(map->emu->mem, hdr) + HDR_BYTES;
	if (!remember(rb, gaddr, bytes))
		return 0;
	xb_st32(hdr + 4, (u32)((producer & rb->mask) / XB_PAGE_BYTES) + KERNEL_PAGES);
	xb_st32(hdr, (u32)bytes | BPF_RINGBUF_BUSY_BIT);
	set_position(rb, PRODUCER_OFF, end);
	xb_mem_allow(map->emu->mem, gaddr, bytes, XB_MEM_WRITE);
	xb_map_gc_later(map);
	return gaddr;
}

/* Copies [off, off + bytes) of the doubled data to its places in the other half. */
static void
mirror(struct ringbuf *rb, u64 off, u64 bytes)
{
	u64 half = rb->mask + 1, in_first;
	u8 *data = rb->file + DATA_OFF;

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
	hdr = (u8 *)xb_mem_host(map->emu->mem, record) - HDR_BYTES;
	off = (u64)(hdr - rb->file) - DATA_OFF;
	mirror(rb, off, record_span(bytes));
	if (discard)
		bytes |= BPF_RINGBUF_DISCARD_BIT;
	xb_st32(hdr + rb->mask + 1, bytes);
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
		return position(rb, PRODUCER_OFF) - position(rb, 0);
	case BPF_RB_RING_SIZE:
		return rb->mask + 1;
	case BPF_RB_CONS_POS:
		return position(rb, 0);
	case BPF_RB_PROD_POS:
		return position(rb, PRODUCER_OFF);
	default:
		return 0;
	}
}

u32
xb_ringbuf_consume(struct xb_map *map, void (*fn)(void *arg, const struct xb_event *event),
                   void *arg)
{
	struct ringbuf *rb = map->priv;
	u64 pos = position(rb, 0), end = position(rb, PRODUCER_OFF), bytes;
	u32 len, cnt = 0;

	/* User space can write its position: what cannot be one is taken for nothing to read. */
	if (pos % 8 || end - pos > rb->mask)
		return 0;
	for (; pos < end; pos += record_span(bytes)) {
		len = xb_ld32(data_at(rb, pos));
		bytes = len & ~(u32)(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (len & BPF_RINGBUF_BUSY_BIT || record_span(bytes) > end - pos)
			break;
		if (len & BPF_RINGBUF_DISCARD_BIT)
			continue;
		fn(arg, &(struct xb_event){ .map = map,
		                            .data = data_at(rb, pos) + HDR_BYTES,
		                            .bytes = (u32)bytes });
		cnt++;
	}
	set_position(rb, 0, pos);
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
