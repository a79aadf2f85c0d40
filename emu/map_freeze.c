/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_freeze.c - BPF_MAP_FREEZE: after it bpf(2) only reads (cf. kernel/bpf/syscall.c: map_freeze).
 *
 * Differs: where /proc is not to be had, a writable mapping that user space still has is not found;
 * it stays writable.
 */
#include "emu/arena.h"
#include "emu/map_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether a line of /proc/self/maps is a writable mapping of the map's file outside the arena. */
static bool
is_writer(const struct xb_map *map, const char *line)
{
	const struct xb_mem *mem = map->emu->mem;
	unsigned long start, ino;
	char perms[5];

	if (sscanf(line, "%lx-%*x %4s %*x %*s %lu", &start, perms, &ino) != 3)
		return false;
	return ino == map->obj.ino && perms[1] == 'w' && perms[3] == 's' &&
	       start - (uintptr_t)mem->base >= mem->limit;
}

static bool
has_writers(const struct xb_map *map)
{
	FILE *f = fopen("/proc/self/maps", "re");
	bool found = false;
	char *line = NULL;
	size_t cap = 0;

	if (!f)
		return false;
	while (!found && getline(&line, &cap, f) > 0)
		found = is_writer(map, line);
	free(line);
	fclose(f);
	return found;
}

static bool
can_be_mapped(const struct xb_map *map)
{
	return map->flags & BPF_F_MMAPABLE || map->type == BPF_MAP_TYPE_RINGBUF ||
	       map->type == BPF_MAP_TYPE_USER_RINGBUF;
}

int
xb_map_freeze(struct xb_map *map)
{
	if (map->type == BPF_MAP_TYPE_STRUCT_OPS)
		return -XB_ENOTSUPP;
	if (can_be_mapped(map) && has_writers(map))
		return -EBUSY;
	if (map->type == XB_MAP_TYPE_ARENA && xb_arena_map(xb_arena_of(map)))
		return -ENOMEM;
	/* New mappings of the file are read-only from now on; the arena's stays as it is. */
	if (fcntl(map->obj.memfd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK))
		return -errno;
	map->frozen = true;
	return 0;
}

static bool
is_constant(const struct xb_map *map)
{
	return map->type == BPF_MAP_TYPE_ARRAY && map->max_entries == 1 && map->frozen &&
	       map->flags & BPF_F_RDONLY_PROG;
}

bool
xb_map_load_const(void *arg, u64 gaddr, u32 bytes, u64 *value)
{
	const struct xb_emu *emu = arg;
	const u32 key = 0;

	for (u32 i = 1; i < emu->handle_cnt; i++) {
		struct xb_map *map = emu->handles[i];
		u64 start;

		if (!map || !is_constant(map))
			continue;
		start = map->ops->lookup(map, &key, 0);
		if (gaddr < start || bytes > map->value_size ||
		    gaddr - start > map->value_size - bytes)
			continue;
		*value = 0;
		memcpy(value, xb_mem_host(emu->mem, gaddr), bytes);
		return true;
	}
	return false;
}
