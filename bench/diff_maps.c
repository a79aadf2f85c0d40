/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_maps.c - the maps after the last packet, element by element.
 */
#include "bench/btfjson.h"
#include "bench/diff_priv.h"
#include "emu/btf.h"
#include "vm/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct compare {
	struct xb_diff *d;
	const char *name;
	struct xb_map *map;
	struct xb_mapside emu, native, twin; /* twin.fd -1: it has none */
	u8 *value, *twin_value;              /* what the other side holds */
	bool back; /* elements of the kernel are looked for in the emulator */
};

/* What has no elements that could be compared, and why; NULL: it has some. */
static const char *
not_compared(const struct xb_map *map)
{
	static const struct {
		u32 type;
		const char *why;
	} rows[] = {
		{ BPF_MAP_TYPE_XSKMAP, "sockets" },
		{ BPF_MAP_TYPE_SOCKMAP, "sockets" },
		{ BPF_MAP_TYPE_SOCKHASH, "sockets" },
		{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "sockets" },
		{ BPF_MAP_TYPE_SK_STORAGE, "belongs to sockets" },
		{ BPF_MAP_TYPE_TASK_STORAGE, "belongs to processes" },
		{ BPF_MAP_TYPE_INODE_STORAGE, "belongs to files" },
		{ BPF_MAP_TYPE_CGROUP_STORAGE, "belongs to cgroups" },
		{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "belongs to cgroups" },
		{ XB_MAP_TYPE_CGRP_STORAGE, "belongs to cgroups" },
		{ BPF_MAP_TYPE_CGROUP_ARRAY, "cgroups" },
		{ BPF_MAP_TYPE_BLOOM_FILTER, "cannot be listed" },
		{ BPF_MAP_TYPE_STACK_TRACE, "stacks of the kernel" },
		{ BPF_MAP_TYPE_USER_RINGBUF, "user space writes it" },
		{ BPF_MAP_TYPE_STRUCT_OPS, "functions of the kernel" },
		{ XB_MAP_TYPE_ARENA, "memory without elements" },
	};

	if (map->flags & BPF_F_WRONLY)
		return "user space may not read it";
	for (size_t i = 0; i < XB_ARRAY_SIZE(rows); i++)
		if (rows[i].type == map->type)
			return rows[i].why;
	return NULL;
}

/* Its records are compared packet by packet. */
static bool
is_of_events(const struct xb_map *map)
{
	return map->type == BPF_MAP_TYPE_RINGBUF || map->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY;
}

/* Ids are each side's own; that there is one is compared. */
static void
hide_ids(const struct xb_map *map, u8 *value)
{
	u32 off;

	switch (map->type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		off = 0;
		break;
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
		if (map->value_size < 8)
			return;
		off = 4;
		break;
	default:
		return;
	}
	xb_st32(value + off, xb_ld32(value + off) != 0);
}

static void
show_formatted(const struct compare *c, FILE *to, const char *side, const u8 *value)
{
	const struct xb_map *map = c->map;
	struct xb_err err = XB_ERR_INIT;
	struct xb_json j;
	size_t bytes;
	char *text;

	if (!map->btf || !map->btf_value_type_id || xb_json_init_text(&j, &err) != 0)
		return;
	xb_btfjson_write(&j, NULL, map->btf->btf, map->btf_value_type_id, value, map->value_size);
	text = xb_json_take(&j, &bytes, &err);
	if (text)
		fprintf(to, "    %-8s  %.400s%s\n", side, text, bytes > 400 ? "..." : "");
	free(text);
}

static void
show_key(const struct compare *c, FILE *to, const u8 *key)
{
	fprintf(to, "first difference of maps: map '%s', key", c->name);
	for (u32 i = 0; i < c->emu.key_bytes && i < 64; i++)
		fprintf(to, " %02x", key[i]);
	fputs("\n", to);
}

/* `native` NULL or `emu` NULL: not there. */
static void
explain(const struct compare *c, const u8 *key, const u8 *emu, const u8 *native)
{
	FILE *to = c->d->first_map;

	if (c->d->explained_map)
		return;
	c->d->explained_map = true;
	show_key(c, to, key);
	if (!emu || !native) {
		fprintf(to, "  %s has this element, %s has not\n",
		        emu ? "the emulator" : "the kernel", emu ? "the kernel" : "the emulator");
		show_formatted(c, to, emu ? "emulator" : "kernel", emu ? emu : native);
		return;
	}
	show_formatted(c, to, "emulator", emu);
	show_formatted(c, to, "kernel", native);
	diff_hex(to, emu, c->emu.value_bytes, native, c->emu.value_bytes);
}

static void
write_line(const struct compare *c, const u8 *key, const u8 *emu, const u8 *native, bool unsure)
{
	struct xb_json *j = c->d->opts.json;

	if (!j)
		return;
	xb_json_open_object(j, NULL);
	xb_json_string(j, "type", "difference");
	xb_json_string(j, "kind", "map");
	xb_json_string(j, "map", c->name);
	if (unsure)
		xb_json_bool(j, "comparable", false);
	xb_json_hex(j, "key", key, c->emu.key_bytes, NULL, 0);
	if (emu)
		xb_json_hex(j, "emulator", emu, c->emu.value_bytes, NULL, 0);
	if (native)
		xb_json_hex(j, "kernel", native, c->emu.value_bytes, NULL, 0);
	xb_json_close_object(j);
	xb_json_newline(j);
}

