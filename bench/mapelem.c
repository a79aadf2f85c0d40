/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mapelem.h"

#include "bench/encode.h"
#include "emu/btf.h"
#include "vm/bytes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
xb_mapelem_init(struct xb_mapelem *t, const char *name)
{
	size_t value_bytes = t->map ? xb_map_sys_value_bytes(t->map) : 8;

	t->key = calloc(1, t->map && t->map->key_size ? t->map->key_size : 8);
	t->value = calloc(1, value_bytes < 8 ? 8 : value_bytes);
	if (!t->key || !t->value)
		return xb_err_errno(t->err, ENOMEM, "map '%s'", name);
	return 0;
}

void
xb_mapelem_fini(struct xb_mapelem *t)
{
	free(t->value);
	free(t->key);
}

/* A program by name; its descriptor or -1. */
static int
program_fd(const struct xb_mapelem *t, const char *name)
{
	const struct bpf_program *prog = xb_object_find_prog(t->o, name);
	int fd = prog ? bpf_program__fd(prog) : -1;

	if (fd < 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "no program '%.64s' was loaded", name);
	return fd;
}

static int
map_fd(const struct xb_mapelem *t, const char *name)
{
	const struct bpf_map *map = xb_object_find_map(t->o, name);
	int fd = map ? bpf_map__fd(map) : -1;

	if (fd < 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "no map '%.64s'", name);
	return fd;
}

/* Dumps hold ids where bpf(2) takes descriptors. */
static int
program_fd_by_id(const struct xb_mapelem *t, u32 id)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, t->o->bpf)
	{
		const struct xb_bpf_prog *p = xb_object_prog(t->o, prog);

		if (p && p->obj.id == id)
			return bpf_program__fd(prog);
	}
	return xb_err_set(t->err, XB_ERR_USAGE, "no program with id %u in the object", id);
}

static int
map_fd_by_id(const struct xb_mapelem *t, u32 id)
{
	struct bpf_map *bpf;

	bpf_object__for_each_map(bpf, t->o->bpf)
	{
		const struct xb_map *map = xb_object_map(t->o, bpf);

		if (map && map->obj.id == id)
			return bpf_map__fd(bpf);
	}
	return xb_err_set(t->err, XB_ERR_USAGE, "no map with id %u in the object", id);
}

static int
number(const struct xb_mapelem *t, const char *text, const char *what, u32 *value)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, xb_value_base(text));
	if (errno || end == text || *end || v > UINT32_MAX || text[0] == '-')
		return xb_err_set(t->err, XB_ERR_USAGE, "expected %s, found '%.40s'", what, text);
	*value = (u32)v;
	return 0;
}

/* "3" or "3:program" of a devmap or cpumap (struct bpf_devmap_val, struct bpf_cpumap_val). */
static int
encode_target(const struct xb_mapelem *t, const struct xb_value *v)
{
	const char *what = t->map->type == BPF_MAP_TYPE_CPUMAP ? "QSIZE or QSIZE:PROGRAM"
	                                                       : "IFINDEX or IFINDEX:PROGRAM";
	char text[128], *colon;
	u32 index = 0;

	snprintf(text, sizeof(text), "%s", v->text);
	colon = strchr(text, ':');
	if (colon)
		*colon++ = 0;
	if (number(t, text, what, &index) != 0)
		return -1;
	memset(t->value, 0, t->map->value_size);
	xb_st32(t->value, index);
	if (colon) {
		int fd = program_fd(t, colon);

		if (fd < 0)
			return -1;
		if (t->map->value_size < 8)
			return xb_err_set(t->err, XB_ERR_USAGE,
			                  "value_size %u has no room for a program, expected 8",
			                  t->map->value_size);
		xb_st32(t->value + 4, (u32)fd);
	}
	return 0;
}

static bool
is_text(const struct xb_value *v)
{
	return v->kind == XB_VALUE_NUMBER || v->kind == XB_VALUE_STRING || v->kind == XB_VALUE_WORD;
}

