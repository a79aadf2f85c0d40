/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/obj_sweep.h"

#include "emu/btf.h"
#include "emu/link.h"
#include "emu/map.h"
#include "emu/obj.h"
#include "emu/perf_event.h"
#include "emu/pin.h"
#include "emu/prog.h"

#include <dirent.h>
#include <stdlib.h>

#define OBJECTS_BETWEEN 128u /* that are made until all are looked at again */

static void mark(struct xb_emu *emu, struct xb_obj *obj);

static struct xb_obj *
prog_obj(struct xb_bpf_prog *prog)
{
	return prog ? &prog->obj : NULL;
}

/* What the elements of a map hold. */
static void
mark_element(struct xb_emu *emu, struct xb_map *map, const void *key)
{
	const struct xb_map_target *target;
	u32 id;

	if (map->ops->flags & XB_MAP_OF_MAPS) {
		if (xb_map_read(map, key, &id) == 0)
			mark(emu, xb_obj_by_id(emu, XB_OBJ_MAP, id));
		return;
	}
	target = xb_map_target(map, *(const u32 *)key);
	if (target)
		mark(emu, prog_obj(target->prog));
}

static void
mark_elements(struct xb_emu *emu, struct xb_map *map)
{
	u8 *keys = calloc(2, map->key_size ? map->key_size : 1), *key = NULL, *next = keys;

	/* The two take turns, as none may be written while it is read. */
	while (keys && xb_map_next_key(map, key, next) == 0) {
		mark_element(emu, map, next);
		key = next;
		next = key == keys ? keys + map->key_size : keys;
	}
	free(keys);
}

static void
mark_map(struct xb_emu *emu, struct xb_map *map)
{
	mark(emu, map->btf ? &map->btf->obj : NULL);
	if (map->type == BPF_MAP_TYPE_PROG_ARRAY)
		for (u32 i = 0; i < map->max_entries; i++)
			mark(emu, prog_obj(xb_prog_array_get(map, i)));
	else if (map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		for (u32 i = 0; i < map->max_entries; i++) {
			struct xb_perf_event *event = xb_perf_array_event(map, i);

			mark(emu, event ? &event->obj : NULL);
		}
	else if (map->ops->flags & XB_MAP_OF_MAPS || map->type == BPF_MAP_TYPE_DEVMAP ||
	         map->type == BPF_MAP_TYPE_DEVMAP_HASH || map->type == BPF_MAP_TYPE_CPUMAP)
		mark_elements(emu, map);
}

static void
mark_prog(struct xb_emu *emu, struct xb_bpf_prog *prog)
{
	for (u32 i = 0; i < prog->map_cnt; i++)
		mark(emu, &prog->maps[i]->obj);
	mark(emu, prog->btf ? &prog->btf->obj : NULL);
	mark(emu, prog_obj(prog->attach_prog));
}

/* The object, and what it holds. */
static void
mark(struct xb_emu *emu, struct xb_obj *obj)
{
	struct xb_link *link;

	if (!obj || obj->held || obj->forgotten)
		return;
	obj->held = true;
	switch (obj->kind) {
	case XB_OBJ_MAP:
		mark_map(emu, XB_CONTAINER_OF(obj, struct xb_map, obj));
		break;
	case XB_OBJ_PROG:
		mark_prog(emu, XB_CONTAINER_OF(obj, struct xb_bpf_prog, obj));
		break;
	case XB_OBJ_LINK:
		link = XB_CONTAINER_OF(obj, struct xb_link, obj);
		mark(emu, prog_obj(link->prog));
		mark(emu, prog_obj(link->target));
		break;
	case XB_OBJ_BTF:
	case XB_OBJ_PERF:
	case XB_OBJ_KIND_CNT:
		break;
	}
}

/*
 * Events go out of a map with the descriptor that put them in, programs with the map's last
 * descriptor or pin, whatever programs still use the map (cf. kernel/bpf/arraymap.c:
 * perf_event_fd_array_release; kernel/bpf/syscall.c: bpf_map_put_uref).
 */
static void
empty(struct xb_map *map)
{
	if (map->type == BPF_MAP_TYPE_PROG_ARRAY ||
	    (map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY && !(map->flags & BPF_F_PRESERVE_ELEMS)))
		for (u32 i = 0; i < map->max_entries; i++)
			map->ops->remove(map, &i);
}

static bool
is_perf_array(struct xb_obj *obj)
{
	return obj->kind == XB_OBJ_MAP &&
	       XB_CONTAINER_OF(obj, struct xb_map, obj)->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

static void
open_pin(void *arg, const char *path, struct xb_obj *obj)
{
	(void)arg;
	(void)path;
	obj->open |= !is_perf_array(obj);
}

static void
mark_pin(void *arg, const char *path, struct xb_obj *obj)
{
	(void)path;
	mark(arg, obj);
}

/* False where the process' descriptors cannot be listed: then nothing can be said. */
static bool
find_open(struct xb_emu *emu)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	struct xb_obj *obj;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && xb_obj_by_fd(emu, fd, XB_OBJ_KIND_CNT, &obj) == 0 &&
		    fd != obj->memfd)
			obj->open = true;
	}
	closedir(dir);
	xb_pin_for_each(emu, open_pin, emu);
	return true;
}

