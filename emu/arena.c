/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/arena.h"

#include "emu/map_priv.h"
#include "emu/ranges.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE        ((u64)XB_PAGE_BYTES)
#define SPACE       (1ull << 32)
#define F_USER_CONV (1u << 18) /* BPF_F_NO_USER_CONV, which an older uapi header lacks */

struct xb_arena {
	struct xb_map *map;
	struct xb_region *region; /* NULL: no program uses it yet */
	struct xb_ranges unused;  /* pages that can be allocated (cf. struct bpf_arena: rt) */
	u64 start, end;           /* in user space, once it is attached */
};

struct xb_arena *
xb_arena_of(const struct xb_map *map)
{
	return map->priv;
}

struct xb_arena *
xb_arena_new(struct xb_map *map)
{
	struct xb_arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return NULL;
	arena->map = map;
	if (!xb_ranges_set(&arena->unused, 0, map->max_entries))
		return arena;
	free(arena);
	return NULL;
}

void
xb_arena_free(struct xb_arena *arena)
{
	if (!arena)
		return;
	xb_mem_unmap(arena->map->emu->mem, arena->region);
	xb_ranges_fini(&arena->unused);
	free(arena);
}

/* Whether a line of /proc/self/maps is user space's mapping of the map's file; with where it is. */
static bool
is_mapping(const struct xb_map *map, const char *line, u64 *start, u64 *end)
{
	const struct xb_mem *mem = map->emu->mem;
	unsigned long from, to, ino;

	if (sscanf(line, "%lx-%lx %*s %*x %*s %lu", &from, &to, &ino) != 3 || ino != map->obj.ino ||
	    from - (uintptr_t)mem->base < mem->limit)
		return false;
	*start = from;
	*end = to;
	return true;
}

/* Where user space has mapped it: false where it has not. */
static bool
find_mapping(const struct xb_map *map, u64 *start, u64 *end)
{
	FILE *f = fopen("/proc/self/maps", "re");
	bool found = false;
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		return false;
	while (!found && getline(&line, &cap, f) > 0)
		found = is_mapping(map, line, start, end);
	free(line);
	fclose(f);
	return found;
}

int
xb_arena_map(struct xb_arena *arena)
{
	const struct xb_map *map = arena->map;
	const struct xb_region_opts opts = { .name = "arena",
		                             .bytes = map->max_entries * PAGE,
		                             .fd = map->obj.memfd,
		                             .use_fd = true };
	struct xb_err err = XB_ERR_INIT;

	if (!arena->region)
		arena->region = xb_mem_map(map->emu->mem, &opts, &err);
	return arena->region ? 0 : -ENOMEM;
}

int
xb_arena_attach(struct xb_arena *arena)
{
	const struct xb_map *map = arena->map;
	u64 bytes = map->max_entries * PAGE, start = map->map_extra, end = start + bytes;

	if (arena->end)
		return 0;
	if (!start && !find_mapping(map, &start, &end))
		return -EINVAL;
	if (end - start > bytes)
		end = start + bytes;
	if (start / SPACE != (end - 1) / SPACE)
		return -ERANGE;
	if (xb_arena_map(arena))
		return -ENOMEM;
	arena->start = start;
	arena->end = end;
	return 0;
}

int
xb_arena_address(const struct xb_arena *arena, u32 off, u64 *address)
{
	if (off > arena->end - arena->start)
		return -ERANGE;
	*address = arena->start;
	return 0;
}

struct xb_space
xb_arena_space(struct xb_arena *arena)
{
	return (struct xb_space){
		.gaddr = arena->region->gaddr,
		.bytes = arena->region->bytes,
		.first = (u32)arena->start,
		.high = arena->map->flags & F_USER_CONV ? 0 : arena->start & ~(SPACE - 1),
		.user = arena,
	};
}

/*
 * The first page from `page` on that the file has, and how many in a row; false where it has none
 * before `end`. Pages that were never touched are holes, even if they were allocated.
 */
static bool
find_touched(const struct xb_arena *arena, u32 page, u32 end, u32 *first, u32 *cnt)
{
	int fd = arena->map->obj.memfd;
	off_t data = lseek(fd, (off_t)(page * PAGE), SEEK_DATA), hole;

	if (data < 0 || (u64)data >= end * PAGE)
		return false;
	hole = lseek(fd, data, SEEK_HOLE);
	if (hole <= data)
		return false;
	*first = (u32)((u64)data / PAGE);
	*cnt = (u32)(((u64)hole + PAGE - 1) / PAGE) - *first;
	if (*cnt > end - *first)
		*cnt = end - *first;
	return true;
}

