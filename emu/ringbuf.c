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
#include "emu/vcpu.h"
#include "vm/proc.h"

#include <stdlib.h>

#define RECORD_MOST  (UINT32_MAX / 4) /* RINGBUF_MAX_RECORD_SZ */
#define KERNEL_PAGES 3u /* in front of the data, as headers count them: RINGBUF_PGOFF + 2 */

struct ringbuf {
	struct xb_ring ring;
	u64 pending; /* position of the oldest record that is not committed */
};

static int
ringbuf_map_alloc(struct xb_map *map)
{
	map->priv = calloc(1, sizeof(struct ringbuf));
	return map->priv ? 0 : -ENOMEM;
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
	free(rb);
}

static struct xb_emu_vcpu *
vcpu_of(const struct xb_map *map, const struct xb_proc *proc)
{
	return &map->emu->vcpus[proc ? proc->vcpu : 0];
}

/* Makes room for one more record. */
static bool
records_grow(struct xb_emu_vcpu *v)
{
	u32 cap = v->record_cap ? 2 * v->record_cap : 16;
	struct xb_record *records;

	if (v->record_cnt < v->record_cap)
		return true;
	records = realloc(v->records, cap * sizeof(*records));
	if (!records)
		return false;
	v->records = records;
	v->record_cap = cap;
	return true;
}

/* Index of an open record, or record_cnt; the newest are looked at first. */
static u32
find_open(const struct xb_emu_vcpu *v, u64 gaddr)
{
	for (u32 i = v->record_cnt; i-- > 0;)
		if (v->records[i].gaddr == gaddr)
			return i;
	return v->record_cnt;
}

/* The length and flags of a record, which is committed by changing them. */
static u32
header_at(const struct ringbuf *rb, u64 pos)
{
	return __atomic_load_n((const u32 *)(const void *)xb_ring_data(&rb->ring, pos),
	                       __ATOMIC_ACQUIRE);
}

/* Moves `pending` over what was committed since. */
static void
skip_committed(struct ringbuf *rb, u64 producer)
{
	u32 len;

	while (rb->pending < producer) {
		len = header_at(rb, rb->pending);
		if (len & BPF_RINGBUF_BUSY_BIT)
			return;
		rb->pending += xb_ring_span(len & ~(u32)BPF_RINGBUF_DISCARD_BIT);
	}
}

/* Moves the producer over a record of `bytes`. Its header's address, or NULL. */
static u8 *
take_room(struct ringbuf *rb, u64 bytes)
{
	u64 producer = xb_ring_position(&rb->ring, XB_RING_PRODUCER),
	    end = producer + xb_ring_span(bytes);
	u8 *hdr = xb_ring_data(&rb->ring, producer);

	skip_committed(rb, producer);
	if (end - xb_ring_position(&rb->ring, XB_RING_CONSUMER) > rb->ring.mask ||
	    end - rb->pending > rb->ring.mask)
		return NULL;
	xb_st32(hdr + 4, (u32)((producer & rb->ring.mask) / XB_PAGE_BYTES) + KERNEL_PAGES);
	__atomic_store_n((u32 *)(void *)hdr, (u32)bytes | BPF_RINGBUF_BUSY_BIT, __ATOMIC_RELAXED);
	xb_ring_set_position(&rb->ring, XB_RING_PRODUCER, end);
	return hdr;
}

u64
xb_ringbuf_reserve(struct xb_map *map, u64 bytes, struct xb_proc *proc)
{
	struct xb_emu_vcpu *v = vcpu_of(map, proc);
	struct ringbuf *rb = map->priv;
	u64 gaddr;
	u8 *hdr;

	if (bytes > RECORD_MOST || xb_ring_span(bytes) > rb->ring.mask + 1 || !records_grow(v))
		return 0;
	xb_lock_take(map->lock);
	hdr = take_room(rb, bytes);
	xb_lock_give(map->lock);
	if (!hdr)
		return 0;
	gaddr = xb_mem_gaddr(map->emu->mem, hdr) + XB_RING_HDR_BYTES;
	if (!map->emu->concurrent)
		map->emu->untidy = true;
	v->records[v->record_cnt++] = (struct xb_record){ map, gaddr, (u32)bytes };
	if (map->emu->vm->zeroing == XB_ZERO_ALWAYS) /* Linux does not */
		memset(hdr + XB_RING_HDR_BYTES, 0, bytes);
	xb_mem_allow(map->emu->mem, gaddr, bytes, XB_MEM_WRITE);
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

/* From now on the record is its reader's. */
static void
commit(struct xb_map *map, const struct xb_record *record, bool discard)
{
	struct ringbuf *rb = map->priv;
	u8 *hdr = (u8 *)xb_mem_host(map->emu->mem, record->gaddr) - XB_RING_HDR_BYTES;
	u64 off = (u64)(hdr - rb->ring.file) - XB_RING_DATA_OFF;
	u32 len = record->bytes;

	xb_mem_forbid(map->emu->mem, record->gaddr, len);
	mirror(rb, off, xb_ring_span(len));
	if (discard)
		len |= BPF_RINGBUF_DISCARD_BIT;
	xb_st32(hdr + rb->ring.mask + 1, len);
	__atomic_store_n((u32 *)(void *)hdr, len, __ATOMIC_RELEASE);
}

static void
tell(const struct xb_record *record, struct xb_proc *proc)
{
	const struct xb_emu_hooks *hooks = &record->map->emu->hooks;

	if (!proc || !hooks->record)
		return;
	hooks->record(hooks->arg, &(struct xb_event){
	                                  .map = record->map,
	                                  .proc = proc,
	                                  .cpu = proc->vcpu,
	                                  .data = xb_mem_host(proc->vm->mem, record->gaddr),
	                                  .bytes = record->bytes,
	                          });
}

int
xb_ringbuf_commit(struct xb_map *map, u64 gaddr, u64 flags, bool discard, struct xb_proc *proc)
{
	struct xb_emu_vcpu *v = vcpu_of(map, proc);
	u32 i = find_open(v, gaddr);
	struct xb_record record;

	(void)flags; /* they say whom to wake up */
	if (i == v->record_cnt)
		return -EINVAL;
	record = v->records[i];
	v->records[i] = v->records[--v->record_cnt];
	if (!discard)
		tell(&record, proc);
	commit(map, &record, discard);
	return 0;
}

void
xb_ringbuf_drop_records(struct xb_emu_vcpu *v)
{
	while (v->record_cnt) {
		const struct xb_record *record = &v->records[--v->record_cnt];

		commit(record->map, record, true);
	}
}

long
xb_ringbuf_output(struct xb_map *map, const void *data, u64 bytes, u64 flags, struct xb_proc *proc)
{
	u64 record;

	if (flags & ~(u64)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP))
		return -EINVAL;
	record = xb_ringbuf_reserve(map, bytes, proc);
	if (!record)
		return -EAGAIN;
	xb_move(xb_mem_host(map->emu->mem, record), data, bytes);
	return xb_ringbuf_commit(map, record, flags, false, proc);
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
		len = header_at(rb, pos);
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
xb_ringbuf_record(struct xb_emu *emu, u64 record, u32 vcpu, u32 *bytes)
{
	const struct xb_emu_vcpu *v = &emu->vcpus[vcpu];
	u32 i = find_open(v, record);

	if (i == v->record_cnt)
		return NULL;
	*bytes = v->records[i].bytes;
	return v->records[i].map;
}

const struct xb_map_ops xb_map_ringbuf_ops = {
	.name = "ringbuf",
	.source = "kernel/bpf/ringbuf.c",
	.flags = XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
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