/* A program or map as the value, by its name, or by the four bytes of its id. */
static int
encode_object(const struct xb_mapelem *t, const struct xb_value *v, const char *what,
              int (*by_name)(const struct xb_mapelem *t, const char *name),
              int (*by_id)(const struct xb_mapelem *t, u32 id))
{
	const struct xb_encode_opts opts = { .btf = NULL };
	int fd;

	if (is_text(v)) {
		fd = by_name(t, v->text);
	} else if (xb_encode_is_bytes(v)) {
		if (xb_encode(v, &opts, t->value, t->map->value_size, t->err) != 0)
			return -1;
		fd = by_id(t, xb_ld32(t->value));
	} else {
		return xb_err_set(t->err, XB_ERR_USAGE,
		                  "expected the name of a %s, or its id as 4 bytes", what);
	}
	if (fd < 0)
		return -1;
	xb_st32(t->value, (u32)fd);
	return 0;
}

/* A devmap's or cpumap's value in bytes or members: its second word is a program's id, or 0. */
static int
encode_target_struct(const struct xb_mapelem *t, const struct xb_value *v,
                     const struct xb_encode_opts *opts)
{
	u32 id;
	int fd;

	if (xb_encode(v, opts, t->value, t->map->value_size, t->err) != 0)
		return -1;
	id = t->map->value_size >= 8 ? xb_ld32(t->value + 4) : 0;
	if (!id)
		return 0;
	fd = program_fd_by_id(t, id);
	if (fd < 0)
		return -1;
	xb_st32(t->value + 4, (u32)fd);
	return 0;
}

/* The value of one element into t->value, value_size bytes. */
static int
encode_value(const struct xb_mapelem *t, const struct xb_value *v)
{
	const struct xb_encode_opts opts = {
		.btf = t->map->btf ? t->map->btf->btf : NULL,
		.type_id = t->map->btf_value_type_id,
	};

	switch (t->map->type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
		return encode_object(t, v, "program", program_fd, program_fd_by_id);
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return encode_object(t, v, "map", map_fd, map_fd_by_id);
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
		return is_text(v) ? encode_target(t, v) : encode_target_struct(t, v, &opts);
	default:
		return xb_encode(v, &opts, t->value, t->map->value_size, t->err);
	}
}

static int
encode_key(const struct xb_mapelem *t, const struct xb_value *v)
{
	const struct xb_encode_opts opts = {
		.btf = t->map->btf ? t->map->btf->btf : NULL,
		.type_id = t->map->btf_key_type_id,
		.lpm = t->map->type == BPF_MAP_TYPE_LPM_TRIE,
	};

	if (t->map->key_size == 0)
		return 0;
	if (xb_encode(v, &opts, t->key, t->map->key_size, t->err) != 0)
		return xb_err_prefix(t->err, "key");
	return 0;
}

/* What a write of the element gave, as an error. */
static int
written(const struct xb_mapelem *t, int rc)
{
	if (rc == -E2BIG)
		return xb_err_set(t->err, XB_ERR_USAGE, "does not fit: max_entries is %u",
		                  t->map->max_entries);
	if (rc != 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "cannot be written: %s", strerror(-rc));
	return 0;
}

static int
write_element(const struct xb_mapelem *t)
{
	return written(t,
	               xb_map_write(t->map, t->map->key_size ? t->key : NULL, t->value, BPF_ANY));
}

/* The same value on every CPU, or what "values" says of each. */
static int
put_value(const struct xb_mapelem *t, const struct xb_value *v)
{
	u32 step = (u32)xb_align_up(t->map->value_size, 8);

	if (encode_value(t, v) != 0)
		return xb_err_prefix(t->err, "value");
	if (t->map->ops->flags & XB_MAP_PERCPU)
		for (u32 cpu = 1; cpu < t->o->emu->cpu_cnt; cpu++)
			memcpy(t->value + (size_t)step * cpu, t->value, t->map->value_size);
	return write_element(t);
}

/* AF_XDP sockets have a number and no descriptor. */
static int
put_socket(const struct xb_mapelem *t, const struct xb_value *v)
{
	u32 socket = 0;

	if (!is_text(v))
		return xb_err_set(t->err, XB_ERR_USAGE, "value: expected the number of a socket");
	if (number(t, v->text, "the number of a socket", &socket) != 0)
		return xb_err_prefix(t->err, "value");
	return written(t, xb_xskmap_set(t->map, xb_ld32(t->key), socket));
}

