/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native_maps.c - contents of maps, from the emulator's to the kernel's before the first packet,
 * and back after the last.
 *
 * Programs, maps and interfaces in values are the emulator's, and become the kernel's of the same
 * name or number.
 */
#include "bench/native_priv.h"
#include "vm/bytes.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One map on its way from side to side. */
struct copy {
	struct xb_native *k;
	struct xb_map *map; /* the emulator's */
	struct xb_mapside from, to;
	u8 *value; /* as it is written */
	const char *name;
	struct xb_err *err;
};

static struct xb_mapside
side_of(const struct xb_map *map, struct xb_emu *emu, int fd)
{
	return (struct xb_mapside){
		.emu = emu,
		.fd = fd,
		.key_bytes = map->key_size,
		.value_bytes = xb_map_sys_value_bytes(map),
	};
}

/* The full name, which libbpf knows maps of both sides by. */
static const char *
name_of(const struct xb_native *k, const struct xb_map *map)
{
	return xb_object_map_name(k->emu_object, map);
}

struct xb_mapside
xb_native_map(const struct xb_native *k, const struct xb_map *map)
{
	const struct bpf_map *bpf = xb_object_find_map(k->object, name_of(k, map));

	return side_of(map, NULL, bpf ? bpf_map__fd(bpf) : -1);
}

struct xb_mapside
xb_native_emu_map(const struct xb_native *k, const struct xb_map *map)
{
	const struct bpf_map *bpf = xb_object_find_map(k->emu_object, name_of(k, map));

	return side_of(map, k->opts.session->emu, bpf ? bpf_map__fd(bpf) : -1);
}

/* The kernel's program of the emulator's id; -1: it was left out there. */
static int
program_fd(const struct xb_native *k, u32 id)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, k->emu_object->bpf)
	{
		const struct xb_bpf_prog *p = xb_object_prog(k->emu_object, prog);
		const struct bpf_program *same;

		if (!p || p->obj.id != id)
			continue;
		same = xb_object_find_prog(k->object, bpf_program__name(prog));
		return same ? bpf_program__fd(same) : -1;
	}
	return -1;
}

static int
map_fd(const struct xb_native *k, u32 id)
{
	for (u32 i = 0; i < k->emu_object->map_cnt; i++)
		if (k->emu_object->maps[i].map->obj.id == id)
			return xb_native_map(k, k->emu_object->maps[i].map).fd;
	return -1;
}

static int
put_fd(const struct copy *c, u32 off, int fd, const char *what)
{
	if (fd < 0)
		return xb_err_set(c->err, XB_ERR_USAGE,
		                  "map '%s': a %s of its values is not one of the object's in the "
		                  "kernel",
		                  c->name, what);
	xb_st32(c->value + off, (u32)fd);
	return 0;
}

static bool
is_of_devices(u32 type)
{
	return type == BPF_MAP_TYPE_DEVMAP || type == BPF_MAP_TYPE_DEVMAP_HASH;
}

/* Turns what c->value refers to into what it is in the kernel. */
static int
turn_value(const struct copy *c)
{
	u32 type = c->map->type;

	if (type == BPF_MAP_TYPE_PROG_ARRAY)
		return put_fd(c, 0, program_fd(c->k, xb_ld32(c->value)), "program");
	if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS)
		return put_fd(c, 0, map_fd(c->k, xb_ld32(c->value)), "map");
	if (is_of_devices(type))
		native_need_interface(c->k, xb_ld32(c->value));
	else if (type != BPF_MAP_TYPE_CPUMAP)
		return 0;
	if (c->map->value_size < 8 || !xb_ld32(c->value + 4))
		return 0;
	return put_fd(c, 4, program_fd(c->k, xb_ld32(c->value + 4)), "program");
}

static int
fill_elem(void *arg, const void *key, const void *value, int read)
{
	static const u8 zeros[8];
	struct copy *c = arg;
	u32 bytes = c->from.value_bytes;
	int rc;

	if (read < 0) /* an empty slot */
		return 0;
	if ((c->map->type == BPF_MAP_TYPE_DEVMAP || c->map->type == BPF_MAP_TYPE_CPUMAP) &&
	    !memcmp(value, zeros, 4))
		return 0;
	memcpy(c->value, value, bytes);
	if (turn_value(c) != 0)
		return -1;
	rc = xb_mapside_write(&c->to, key, c->value);
	if (rc == 0)
		return 0;
	return xb_err_set(c->err, XB_ERR_USAGE, "map '%s': the kernel takes no such element: %s",
	                  c->name, strerror(-rc));
}

/* Queues and stacks: all that is in it, in the order that makes the same one again. */
static int
fill_queue(struct copy *c)
{
	size_t bytes = c->from.value_bytes;
	u8 *all = calloc(c->map->max_entries + 1u, bytes);
	bool stack = c->map->type == BPF_MAP_TYPE_STACK;
	u32 cnt = 0;
	int rc = 0;

	if (!all)
		return xb_err_errno(c->err, ENOMEM, "map '%s'", c->name);
	while (cnt < c->map->max_entries && xb_mapside_pop(&c->from, all + cnt * bytes) == 0)
		cnt++;
	for (u32 i = 0; rc == 0 && i < cnt; i++) {
		const u8 *value = all + (stack ? cnt - 1 - i : i) * bytes;

		rc = xb_mapside_write(&c->from, NULL, value);
		if (rc == 0)
			rc = xb_mapside_write(&c->to, NULL, value);
	}
	free(all);
	return rc == 0 ? 0
	               : xb_err_set(c->err, XB_ERR_USAGE, "map '%s': %s", c->name, strerror(-rc));
}