static void
count(const struct compare *c, const u8 *key, const u8 *emu, const u8 *native, bool varies)
{
	struct xb_diff *d = c->d;
	bool unsure = varies || diff_unsure(d);

	d->counts[DIFF_MAP] += !unsure;
	d->unsure[DIFF_MAP] += unsure;
	write_line(c, key, emu, native, unsure);
	if (!unsure)
		explain(c, key, emu, native);
}

/* Whether the emulator's value is another one at another time, wherever it is not the kernel's. */
static bool
value_varies(const struct compare *c, const u8 *key, const u8 *emu, const u8 *native)
{
	if (c->twin.fd < 0 || xb_mapside_read(&c->twin, key, c->twin_value) != 0)
		return false;
	return diff_bytes_vary(emu, native, c->twin_value, c->emu.value_bytes);
}

/* An element of one side; both are looked at from the emulator's, what is the kernel's alone after.
 */
static int
compare_elem(void *arg, const void *key, const void *value, int read)
{
	struct compare *c = arg;
	const struct xb_mapside *other = c->back ? &c->emu : &c->native;
	int there = xb_mapside_read(other, key, c->value);
	u8 *mine = (u8 *)(uintptr_t)value;

	if (!c->back)
		c->d->elems += read == 0;
	if (read != 0 && there != 0)
		return 0;
	if (there != 0 && read == 0) {
		count(c, key, c->back ? NULL : value, c->back ? value : NULL, false);
		return 0;
	}
	if (c->back)
		return 0;
	if (read != 0) { /* an empty slot here */
		count(c, key, NULL, c->value, false);
		return 0;
	}
	hide_ids(c->map, mine);
	hide_ids(c->map, c->value);
	if (memcmp(mine, c->value, c->emu.value_bytes) != 0)
		count(c, key, mine, c->value, value_varies(c, key, mine, c->value));
	return 0;
}

/* Queues and stacks: one by one, as they come out. */
static void
compare_popped(struct compare *c, u8 *mine)
{
	static const u8 no_key[1];

	for (;;) {
		bool emu = xb_mapside_pop(&c->emu, mine) == 0;
		bool native = xb_mapside_pop(&c->native, c->value) == 0;
		bool twin = c->twin.fd >= 0 && xb_mapside_pop(&c->twin, c->twin_value) == 0;

		if (!emu && !native)
			return;
		c->d->elems++;
		if (emu && native && !memcmp(mine, c->value, c->emu.value_bytes))
			continue;
		count(c, no_key, emu ? mine : NULL, native ? c->value : NULL,
		      twin && emu && native &&
		              diff_bytes_vary(mine, c->value, c->twin_value, c->emu.value_bytes));
	}
}

static int
compare_map(struct compare *c)
{
	u8 *mine = calloc(1, c->emu.value_bytes + 8u);
	int rc = 0;

	c->value = calloc(1, c->emu.value_bytes + 8u);
	c->twin_value = calloc(1, c->emu.value_bytes + 8u);
	if (!mine || !c->value || !c->twin_value)
		rc = -ENOMEM;
	else if (c->map->type == BPF_MAP_TYPE_QUEUE || c->map->type == BPF_MAP_TYPE_STACK)
		compare_popped(c, mine);
	else
		rc = xb_mapside_walk(&c->emu, compare_elem, c);
	if (rc == 0 && c->emu.key_bytes) {
		c->back = true;
		rc = xb_mapside_walk(&c->native, compare_elem, c);
	}
	free(c->twin_value);
	free(c->value);
	free(mine);
	return rc;
}

static struct xb_mapside
twin_side(const struct xb_diff *d, const struct compare *c)
{
	struct xb_mapside side = c->emu;
	const struct bpf_map *map = xb_object_find_map(d->twin.session.objects[0], c->name);

	side.emu = d->twin.session.emu;
	side.fd = map && d->asked.kinds & XB_VARIES_CLOCK && !d->twin.spent ? bpf_map__fd(map) : -1;
	return side;
}

int
xb_diff_maps(struct xb_diff *d, struct xb_err *err)
{
	const struct xb_session *s = d->opts.session;
	const struct xb_object *o = s->objects[0];

	for (u32 i = 0; i < o->map_cnt; i++) {
		struct xb_map *map = o->maps[i].map;
		const char *why = not_compared(map);
		struct compare c = {
			.d = d,
			.name = o->maps[i].name,
			.map = map,
			.emu = xb_native_emu_map(s->native, map),
			.native = xb_native_map(s->native, map),
		};

		if (is_of_events(map))
			continue;
		if (!why && c.native.fd < 0)
			why = "the kernel has not made it";
		if (why) {
			fprintf(d->aside, "  not compared: map '%s', %s: %s\n", c.name,
			        map->ops->name, why);
			continue;
		}
		c.twin = twin_side(d, &c);
		if (compare_map(&c) != 0)
			return xb_err_errno(err, ENOMEM, "map '%s'", c.name);
	}
	return 0;
}
