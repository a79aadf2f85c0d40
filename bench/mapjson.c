/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mapjson.h"

#include "bench/btfjson.h"
#include "emu/btf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One element on its way out, as cf. tools/bpf/bpftool/map.c: print_entry_json() has it. */
struct entry {
	struct xb_json *j;
	struct xb_map *map;
	const struct btf *btf; /* NULL: no "formatted" */
	u8 *key, *value;
	u32 step; /* from one CPU's value to the next; 0: one value */
};

static void
write_formatted(const struct entry *e)
{
	struct xb_json *j = e->j;

	xb_json_open_object(j, "formatted");
	if (e->map->btf_key_type_id)
		xb_btfjson_write(j, "key", e->btf, e->map->btf_key_type_id, e->key,
		                 e->map->key_size);
	if (!e->step) {
		xb_btfjson_write(j, "value", e->btf, e->map->btf_value_type_id, e->value,
		                 e->map->value_size);
	} else {
		xb_json_open_array(j, "values");
		for (u32 cpu = 0; cpu < e->map->emu->cpu_cnt; cpu++) {
			xb_json_open_object(j, NULL);
			xb_json_u64(j, "cpu", cpu);
			xb_btfjson_write(j, "value", e->btf, e->map->btf_value_type_id,
			                 e->value + (size_t)e->step * cpu, e->map->value_size);
			xb_json_close_object(j);
		}
		xb_json_close_array(j);
	}
	xb_json_close_object(j);
}

static void
write_values(const struct entry *e)
{
	struct xb_json *j = e->j;

	xb_json_open_array(j, "values");
	for (u32 cpu = 0; cpu < e->map->emu->cpu_cnt; cpu++) {
		xb_json_open_object(j, NULL);
		xb_json_u64(j, "cpu", cpu);
		xb_json_byte_array(j, "value", e->value + (size_t)e->step * cpu,
		                   e->map->value_size);
		xb_json_close_object(j);
	}
	xb_json_close_array(j);
}

static void
write_entry(const struct entry *e)
{
	xb_json_open_object(e->j, NULL);
	xb_json_byte_array(e->j, "key", e->key, e->map->key_size);
	if (e->step)
		write_values(e);
	else
		xb_json_byte_array(e->j, "value", e->value, e->map->value_size);
	if (e->btf)
		write_formatted(e);
	xb_json_close_object(e->j);
}

/* cf. tools/bpf/bpftool/map.c: print_entry_error(): an empty slot of these types is not told. */
static void
write_error(const struct entry *e, int rc)
{
	u32 type = e->map->type;

	if (type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	    type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return;
	xb_json_open_object(e->j, NULL);
	xb_json_byte_array(e->j, "key", e->key, e->map->key_size);
	xb_json_open_object(e->j, "value");
	xb_json_string(e->j, "error", strerror(-rc));
	xb_json_close_object(e->j);
	xb_json_close_object(e->j);
}

static bool
has_elements(const struct xb_map *map)
{
	return map->key_size && map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
	       map->type != BPF_MAP_TYPE_CGROUP_ARRAY && map->type != BPF_MAP_TYPE_RINGBUF;
}

static int
write_entries(struct xb_json *j, struct xb_map *map, struct xb_err *err)
{
	struct entry e = { .j = j, .map = map };
	u8 *next = calloc(2, map->key_size);
	int rc = 0;

	e.key = next ? next + map->key_size : NULL;
	e.value = calloc(1, xb_map_sys_value_bytes(map));
	if (!next || !e.value) {
		rc = xb_err_errno(err, ENOMEM, "map '%s'", map->name);
		goto free_buffers;
	}
	if (map->btf && map->btf_value_type_id)
		e.btf = map->btf->btf;
	if (map->ops->flags & XB_MAP_PERCPU)
		e.step = (u32)xb_align_up(map->value_size, 8);
	for (bool first = true; xb_map_next_key(map, first ? NULL : e.key, next) == 0;
	     first = false) {
		int read;

		memcpy(e.key, next, map->key_size);
		read = xb_map_read(map, e.key, e.value);
		if (read == 0)
			write_entry(&e);
		else
			write_error(&e, read);
	}

free_buffers:
	free(e.value);
	free(next);
	return rc;
}

int
xb_mapjson_elements(struct xb_json *j, const char *key, struct xb_map *map, struct xb_err *err)
{
	int rc = 0;

	xb_json_open_array(j, key);
	if (has_elements(map))
		rc = write_entries(j, map, err);
	xb_json_close_array(j);
	return rc;
}

int
xb_mapjson_write(struct xb_json *j, struct xb_map *map, const char *name, struct xb_err *err)
{
	int rc;

	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "map");
	xb_json_u64(j, "id", map->obj.id);
	xb_json_string(j, "name", name);
	xb_json_string(j, "map_type", map->ops->name);
	xb_json_u64(j, "key_size", map->key_size);
	xb_json_u64(j, "value_size", map->value_size);
	xb_json_u64(j, "max_entries", map->max_entries);
	rc = xb_mapjson_elements(j, "elements", map, err);
	xb_json_close_object(j);
	return rc;
}
