/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps as the machine's owner uses them: by way of bpf(2), so that results are the kernel's.
 */
#include "emu/map_live.h"
#include "lib/linux_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct xb_linux_map *
lib_linux_map(struct xb_linux *lx, struct xb_map *map, struct xb_err *err)
{
	struct xb_linux_map *m;

	pthread_mutex_lock(&lx->lock);
	for (m = lx->maps; m && m->map != map;)
		m = m->next;
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			goto no_memory;
		m->fd = xb_obj_fd(&map->obj);
		if (m->fd < 0)
			goto no_memory;
		m->lx = lx;
		m->map = map;
		m->next = lx->maps;
		lx->maps = m;
	}
	m->holds++;
	pthread_mutex_unlock(&lx->lock);
	return m;

no_memory:
	pthread_mutex_unlock(&lx->lock);
	free(m);
	xb_err_errno(err, ENOMEM, "map");
	return NULL;
}

static void
map_free(struct xb_linux_map *m)
{
	if (m->records)
		xb_perf_array_close(m->map);
	lib_records_free(m->records);
	close(m->fd);
	free(m);
}

void
xb_linux_map_close(struct xb_linux_map *map)
{
	struct xb_linux_map **link;

	if (!map)
		return;
	pthread_mutex_lock(&map->lx->lock);
	if (--map->holds) {
		pthread_mutex_unlock(&map->lx->lock);
		return;
	}
	for (link = &map->lx->maps; *link != map;)
		link = &(*link)->next;
	*link = map->next;
	pthread_mutex_unlock(&map->lx->lock);
	map_free(map);
}

void
lib_linux_maps_free(struct xb_linux *lx)
{
	while (lx->maps) {
		struct xb_linux_map *m = lx->maps;

		lx->maps = m->next;
		map_free(m);
	}
}

/* Where somebody has the map already, or there is memory for a handle. */
static struct xb_linux_map *
map_at(struct xb_linux *lx, struct xb_obj *obj)
{
	struct xb_err err = XB_ERR_INIT;

	return lib_linux_map(lx, XB_CONTAINER_OF(obj, struct xb_map, obj), &err);
}

struct xb_linux_map *
xb_linux_map_by_fd(struct xb_linux *lx, int fd)
{
	struct xb_obj *obj;

	return xb_obj_by_fd(lx->emu, fd, XB_OBJ_MAP, &obj) == 0 ? map_at(lx, obj) : NULL;
}

struct xb_linux_map *
xb_linux_map_by_id(struct xb_linux *lx, uint32_t id)
{
	struct xb_obj *obj = xb_obj_by_id(lx->emu, XB_OBJ_MAP, id);

	return obj ? map_at(lx, obj) : NULL;
}

struct xb_linux_map *
xb_linux_map_find(struct xb_linux *lx, const char *name)
{
	struct xb_obj *obj = NULL;

	while ((obj = xb_obj_next(lx->emu, XB_OBJ_MAP, obj ? obj->id : 0)) != NULL)
		if (!strcmp(lib_linux_map_name(lx, XB_CONTAINER_OF(obj, struct xb_map, obj)), name))
			return map_at(lx, obj);
	return NULL;
}

struct xb_linux_map *
xb_linux_map_create(struct xb_linux *lx, const struct xb_linux_map_opts *opts, struct xb_err *err)
{
	struct xb_linux_map_opts o;
	union bpf_attr attr;
	struct xb_linux_map *m;
	long fd;

	if (lib_opts_copy(&o, sizeof(o), opts, "map", err) != 0)
		return NULL;
	if (o.name && strlen(o.name) >= sizeof(attr.map_name)) {
		xb_err_set(err, XB_ERR_LOAD, "map '%s': a name has up to %zu characters", o.name,
		           sizeof(attr.map_name) - 1);
		return NULL;
	}
	memset(&attr, 0, sizeof(attr));
	attr.map_type = o.type;
	attr.key_size = o.key_size;
	attr.value_size = o.value_size;
	attr.max_entries = o.max_entries;
	attr.map_flags = o.flags;
	attr.map_extra = o.map_extra;
	if (o.inner)
		attr.inner_map_fd = (u32)o.inner->fd;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", o.name ? o.name : "");
	fd = xb_emu_bpf(lx->emu, BPF_MAP_CREATE, &attr, sizeof(attr));
	if (fd < 0) {
		xb_err_set(err, XB_ERR_LOAD, "map '%s': %s", attr.map_name, strerror((int)-fd));
		return NULL;
	}
	m = xb_linux_map_by_fd(lx, (int)fd);
	close((int)fd);
	if (!m)
		xb_err_errno(err, ENOMEM, "map '%s'", attr.map_name);
	return m;
}

struct xb_linux_map *
xb_linux_map_open_kernel(struct xb_linux *lx, const char *path, uint32_t id, struct xb_err *err)
{
	struct xb_map *map;

	if (lx->emu->concurrent) {
		xb_err_set(err, XB_ERR_USAGE, "map of the kernel's: not while a pool runs");
		return NULL;
	}
	return xb_map_live_open(lx->emu, path, id, &map, err) == 0 ? lib_linux_map(lx, map, err)
	                                                           : NULL;
}

static bool
is_percpu(const struct xb_linux_map *map)
{
	return map->map->ops->flags & XB_MAP_PERCPU;
}

static u32
cpu_stride(const struct xb_linux_map *map)
{
	return (u32)xb_align_up(map->map->value_size, 8);
}