/* Pages come to exist. */
static int
take(struct xb_arena *arena, u32 first, u32 cnt)
{
	int ret = xb_ranges_clear(&arena->unused, first, cnt);

	if (!ret)
		xb_mem_allow(arena->map->emu->mem, arena->region->gaddr + first * PAGE, cnt * PAGE,
		             XB_MEM_WRITE);
	return ret;
}

/*
 * Takes what user space has touched of the pages that seem to be unused (cf. arena_vm_fault). In
 * order of the pages, as nobody knows in which they were touched: of gaps as long as each other an
 * allocation may find another than in Linux.
 */
static void
take_touched(struct xb_arena *arena)
{
	const struct xb_range *r;
	u32 page = 0, first, cnt;

	/* Of a frozen one the pages that were given back are still in the file. */
	if (arena->map->frozen)
		return;
	while ((r = xb_ranges_from(&arena->unused, page))) {
		u32 from = r->first > page ? r->first : page, end = r->last + 1;

		page = end;
		if (!find_touched(arena, from, end, &first, &cnt))
			continue;
		if (take(arena, first, cnt))
			return;
		page = first + cnt;
	}
}

bool
xb_arena_fill(void *emu, const struct xb_space *space, u64 gaddr, u32 bytes)
{
	struct xb_arena *arena = space->user;
	u64 off = gaddr - space->gaddr;
	u32 first, cnt, last;

	(void)emu;
	if (off >= space->bytes || bytes > space->bytes - off || arena->map->frozen)
		return false;
	last = (u32)((off + bytes - 1) / PAGE);
	for (u32 page = (u32)(off / PAGE); page <= last; page++) {
		if (xb_mem_check(arena->map->emu->mem, space->gaddr + page * PAGE, 1, XB_MEM_READ))
			continue;
		if (!find_touched(arena, page, page + 1, &first, &cnt) || take(arena, page, 1))
			return false;
	}
	return true;
}

/* The page that an address is in, by its lower half; a large number where it is before the first.
 */
static u32
compute_pgoff(const struct xb_arena *arena, u64 address)
{
	return (u32)(address - arena->start) / XB_PAGE_BYTES;
}

static u32
page_cnt_max(const struct xb_arena *arena)
{
	return (u32)((arena->end - arena->start) / PAGE);
}

u64
xb_arena_alloc_pages(struct xb_arena *arena, u64 address, u32 page_cnt)
{
	u32 max = page_cnt_max(arena), first = compute_pgoff(arena, address);

	take_touched(arena);
	if (page_cnt == 0 || page_cnt > max)
		return 0;
	if (address && (address % PAGE || first > max - page_cnt))
		return 0;
	if (address ? !xb_ranges_has(&arena->unused, first, page_cnt)
	            : !xb_ranges_find(&arena->unused, page_cnt, &first))
		return 0;
	return take(arena, first, page_cnt) ? 0 : arena->start + first * PAGE;
}

/* Zeroes pages by taking them out of the file; a frozen file's seal keeps them there. */
static void
zap_pages(struct xb_arena *arena, u32 first, u32 cnt)
{
	struct xb_mem *mem = arena->map->emu->mem;
	u64 gaddr = arena->region->gaddr + first * PAGE;

	xb_mem_forbid(mem, gaddr, cnt * PAGE);
	if (fallocate(arena->map->obj.memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	              (off_t)(first * PAGE), (off_t)(cnt * PAGE)))
		memset(xb_mem_host(mem, gaddr), 0, cnt * PAGE);
}

void
xb_arena_free_pages(struct xb_arena *arena, u64 address, u32 page_cnt)
{
	u64 from = (arena->start & ~(SPACE - 1)) + ((u32)address & ~(PAGE - 1));
	u64 end = from + page_cnt * PAGE;
	u32 first;

	take_touched(arena);
	if (end > arena->end)
		end = arena->end;
	if (from < arena->start || from >= end)
		return;
	first = (u32)((from - arena->start) / PAGE);
	page_cnt = (u32)((end - from) / PAGE);
	if (!xb_ranges_set(&arena->unused, first, page_cnt))
		zap_pages(arena, first, page_cnt);
}

int
xb_arena_reserve_pages(struct xb_arena *arena, u64 address, u32 page_cnt)
{
	u32 first = compute_pgoff(arena, address);

	take_touched(arena);
	if (page_cnt == 0 || address % PAGE)
		return 0;
	if ((u64)first + page_cnt > page_cnt_max(arena))
		return -EINVAL;
	if (!xb_ranges_has(&arena->unused, first, page_cnt))
		return -EBUSY;
	return xb_ranges_clear(&arena->unused, first, page_cnt);
}