/* Types whose contents are the emulator's alone, or cannot be read. */
static bool
cannot_fill(u32 type)
{
	static const u32 types[] = {
		BPF_MAP_TYPE_XSKMAP,           BPF_MAP_TYPE_SOCKMAP,
		BPF_MAP_TYPE_SOCKHASH,         BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
		BPF_MAP_TYPE_CGROUP_ARRAY,     BPF_MAP_TYPE_BLOOM_FILTER,
		BPF_MAP_TYPE_SK_STORAGE,       BPF_MAP_TYPE_INODE_STORAGE,
		BPF_MAP_TYPE_TASK_STORAGE,     BPF_MAP_TYPE_CGROUP_STORAGE,
		BPF_MAP_TYPE_PERF_EVENT_ARRAY, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
	};

	for (size_t i = 0; i < XB_ARRAY_SIZE(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static int
fill_map(struct xb_native *k, struct xb_map *map, struct xb_err *err)
{
	struct copy c = {
		.k = k,
		.map = map,
		.from = xb_native_emu_map(k, map),
		.to = xb_native_map(k, map),
		.name = name_of(k, map),
		.err = err,
	};
	int rc;

	if (cannot_fill(map->type))
		return xb_err_set(err, XB_ERR_USAGE,
		                  "map '%s': a map of type %s cannot be filled in the kernel",
		                  c.name, map->ops->name);
	if (map->type == BPF_MAP_TYPE_QUEUE || map->type == BPF_MAP_TYPE_STACK)
		return fill_queue(&c);
	c.value = calloc(1, c.from.value_bytes + 8u);
	rc = c.value ? xb_mapside_walk(&c.from, fill_elem, &c) : -ENOMEM;
	free(c.value);
	if (rc == -ENOMEM)
		return xb_err_errno(err, ENOMEM, "map '%s'", c.name);
	return rc;
}

int
native_fill_maps(struct xb_native *k, struct xb_err *err)
{
	for (u32 i = 0; i < k->opts.cli->map_cnt; i++) {
		const struct xb_mapinit *init = &k->opts.inits[i];
		struct xb_map *map = xb_mapinit_map(init, k->emu_object);
		const struct bpf_map *bpf;

		if (xb_mapinit_is_live(init)) {
			xb_err_set(err, XB_ERR_USAGE,
			           "%.128s: a map of the kernel's in place of the object's: not "
			           "with the kernel as an engine",
			           init->arg);
			return xb_err_prefix(err, "--map");
		}
		bpf = map ? xb_object_find_map(k->emu_object, name_of(k, map)) : NULL;
		if (!bpf || bpf_map__is_internal(bpf))
			continue;
		if (fill_map(k, map, err) != 0)
			return xb_err_prefix(err, "--map");
	}
	return 0;
}

/* Types whose elements programs write, and that both sides have in the same form. */
static bool
comes_back(const struct xb_map *map)
{
	if (map->flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY))
		return false;
	switch (map->type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_LPM_TRIE:
		return true;
	default:
		return false;
	}
}

static int
take_elem(void *arg, const void *key, const void *value, int read)
{
	const struct copy *c = arg;
	int rc = read < 0 ? 0 : xb_mapside_write(&c->to, key, value);

	return rc == 0 ? 0
	               : xb_err_set(c->err, XB_ERR_SYSTEM,
	                            "map '%s': not taken from the kernel: %s", c->name,
	                            strerror(-rc));
}

/* Empties the emulator's, but for arrays, whose elements stay. */
static int
clear_map(const struct copy *c)
{
	u8 *key = malloc(c->to.key_bytes + 1u);
	int rc = key ? 0 : -ENOMEM;

	while (rc == 0 && xb_mapside_next(&c->to, NULL, key) == 0)
		rc = xb_mapside_delete(&c->to, key);
	free(key);
	return rc == 0 ? 0
	               : xb_err_set(c->err, XB_ERR_SYSTEM, "map '%s': %s", c->name, strerror(-rc));
}

int
xb_native_take_maps(struct xb_native *k, struct xb_err *err)
{
	for (u32 i = 0; i < k->emu_object->map_cnt; i++) {
		struct xb_map *map = k->emu_object->maps[i].map;
		struct copy c = {
			.k = k,
			.map = map,
			.from = xb_native_map(k, map),
			.to = xb_native_emu_map(k, map),
			.name = k->emu_object->maps[i].name,
			.err = err,
		};
		bool array =
		        map->type == BPF_MAP_TYPE_ARRAY || map->type == BPF_MAP_TYPE_PERCPU_ARRAY;

		if (!comes_back(map) || c.from.fd < 0 || c.to.fd < 0)
			continue;
		if (!array && clear_map(&c) != 0)
			return -1;
		if (xb_mapside_walk(&c.from, take_elem, &c) != 0)
			return -1;
	}
	return 0;
}
