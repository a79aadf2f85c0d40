/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.h - the pages of an ARENA map, and where programs find them (cf. kernel/bpf/arena.c).
 *
 * Pages are the memfd's. User space maps the file; programs have it as a second address space (see
 * struct xb_space in vm/prog.h): a region of guest memory maps it once more, so that each sees what
 * the other writes, and a page is addressable in the shadow once it is known to exist. A pointer is
 * the lower half of user space's address, in Linux as here; so offsets around an arena, for which
 * Linux leaves unmapped pages on both sides, lead to no page here either.
 *
 * A page exists once a program allocated it, or once user space touched it. The second only the
 * file knows: it is asked (SEEK_DATA) when a program meets a page that is not addressable yet, and
 * before one is allocated. So what a program may not have costs a call of the host, and all else
 * nothing.
 */
#ifndef XB_EMU_ARENA_H
#define XB_EMU_ARENA_H

#include "emu/map.h"
#include "vm/prog.h"

struct xb_arena;

/* The pages of a map of this type. */
struct xb_arena *xb_arena_of(const struct xb_map *map);

/* All pages are free; NULL: no memory. `map` is kept. */
struct xb_arena *xb_arena_new(struct xb_map *map);
void xb_arena_free(struct xb_arena *arena);

/* Maps the pages for programs, which cannot be done any more once the map is frozen: 0, -ENOMEM. */
int xb_arena_map(struct xb_arena *arena);

/*
 * Settles where user space has it, and maps the pages for programs: 0, -EINVAL where neither
 * map_extra nor a mapping says it, -ERANGE where a mapping crosses a multiple of 4 GiB, which
 * Linux lets none, -ENOMEM. Once it was 0 it is again, and the place stays.
 */
int xb_arena_attach(struct xb_arena *arena);

/*
 * The address at which user space has the first byte, for a program's ldimm64 of byte `off`: 0,
 * -ERANGE (cf. arena_map_direct_value_addr). The arena is attached.
 */
int xb_arena_address(const struct xb_arena *arena, u32 off, u64 *address);

/* The second address space of programs that use the arena, which is attached. */
struct xb_space xb_arena_space(struct xb_arena *arena);

/* xb_vm_ops.fill_space of the Linux emulator. */
bool xb_arena_fill(void *emu, const struct xb_space *space, u64 gaddr, u32 bytes);

/*
 * What the kernel functions do (cf. arena_alloc_pages, arena_free_pages, arena_reserve_pages):
 * addresses are user space's, and 0 is none. alloc returns the first page's, or 0; reserve 0,
 * -EINVAL, -EBUSY, -ENOMEM.
 */
u64 xb_arena_alloc_pages(struct xb_arena *arena, u64 address, u32 page_cnt);
void xb_arena_free_pages(struct xb_arena *arena, u64 address, u32 page_cnt);
int xb_arena_reserve_pages(struct xb_arena *arena, u64 address, u32 page_cnt);

#endif