/* Calls fn for every object there is. */
static void
each(struct xb_emu *emu, void (*fn)(struct xb_emu *emu, struct xb_obj *obj))
{
	for (u32 kind = 0; kind < XB_OBJ_KIND_CNT; kind++) {
		struct xb_obj *obj = NULL;

		while ((obj = xb_obj_next(emu, (enum xb_obj_kind)kind, obj ? obj->id : 0)))
			fn(emu, obj);
	}
}

static void
empty_closed(struct xb_emu *emu, struct xb_obj *obj)
{
	(void)emu;
	if (!obj->open && obj->kind == XB_OBJ_MAP)
		empty(XB_CONTAINER_OF(obj, struct xb_map, obj));
}

static void
mark_open(struct xb_emu *emu, struct xb_obj *obj)
{
	if (obj->open)
		mark(emu, obj);
	obj->open = false;
}

static void
forget_unheld(struct xb_emu *emu, struct xb_obj *obj)
{
	if (obj->held) {
		obj->held = false;
		return;
	}
	xb_obj_forget(emu, obj);
	if (obj->kind == XB_OBJ_LINK)
		xb_link_release(XB_CONTAINER_OF(obj, struct xb_link, obj));
	if (obj->kind == XB_OBJ_PERF)
		xb_perf_event_release(XB_CONTAINER_OF(obj, struct xb_perf_event, obj));
}

static void
sweep(struct xb_emu *emu)
{
	emu->swept_closed_cnt = __atomic_load_n(&emu->closed_cnt, __ATOMIC_RELAXED);
	if (!find_open(emu))
		return;
	each(emu, empty_closed);
	each(emu, mark_open);
	xb_pin_for_each(emu, mark_pin, emu);
	each(emu, forget_unheld);
	emu->swept_cnt = xb_obj_made_cnt(emu);
}

/* Whether the command could tell that something is still there. */
static bool
is_telling(struct xb_emu *emu, int cmd)
{
	switch (cmd) {
	case BPF_PROG_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_BTF_GET_NEXT_ID:
	case BPF_LINK_GET_NEXT_ID:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
		return true;
	case BPF_PROG_LOAD:
	case BPF_LINK_CREATE:
	case BPF_RAW_TRACEPOINT_OPEN:
	case BPF_PROG_QUERY:
	case BPF_PROG_TEST_RUN:
		return __atomic_load_n(&emu->closed_cnt, __ATOMIC_RELAXED) != emu->swept_closed_cnt;
	default:
		return false;
	}
}

void
xb_obj_sweep_before(struct xb_emu *emu, int cmd)
{
	if (!emu->holders || emu->concurrent || emu->runs)
		return;
	if (is_telling(emu, cmd) || xb_obj_made_cnt(emu) - emu->swept_cnt >= OBJECTS_BETWEEN)
		sweep(emu);
}
