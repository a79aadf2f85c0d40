/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kfuncs_arena.c - pages for the programs that use an arena.
 *
 * Any program may name them, in 6.18, but only one that may sleep may call them; any map is taken,
 * and one that is no arena has no pages. Differs: the NUMA node is not looked at, as all memory is
 * of one.
 */
#include "emu/arena.h"
#include "emu/kfuncs_priv.h"

#include <errno.h>

/* The pages of an argument; NULL where the map has none. */
static struct xb_arena *
arena_arg(const union xb_arg *a)
{
	struct xb_map *map = a[0].map;

	if (map->type != XB_MAP_TYPE_ARENA || xb_arena_attach(xb_arena_of(map)))
		return NULL;
	return xb_arena_of(map);
}

static u64
bpf_arena_alloc_pages(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_arena *arena = arena_arg(a);

	(void)proc;
	return arena && !a[4].u ? xb_arena_alloc_pages(arena, a[1].u, (u32)a[2].u) : 0;
}

static u64
bpf_arena_free_pages(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_arena *arena = arena_arg(a);

	(void)proc;
	if (arena && a[1].u)
		xb_arena_free_pages(arena, a[1].u, (u32)a[2].u);
	return 0;
}

/* An int: the upper half of R0 is 0 also where it is an -errno. */
static u64
bpf_arena_reserve_pages(struct xb_proc *proc, const union xb_arg *a)
{
	struct xb_arena *arena = arena_arg(a);

	(void)proc;
	return (u32)(arena ? xb_arena_reserve_pages(arena, a[1].u, (u32)a[2].u) : -EINVAL);
}

#define FILE_NAME "kernel/bpf/arena.c"

static const struct xb_kfunc rows[] = {
	{ { XB_KFUNC_CALL(bpf_arena_alloc_pages, FILE_NAME),
	    .args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY, XB_ARG_ANY } },
	  XB_KF_SLEEPABLE },
	{ { XB_KFUNC_CALL(bpf_arena_free_pages, FILE_NAME),
	    .args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY } },
	  XB_KF_SLEEPABLE },
	{ { XB_KFUNC_CALL(bpf_arena_reserve_pages, FILE_NAME),
	    .args = { XB_ARG_MAP, XB_ARG_ANY, XB_ARG_ANY } },
	  XB_KF_SLEEPABLE },
};

const struct xb_kfunc_table xb_kfuncs_arena = { rows, XB_ARRAY_SIZE(rows) };
