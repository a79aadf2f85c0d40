/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_perf.c - PERF_EVENT_ARRAY (cf. kernel/bpf/arraymap.c: perf_event_array_map_ops).
 *
 * A slot has a reader or none; slot i is the reader of CPU i, as every perf buffer has it. Samples
 * go to the emulated event that bpf(2) put there (emu/perf_event.h), or else to the event hook.
 *
 * Differs: a real perf event that bpf(2) puts into a slot makes the slot readable, and gets
 * nothing.
 */
#include "emu/map_priv.h"
#include "emu/perf_event.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Bit i of `readers`: slot i is filled; maybe with an event of the emulator's. */
struct perf {
	u64 *readers;
	struct xb_perf_event **events;
};

static u64
reader_words(const struct xb_map *map)
{
	return (u64)map->max_entries / 64 + 1;
}

static int
perf_alloc(struct xb_map *map)
{
	struct perf *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->readers = xb_map_table_new(reader_words(map), sizeof(u64));
	p->events = xb_map_table_new(map->max_entries, sizeof(struct xb_perf_event *));
	if (!p->readers || !p->events) {
		xb_map_table_free(p->readers, reader_words(map), sizeof(u64));
		xb_map_table_free(p->events, map->max_entries, sizeof(struct xb_perf_event *));
		free(p);
		return -ENOMEM;
	}
	map->priv = p;
	return 0;
}

static void
perf_event_fd_array_map_free(struct xb_map *map)
{
	struct perf *p = map->priv;

	xb_map_table_free(p->readers, reader_words(map), sizeof(u64));
	xb_map_table_free(p->events, map->max_entries, sizeof(struct xb_perf_event *));
	free(p);
}

static bool
is_set(const struct perf *p, u64 idx)
{
	return __atomic_load_n(&p->readers[idx / 64], __ATOMIC_RELAXED) >> (idx % 64) & 1;
}

static void
set(struct perf *p, u64 idx, bool on, struct xb_perf_event *event)
{
	u64 bit = 1ull << (idx % 64);

	__atomic_store_n(&p->events[idx], event, __ATOMIC_RELEASE);
	if (on)
		__atomic_fetch_or(&p->readers[idx / 64], bit, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&p->readers[idx / 64], ~bit, __ATOMIC_RELAXED);
}

/* Whether a descriptor is one of perf_event_open(2). */
static bool
is_perf_event(int fd)
{
	char path[32], name[32] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, name, sizeof(name) - 1) > 0 &&
	       !strcmp(name, "anon_inode:[perf_event]");
}

static int
perf_update_sys(struct xb_map *map, const void *key, const void *value, u64 flags)
{
	struct xb_perf_event *event = NULL;
	u32 idx = xb_ld32(key);
	struct xb_obj *obj;

	if (flags != BPF_ANY)
		return -EINVAL;
	if (idx >= map->max_entries)
		return -E2BIG;
	if (xb_obj_by_fd(map->emu, (int)xb_ld32(value), XB_OBJ_PERF, &obj) == 0)
		event = XB_CONTAINER_OF(obj, struct xb_perf_event, obj);
	else if (!is_perf_event((int)xb_ld32(value)))
		return -EBADF;
	set(map->priv, idx, true, event);
	return 0;
}

static int
perf_read_sys(struct xb_map *map, const void *key, void *value)
{
	(void)map;
	(void)key;
	(void)value;
	return -XB_ENOTSUPP;
}

static int
fd_array_map_delete_elem(struct xb_map *map, const void *key)
{
	u32 idx = xb_ld32(key);

	if (idx >= map->max_entries)
		return -E2BIG;
	if (!is_set(map->priv, idx))
		return -ENOENT;
	set(map->priv, idx, false, NULL);
	return 0;
}

int
xb_perf_array_open(struct xb_map *map)
{
	if (map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return -EINVAL;
	for (u32 cpu = 0; cpu < map->emu->cpu_cnt && cpu < map->max_entries; cpu++)
		set(map->priv, cpu, true, NULL);
	return 0;
}

void
xb_perf_array_close(struct xb_map *map)
{
	struct perf *p = map->priv;

	if (map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		memset(p->readers, 0, reader_words(map) * sizeof(u64));
}

int
xb_perf_array_slot(const struct xb_map *map, u64 index, u32 *cpu)
{
	if (index >= map->max_entries)
		return -E2BIG;
	if (!is_set(map->priv, index))
		return -ENOENT;
	*cpu = (u32)index;
	return 0;
}

struct xb_perf_event *
xb_perf_array_event(const struct xb_map *map, u64 index)
{
	const struct perf *p = map->priv;

	return index < map->max_entries ? __atomic_load_n(&p->events[index], __ATOMIC_ACQUIRE)
	                                : NULL;
}

const struct xb_map_ops xb_map_perf_event_array_ops = {
	.name = "perf_event_array",
	.source = "kernel/bpf/arraymap.c",
	.flags = XB_MAP_OF_FDS | XB_MAP_NO_PROG_LOOKUP | XB_MAP_LOCKED,
	.check = xb_map_fd_array_check,
	.alloc = perf_alloc,
	.free = perf_event_fd_array_map_free,
	.lookup = xb_map_no_lookup,
	.update = xb_map_no_update,
	.update_sys = perf_update_sys,
	.read_sys = perf_read_sys,
	.remove = fd_array_map_delete_elem,
	.next_key = xb_map_array_next_key,
	.check_btf = xb_map_no_btf,
};