/* Cgroups have an id; that the machine has such a one is not asked. */
static int
put_cgroup(const struct xb_mapelem *t, const struct xb_value *v)
{
	unsigned long long id = 0;
	char *end;

	errno = 0;
	if (is_text(v))
		id = strtoull(v->text, &end, xb_value_base(v->text));
	if (!id || errno || *end || v->text[0] == '-')
		return xb_err_set(t->err, XB_ERR_USAGE, "value: expected the id of a cgroup");
	return written(t, xb_cgroup_array_set(t->map, xb_ld32(t->key), id));
}

static int
put_element(const struct xb_mapelem *t, const struct xb_value *key, const struct xb_value *value)
{
	if (encode_key(t, key) != 0)
		return -1;
	if (t->map->type == BPF_MAP_TYPE_XSKMAP)
		return put_socket(t, value);
	if (t->map->type == BPF_MAP_TYPE_CGROUP_ARRAY)
		return put_cgroup(t, value);
	return put_value(t, value);
}

int
xb_mapelem_put_percpu(const struct xb_mapelem *t, const struct xb_value *key,
                      const struct xb_value *values)
{
	u32 step = (u32)xb_align_up(t->map->value_size, 8);
	struct xb_mapelem one = *t;

	if (!(t->map->ops->flags & XB_MAP_PERCPU) || values->kind != XB_VALUE_ARRAY)
		return xb_err_set(t->err, XB_ERR_USAGE,
		                  "\"values\" is an array, and of per-CPU maps");
	if (encode_key(t, key) != 0)
		return -1;
	memset(t->value, 0, xb_map_sys_value_bytes(t->map));
	for (const struct xb_value *v = values->first; v; v = v->next) {
		const struct xb_value *cpu = xb_value_member(v, "cpu"),
		                      *value = xb_value_member(v, "value");
		u32 index = 0;

		if (!cpu || !value || !is_text(cpu))
			return xb_err_set(t->err, XB_ERR_USAGE,
			                  "\"values\": expected \"cpu\" and \"value\"");
		if (number(t, cpu->text, "the number of a CPU", &index) != 0)
			return -1;
		if (index >= t->o->emu->cpu_cnt)
			continue;
		one.value = t->value + (size_t)step * index;
		if (encode_value(&one, value) != 0)
			return xb_err_prefix(t->err, "value");
	}
	return write_element(t);
}

/* Whether the variables are there. */
static int
try_globals(const struct xb_value *v, const struct xb_encode_opts *opts, const void *value,
            size_t bytes, struct xb_err *err)
{
	void *copy = malloc(bytes);
	int rc;

	if (!copy)
		return xb_err_errno(err, ENOMEM, "variables");
	memcpy(copy, value, bytes);
	rc = xb_encode(v, opts, copy, bytes, err);
	free(copy);
	return rc;
}

/* Global variables are the one element 0, whose value libbpf loads. */
static int
put_globals(const struct xb_mapelem *t, const struct xb_value *key, const struct xb_value *v)
{
	const struct xb_encode_opts key_opts = { .btf = NULL };
	u8 index[4];
	struct xb_encode_opts opts = {
		.btf = bpf_object__btf(t->o->bpf),
		.type_id = bpf_map__btf_value_type_id(t->bpf),
		.keep = true,
	};
	size_t bytes = 0;
	void *value;

	if (!key)
		return xb_err_set(t->err, XB_ERR_USAGE, "key: expected 0");
	if (xb_encode(key, &key_opts, index, sizeof(index), t->err) != 0)
		return xb_err_prefix(t->err, "key");
	if (xb_ld32(index) != 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "key: expected 0, found %u",
		                  xb_ld32(index));
	value = (void *)(uintptr_t)bpf_map__initial_value(t->bpf, &bytes);
	if (!value)
		return xb_err_set(t->err, XB_ERR_USAGE, "has no initial value");
	if (t->try)
		return try_globals(v, &opts, value, bytes, t->err);
	return xb_encode(v, &opts, value, bytes, t->err);
}

int
xb_mapelem_put(const struct xb_mapelem *t, const struct xb_value *key, const struct xb_value *value)
{
	if (!t->map)
		return put_globals(t, key, value);
	if (t->map->key_size && !key)
		return xb_err_set(t->err, XB_ERR_USAGE, "key: expected %u bytes", t->map->key_size);
	return put_element(t, key, value);
}