void
xb_linux_map_get_info(const struct xb_linux_map *map, struct xb_linux_map_info *info)
{
	const struct xb_map *m = map->map;

	*info = (struct xb_linux_map_info){
		.type = m->type,
		.id = m->obj.id,
		.key_size = m->key_size,
		.value_size = m->value_size,
		.max_entries = m->max_entries,
		.flags = m->flags,
		.map_extra = m->map_extra,
		.value_bytes =
		        is_percpu(map) ? cpu_stride(map) * map->lx->emu->cpu_cnt : m->value_size,
	};
	snprintf(info->name, sizeof(info->name), "%s", m->name);
}

int
xb_linux_map_fd(const struct xb_linux_map *map)
{
	return map->fd;
}

static int
elem(struct xb_linux_map *map, int cmd, const void *key, void *value, u64 flags)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr)); /* an initialiser may leave the union's end as it is */
	attr.map_fd = (u32)map->fd;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return (int)xb_emu_bpf(map->lx->emu, cmd, &attr, sizeof(attr));
}

int
xb_linux_map_lookup(struct xb_linux_map *map, const void *key, void *value, uint64_t flags)
{
	return elem(map, BPF_MAP_LOOKUP_ELEM, key, value, flags);
}

int
xb_linux_map_update(struct xb_linux_map *map, const void *key, const void *value, uint64_t flags)
{
	return elem(map, BPF_MAP_UPDATE_ELEM, key, (void *)(uintptr_t)value, flags);
}

int
xb_linux_map_delete(struct xb_linux_map *map, const void *key)
{
	return elem(map, BPF_MAP_DELETE_ELEM, key, NULL, 0);
}

int
xb_linux_map_take(struct xb_linux_map *map, const void *key, void *value, uint64_t flags)
{
	return elem(map, BPF_MAP_LOOKUP_AND_DELETE_ELEM, key, value, flags);
}

int
xb_linux_map_next_key(struct xb_linux_map *map, const void *key, void *next)
{
	return elem(map, BPF_MAP_GET_NEXT_KEY, key, next, 0);
}

/* All CPUs' values of a key, to be freed; or NULL and *rc. */
static u8 *
all_values(struct xb_linux_map *map, const void *key, u32 cpu, int *rc)
{
	u32 cpus = map->lx->emu->cpu_cnt;
	u8 *values;

	*rc = is_percpu(map) && cpu < cpus ? 0 : -EINVAL;
	if (*rc)
		return NULL;
	values = calloc(cpus, cpu_stride(map));
	*rc = values ? elem(map, BPF_MAP_LOOKUP_ELEM, key, values, 0) : -ENOMEM;
	return values;
}

int
xb_linux_map_lookup_cpu(struct xb_linux_map *map, const void *key, uint32_t cpu, void *value)
{
	int rc;
	u8 *values = all_values(map, key, cpu, &rc);

	if (rc == 0)
		memcpy(value, values + (size_t)cpu * cpu_stride(map), map->map->value_size);
	free(values);
	return rc;
}

/* The values of the other CPUs stay; of an element that is new they are zero. */
int
xb_linux_map_update_cpu(struct xb_linux_map *map, const void *key, uint32_t cpu, const void *value,
                        uint64_t flags)
{
	int rc;
	u8 *values = all_values(map, key, cpu, &rc);

	if (rc == 0 || (rc == -ENOENT && values)) {
		memcpy(values + (size_t)cpu * cpu_stride(map), value, map->map->value_size);
		rc = elem(map, BPF_MAP_UPDATE_ELEM, key, values, flags);
	}
	free(values);
	return rc;
}

int
xb_linux_map_lookup_map(struct xb_linux_map *map, const void *key, struct xb_linux_map **inner)
{
	struct xb_linux_map *m;
	u32 id;
	int rc;

	if (!(map->map->ops->flags & XB_MAP_OF_MAPS))
		return -EINVAL;
	rc = elem(map, BPF_MAP_LOOKUP_ELEM, key, &id, 0);
	if (rc)
		return rc;
	m = xb_linux_map_by_id(map->lx, id);
	if (!m)
		return -ENOMEM;
	*inner = m;
	return 0;
}

int
xb_linux_map_update_map(struct xb_linux_map *map, const void *key, struct xb_linux_map *inner,
                        uint64_t flags)
{
	int fd;

	if (!(map->map->ops->flags & XB_MAP_OF_MAPS) || !inner)
		return -EINVAL;
	fd = inner->fd;
	return elem(map, BPF_MAP_UPDATE_ELEM, key, &fd, flags);
}

int
xb_linux_map_lookup_program(struct xb_linux_map *map, const void *key, struct xb_program **program)
{
	struct xb_program *p;
	u32 id;
	int rc, fd;

	if (map->map->type != BPF_MAP_TYPE_PROG_ARRAY)
		return -EINVAL;
	rc = elem(map, BPF_MAP_LOOKUP_ELEM, key, &id, 0);
	if (rc)
		return rc;
	fd = xb_obj_fd(xb_obj_by_id(map->lx->emu, XB_OBJ_PROG, id));
	if (fd < 0)
		return fd;
	p = xb_linux_program_by_fd(map->lx, fd);
	close(fd);
	if (!p)
		return -ENOMEM;
	*program = p;
	return 0;
}

int
xb_linux_map_update_program(struct xb_linux_map *map, const void *key, struct xb_program *program,
                            uint64_t flags)
{
	int fd = program ? xb_linux_program_fd(program) : -1;

	if (map->map->type != BPF_MAP_TYPE_PROG_ARRAY || fd < 0)
		return -EINVAL;
	return elem(map, BPF_MAP_UPDATE_ELEM, key, &fd, flags);
}
