/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/mem.h"

#include "vm/bytes.h"
#include "vm/mem_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ARENA_DEFAULT (64ull << 30)
#define ARENA_LEAST   (8ull << 30)
#define ARENA_MOST    (1ull << 46) /* of 47 bits of host addresses */
#define SEARCH_BYTES  4096         /* how far from an address its object is looked for */

/* Host memory that only addresses are taken of. */
static void *
reserve(u64 bytes, int prot)
{
	void *p = mmap(NULL, bytes, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* The page after the arena lets an access start at its last byte; the shadow has one more granule.
 */
static bool
reserve_arena(struct xb_mem *mem, u64 bytes)
{
	mem->base = reserve(bytes + XB_MEM_PAGE_BYTES, PROT_NONE);
	if (!mem->base)
		return false;
	mem->shadow = reserve(bytes / 8 + XB_MEM_PAGE_BYTES, PROT_READ | PROT_WRITE);
	if (!mem->shadow) {
		munmap(mem->base, bytes + XB_MEM_PAGE_BYTES);
		return false;
	}
	mem->limit = bytes;
	return true;
}

struct xb_mem *
xb_mem_new(u64 bytes, struct xb_err *err)
{
	struct xb_mem *mem = calloc(1, sizeof(*mem));
	u64 least = bytes ? bytes : ARENA_LEAST;

	if (mem)
		mem->regions = calloc(1, sizeof(*mem->regions));
	if (!mem || !mem->regions) {
		xb_err_errno(err, ENOMEM, "guest memory");
		free(mem);
		return NULL;
	}
	if (bytes > ARENA_MOST) {
		xb_err_set(err, XB_ERR_SYSTEM, "guest memory: %llu bytes are more than %llu",
		           (unsigned long long)bytes, (unsigned long long)ARENA_MOST);
		free(mem->regions);
		free(mem);
		return NULL;
	}
	bytes = xb_align_up(bytes ? bytes : ARENA_DEFAULT, XB_MEM_PAGE_BYTES);
	while (!reserve_arena(mem, bytes)) {
		if (bytes / 2 < least) {
			xb_err_errno(err, errno, "guest memory: reserving %llu bytes",
			             (unsigned long long)bytes);
			free(mem->regions);
			free(mem);
			return NULL;
		}
		bytes /= 2;
	}
	pthread_mutex_init(&mem->regions->lock, NULL);
	/* A page before the first region: near it an address is not near null. */
	mem->regions->low_next = XB_MEM_NULL_BYTES + XB_MEM_PAGE_BYTES;
	mem->regions->high_next = XB_MEM_LOW_END;
	return mem;
}

static void
free_list(struct xb_region *r)
{
	while (r) {
		struct xb_region *next = r->next;

		free(r);
		r = next;
	}
}

void
xb_mem_free(struct xb_mem *mem)
{
	if (!mem)
		return;
	free_list(mem->regions->all);
	free_list(mem->regions->spans);
	pthread_mutex_destroy(&mem->regions->lock);
	free(mem->regions);
	munmap(mem->shadow, mem->limit / 8 + XB_MEM_PAGE_BYTES);
	munmap(mem->base, mem->limit + XB_MEM_PAGE_BYTES);
	free(mem);
}

/* Takes a span that was unmapped, of exactly this size and zone; 0 where there is none. */
static u64
take_span(struct xb_mem *mem, u64 bytes, bool low)
{
	struct xb_region **link, *r;
	u64 gaddr;

	for (link = &mem->regions->spans; (r = *link); link = &r->next) {
		if (r->bytes != bytes || (r->gaddr < XB_MEM_LOW_END) != low)
			continue;
		gaddr = r->gaddr;
		*link = r->next;
		free(r);
		return gaddr;
	}
	return 0;
}

static u64
take_fresh(struct xb_mem *mem, u64 bytes, bool low)
{
	u64 *next = low ? &mem->regions->low_next : &mem->regions->high_next;
	u64 end = low ? XB_MEM_LOW_END : mem->limit;
	u64 gaddr = *next;

	if (end > mem->limit)
		end = mem->limit;
	if (gaddr > end || bytes > end - gaddr)
		return 0;
	*next = gaddr + bytes;
	return gaddr;
}

/* Puts memory behind the pages: the file's, or zeroes. */
static int
commit(struct xb_mem *mem, u64 gaddr, const struct xb_region_opts *opts)
{
	int prot = opts->read_only ? PROT_READ : PROT_READ | PROT_WRITE;
	void *p;

	if (!opts->use_fd)
		return mprotect(mem->base + gaddr, xb_align_up(opts->bytes, XB_MEM_PAGE_BYTES),
		                PROT_READ | PROT_WRITE);
	p = mmap(mem->base + gaddr, xb_align_up(opts->bytes, XB_MEM_PAGE_BYTES), prot,
	         MAP_SHARED | MAP_FIXED, opts->fd, 0);
	return p == MAP_FAILED ? -1 : 0;
}

/* Addresses for a region, with memory behind them; 0: there are none. */
static u64
place(struct xb_mem *mem, const struct xb_region_opts *opts)
{
	u64 span, gaddr;

	if (!opts->bytes || opts->bytes >= mem->limit)
		return 0;
	span = xb_region_span(opts->bytes);
	gaddr = take_span(mem, span, opts->low);
	if (!gaddr)
		gaddr = take_fresh(mem, span, opts->low);
	if (gaddr && !opts->object && commit(mem, gaddr, opts))
		return 0;
	return gaddr;
}

struct xb_region *
xb_mem_map(struct xb_mem *mem, const struct xb_region_opts *opts, struct xb_err *err)
{
	struct xb_regions *regions = mem->regions;
	struct xb_region *r = calloc(1, sizeof(*r));

	pthread_mutex_lock(&regions->lock);
	if (r)
		r->gaddr = place(mem, opts);
	if (!r || !r->gaddr) {
		pthread_mutex_unlock(&regions->lock);
		free(r);
		xb_err_errno(err, ENOMEM, "%s: %llu bytes of guest memory", opts->name,
		             (unsigned long long)opts->bytes);
		return NULL;
	}
	r->bytes = opts->bytes;
	r->opaque = opts->opaque || opts->object;
	r->object = opts->object;
	r->object_arg = opts->object_arg;
	snprintf(r->name, sizeof(r->name), "%s", opts->name);
	r->next = regions->all;
	regions->all = r;
	if (r->object) {
		r->next_object = regions->objects;
		regions->objects = r;
	}
	pthread_mutex_unlock(&regions->lock);
	return r;
}

/* Takes a region out of the lists it is in. */
static void
unlist(struct xb_regions *regions, struct xb_region *region)
{
	struct xb_region **link;

	for (link = &regions->all; *link != region; link = &(*link)->next)
		;
	*link = region->next;
	if (!region->object)
		return;
	for (link = &regions->objects; *link != region; link = &(*link)->next_object)
		;
	*link = region->next_object;
}

void
xb_mem_unmap(struct xb_mem *mem, struct xb_region *region)
{
	struct xb_regions *regions = mem->regions;
	u64 bytes;

	if (!region)
		return;
	pthread_mutex_lock(&regions->lock);
	unlist(regions, region);
	xb_mem_forbid(mem, region->gaddr, region->bytes);
	bytes = xb_align_up(region->bytes, XB_MEM_PAGE_BYTES);
	mmap(mem->base + region->gaddr, bytes, PROT_NONE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	region->bytes = bytes + XB_MEM_PAGE_BYTES;
	region->next = regions->spans;
	regions->spans = region;
	pthread_mutex_unlock(&regions->lock);
}

/* The shadow byte of a granule of which bytes s to e-1 are addressable. */
static u8
shadow_byte(u32 s, u32 e, u8 need)
{
	if (s == 0 && e == 8)
		return need;
	return (u8)((need & XB_SHADOW_WRITE) | (e & 7) << 3 | s);
}

void
xb_mem_allow(struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need)
{
	u64 end = gaddr + bytes, first = gaddr >> 3, last = end >> 3;
	u32 head = gaddr & 7, tail = end & 7;

	if (bytes == 0)
		return;
	if (first == last) {
		mem->shadow[first] = shadow_byte(head, tail, need);
		return;
	}
	if (head)
		mem->shadow[first++] = shadow_byte(head, 8, need);
	memset(mem->shadow + first, need, last - first);
	if (tail)
		mem->shadow[last] = shadow_byte(0, tail, need);
}

/* Zeroes what is small, and gives back what is large, where zero is what fresh pages read as. */
void
xb_mem_forbid(struct xb_mem *mem, u64 gaddr, u64 bytes)
{
	u8 *first = mem->shadow + (gaddr >> 3);
	u8 *end = mem->shadow + ((gaddr + bytes + 7) >> 3);
	u8 *page = (u8 *)(uintptr_t)xb_align_up((uintptr_t)first, XB_MEM_PAGE_BYTES);
	size_t pages;

	if (end < page + 16 * XB_MEM_PAGE_BYTES) {
		memset(first, 0, (size_t)(end - first));
		return;
	}
	pages = (size_t)(end - page) & ~(size_t)(XB_MEM_PAGE_BYTES - 1);
	memset(first, 0, (size_t)(page - first));
	madvise(page, pages, MADV_DONTNEED);
	memset(page + pages, 0, (size_t)(end - page) - pages);
}

/* The addressable bytes of a granule for `need`: from *s to *e - 1. False: none. */
XB_NO_TSAN static bool
granule_span(u8 shadow, u8 need, u32 *s, u32 *e)
{
	if ((need & XB_SHADOW_WRITE) && !(shadow & XB_SHADOW_WRITE))
		return false;
	if (shadow & XB_SHADOW_FULL) {
		*s = 0;
		*e = 8;
		return true;
	}
	*s = shadow & 7;
	*e = shadow >> 3 & 7;
	if (*e == 0 && *s != 0)
		*e = 8;
	return *e > *s;
}

XB_NO_TSAN u64
xb_mem_extent(const struct xb_mem *mem, u64 gaddr, u64 max, u8 need)
{
	u64 at = gaddr, end;
	u32 s, e;

	if (gaddr >= mem->limit)
		return 0;
	end = max > mem->limit - gaddr ? mem->limit : gaddr + max;
	while (at < end) {
		if (!granule_span(mem->shadow[at >> 3], need, &s, &e) || (at & 7) < s ||
		    (at & 7) >= e)
			break;
		at = (at & ~7ull) + e;
		if (e != 8)
			break;
	}
	return (at < end ? at : end) - gaddr;
}

XB_NO_TSAN bool
xb_mem_check_slow(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need)
{
	const u64 eight = 0x0101010101010101ull * need;
	u64 first, last;

	if (gaddr >= mem->limit || bytes > mem->limit - gaddr)
		return false;
	/* Whole granules eight at a time, so that large buffers cost little. */
	first = gaddr >> 3;
	last = (gaddr + bytes) >> 3;
	while (last - first > 8 && (gaddr & 7) == 0 &&
	       (xb_ld64(mem->shadow + first) & eight) == eight) {
		first += 8;
		gaddr += 64;
		bytes -= 64;
	}
	return xb_mem_extent(mem, gaddr, bytes, need) == bytes;
}

/* The region whose pages an address is in, or in the page behind; NULL where there is none. */
static const struct xb_region *
region_of(const struct xb_mem *mem, u64 gaddr)
{
	const struct xb_region *r;

	for (r = mem->regions->all; r; r = r->next) {
		if (gaddr >= r->gaddr && gaddr < r->gaddr + xb_region_span(r->bytes))
			return r;
	}
	return NULL;
}

/* The first byte of the object that includes `in`, a byte that is addressable. */
static u64
object_start(const struct xb_mem *mem, u64 in)
{
	u64 start = in;
	u32 s, e;

	while (granule_span(mem->shadow[(start - 1) >> 3], 0, &s, &e) && ((start - 1) & 7) < e &&
	       ((start - 1) & 7) >= s)
		start = ((start - 1) & ~7ull) + s;
	return start;
}

/*
 * Finds the addressable byte that is nearest to `bad`; where two are, the one below, since past the
 * end of something is the commoner mistake. Returns it and sets pos and distance; bad itself where
 * there is none near.
 */
static u64
nearest_byte(const struct xb_mem *mem, u64 bad, struct xb_mem_where *where)
{
	for (u64 d = 0; d < SEARCH_BYTES; d++) {
		where->distance = d;
		if (bad >= d + XB_MEM_NULL_BYTES && xb_mem_extent(mem, bad - d, 1, 0)) {
			where->pos = d ? XB_WHERE_PAST : XB_WHERE_INSIDE;
			return bad - d;
		}
		if (xb_mem_extent(mem, bad + d, 1, 0)) {
			where->pos = XB_WHERE_BEFORE;
			return bad + d;
		}
	}
	where->distance = 0;
	return bad;
}

static void
set_name(struct xb_mem_where *where, const struct xb_region *r)
{
	if (r)
		memcpy(where->name, r->name, sizeof(where->name));
}

/*
 * Where an access lies to memory that the host answers for: in it, past its end, or before its
 * start. Nothing where it is not near, or nearer to what `where` has already.
 */
static void
describe_host_object(const struct xb_region *r, u64 gaddr, u64 bytes, u8 need,
                     struct xb_mem_where *where)
{
	u64 end = r->gaddr + r->bytes, bad = gaddr;
	struct xb_mem_where w = { .obj_gaddr = r->gaddr, .obj_bytes = r->bytes };

	if (gaddr >= r->gaddr && gaddr < end) {
		if (bytes <= end - gaddr)
			w.pos = need == XB_MEM_WRITE && !r->object->store ? XB_WHERE_INSIDE
			                                                  : XB_WHERE_OPAQUE;
		bad = end;
	}
	if (w.pos == XB_WHERE_NONE) {
		w.pos = bad < end ? XB_WHERE_BEFORE : XB_WHERE_PAST;
		w.distance = bad < end ? r->gaddr - bad : bad - end + 1;
		if (w.distance >= SEARCH_BYTES ||
		    (where->pos != XB_WHERE_NONE && where->distance <= w.distance))
			return;
	}
	set_name(&w, r);
	*where = w;
}

static void
describe(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need, struct xb_mem_where *where)
{
	u64 bad = gaddr + xb_mem_extent(mem, gaddr, bytes, need), in;
	const struct xb_region *r = region_of(mem, bad);

	if (r && r->opaque && !r->object && bad - r->gaddr < r->bytes) {
		set_name(where, r);
		where->pos = XB_WHERE_OPAQUE;
		return;
	}
	in = nearest_byte(mem, bad, where);
	set_name(where, region_of(mem, in));
	if (where->pos != XB_WHERE_NONE) {
		where->obj_gaddr = object_start(mem, in);
		where->obj_bytes = xb_mem_extent(mem, where->obj_gaddr, mem->limit, 0);
	}
	for (r = mem->regions->objects; r; r = r->next_object)
		describe_host_object(r, gaddr, bytes, need, where);
}

void
xb_mem_describe(const struct xb_mem *mem, u64 gaddr, u64 bytes, u8 need, struct xb_mem_where *where)
{
	*where = (struct xb_mem_where){ .pos = XB_WHERE_NONE };
	if (gaddr < XB_MEM_NULL_BYTES) {
		where->pos = XB_WHERE_NULL;
		return;
	}
	if (gaddr >= mem->limit || gaddr + xb_mem_extent(mem, gaddr, bytes, need) >= mem->limit)
		return;
	pthread_mutex_lock(&mem->regions->lock);
	describe(mem, gaddr, bytes, need, where);
	pthread_mutex_unlock(&mem->regions->lock);
}

void
xb_mem_where_text(const struct xb_mem_where *where, u64 gaddr, char *buf, size_t bytes)
{
	unsigned long long d = where->distance, size = where->obj_bytes;
	const char *s = d == 1 ? "" : "s";

	switch (where->pos) {
	case XB_WHERE_NULL:
		snprintf(buf, bytes, "address 0x%llx is a null pointer or near one",
		         (unsigned long long)gaddr);
		return;
	case XB_WHERE_INSIDE:
		snprintf(buf, bytes, "%s (%llu bytes) is read-only", where->name, size);
		return;
	case XB_WHERE_OPAQUE:
		snprintf(buf, bytes, "%s is no memory to pass on", where->name);
		return;
	case XB_WHERE_BEFORE:
		snprintf(buf, bytes, "%llu byte%s before the start of %s (%llu bytes)", d, s,
		         where->name, size);
		return;
	case XB_WHERE_PAST:
		snprintf(buf, bytes, "%llu byte%s past the end of %s (%llu bytes)", d, s,
		         where->name, size);
		return;
	case XB_WHERE_NONE:
		break;
	}
	if (where->name[0])
		snprintf(buf, bytes, "memory for %s, none of which is in use within %d bytes",
		         where->name, SEARCH_BYTES);
	else
		snprintf(buf, bytes, "address 0x%llx is in no object", (unsigned long long)gaddr);
}
