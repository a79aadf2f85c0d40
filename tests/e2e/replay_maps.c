/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/replay_priv.h"

#include "tests/e2e/record.h"
#include "vm/bytes.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_VALUE_BYTES 65536

/* A map as the dump needs it, whoever made it. */
struct dump {
	struct run *run;
	int fd;
	const char *name;
	struct bpf_map_info info;
	u32 value_bytes; /* as bpf(2) moves them */
};

struct elem {
	u8 *key, *value;
	u32 key_bytes;
};

static bool
is_percpu(u32 type)
{
	return type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

/* Turns "0a 0b prog:NAME" into bytes; how many, or -1. */
static int
parse_bytes(const struct run *run, const char *text, u8 *to)
{
	int n = 0;

	while (*text) {
		char word[64] = "";
		int len = 0;

		if (isspace((unsigned char)*text)) {
			text++;
			continue;
		}
		if (!strncmp(text, "prog:", 5)) {
			const struct bpf_program *prog;
			int fd;

			sscanf(text, "prog:%63s%n", word, &len);
			prog = bpf_object__find_program_by_name(run->obj, word);
			fd = prog ? bpf_program__fd(prog) : -1;
			memcpy(to + n, &fd, sizeof(fd));
			n += (int)sizeof(fd);
		} else {
			if (sscanf(text, "%2hhx%n", &to[n], &len) != 1)
				return -1;
			n++;
		}
		text += len;
	}
	return n;
}

static bool
fill_elem(struct run *run, const struct corpus_elem *elem)
{
	const struct bpf_map *map = bpf_object__find_map_by_name(run->obj, elem->map);
	u8 key[256], value[1024];
	u32 copies, step;
	int key_bytes, value_bytes, err;

	if (!map)
		return run->opts->lenient;
	key_bytes = parse_bytes(run, elem->key, key);
	value_bytes = parse_bytes(run, elem->value, value);
	if (key_bytes != (int)bpf_map__key_size(map) ||
	    value_bytes != (int)bpf_map__value_size(map)) {
		record_note(run->file, "map '%s': element of %d and %d bytes", elem->map, key_bytes,
		            value_bytes);
		return false;
	}
	copies = is_percpu(bpf_map__type(map)) ? run->cpu_cnt : 1;
	step = (u32)xb_align_up((u32)value_bytes, 8);
	for (u32 i = 1; i < copies; i++)
		memcpy(value + i * step, value, (u32)value_bytes);
	err = bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY);
	if (err)
		record_note(run->file, "map '%s': update gives %d", elem->map, err);
	return !err;
}

bool
run_fill_maps(struct run *run)
{
	for (const struct corpus_elem *elem = run->opts->row->elems; elem->map; elem++) {
		if (!fill_elem(run, elem))
			return false;
	}
	return true;
}

static int
compare_elems(const void *a, const void *b)
{
	const struct elem *x = a, *y = b;

	return memcmp(x->key, y->key, x->key_bytes);
}

/* What is behind an id differs from world to world; that there is something does not. */
static void
hide_id(u8 *value, u32 off)
{
	u32 id = xb_ld32(value + off);

	xb_st32(value + off, id ? 1 : 0);
}

static void dump_map(struct dump *d);

static void
dump_inner(struct dump *d, u8 *value)
{
	struct dump inner = { .run = d->run, .name = d->name };
	u32 id = xb_ld32(value);

	inner.fd = bpf_map_get_fd_by_id(id);
	if (inner.fd < 0) {
		record_note(d->run->file, "map '%s': inner map gives %d", d->name, inner.fd);
		return;
	}
	dump_map(&inner);
	close(inner.fd);
}

static void
dump_elem(struct dump *d, const struct elem *elem)
{
	switch (d->info.type) {
	case BPF_MAP_TYPE_PROG_ARRAY:
		hide_id(elem->value, 0);
		break;
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_DEVMAP_HASH:
	case BPF_MAP_TYPE_CPUMAP:
		if (d->info.value_size == 8)
			hide_id(elem->value, 4);
		break;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		dump_inner(d, elem->value);
		hide_id(elem->value, 0);
		break;
	default:
		break;
	}
	record_put(d->run->file, elem->key, elem->key_bytes, "map '%s': key", d->name);
	record_put(d->run->file, elem->value, d->value_bytes,
	           "map '%s': value of key %02x%02x%02x%02x", d->name, elem->key[0],
	           elem->key_bytes > 1 ? elem->key[1] : 0, elem->key_bytes > 2 ? elem->key[2] : 0,
	           elem->key_bytes > 3 ? elem->key[3] : 0);
}

static bool
add_elem(struct dump *d, struct elem **elems, u32 *cnt, u32 *cap, const u8 *key, const u8 *value)
{
	struct elem *elem;

	if (*cnt == *cap) {
		struct elem *grown;

		*cap = *cap ? *cap * 2 : 64;
		grown = realloc(*elems, *cap * sizeof(**elems));
		if (!grown)
			return false;
		*elems = grown;
	}
	elem = &(*elems)[(*cnt)++];
	elem->key_bytes = d->info.key_size;
	elem->key = malloc(d->info.key_size);
	elem->value = malloc(d->value_bytes);
	if (!elem->key || !elem->value)
		return false;
	memcpy(elem->key, key, d->info.key_size);
	memcpy(elem->value, value, d->value_bytes);
	return true;
}

static void
dump_keyed(struct dump *d)
{
	static u8 key[512], value[MAX_VALUE_BYTES];
	struct elem *elems = NULL;
	u32 cnt = 0, cap = 0;
	int err = bpf_map_get_next_key(d->fd, NULL, key);

	while (!err) {
		memset(value, 0, d->value_bytes);
		err = bpf_map_lookup_elem(d->fd, key, value);
		if (err && err != -ENOENT)
			break;
		if (!err && !add_elem(d, &elems, &cnt, &cap, key, value))
			break;
		err = bpf_map_get_next_key(d->fd, key, key);
	}
	record_note(d->run->file, "map '%s': %u elements, the end gives %d", d->name, cnt, err);
	if (cnt)
		qsort(elems, cnt, sizeof(*elems), compare_elems);
	for (u32 i = 0; i < cnt; i++) {
		dump_elem(d, &elems[i]);
		free(elems[i].key);
		free(elems[i].value);
	}
	free(elems);
}

static void
dump_popped(struct dump *d)
{
	u8 value[256];
	int err;

	while (!(err = bpf_map_lookup_and_delete_elem(d->fd, NULL, value)))
		record_put(d->run->file, value, d->info.value_size, "map '%s': popped", d->name);
	record_note(d->run->file, "map '%s': empty, which gives %d", d->name, err);
}

static void
dump_map(struct dump *d)
{
	u32 bytes = sizeof(d->info);

	if (bpf_obj_get_info_by_fd(d->fd, &d->info, &bytes)) {
		record_note(d->run->file, "map '%s': no information: %d", d->name, -errno);
		return;
	}
	d->value_bytes = d->info.value_size;
	if (is_percpu(d->info.type))
		d->value_bytes = (u32)xb_align_up(d->info.value_size, 8) * d->run->cpu_cnt;
	record_note(d->run->file,
	            "map '%s': type %u, key %u, value %u, entries %u, flags 0x%x, BTF %u and %u",
	            d->name, d->info.type, d->info.key_size, d->info.value_size,
	            d->info.max_entries, d->info.map_flags, d->info.btf_key_type_id,
	            d->info.btf_value_type_id);
	switch (d->info.type) {
	case BPF_MAP_TYPE_RINGBUF: /* recorded as events */
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY: /* nor can cgroups */
	case BPF_MAP_TYPE_XSKMAP:       /* sockets cannot be read */
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		dump_popped(d);
		break;
	default:
		dump_keyed(d);
	}
}

void
run_dump_maps(struct run *run)
{
	const struct bpf_map *map;

	bpf_object__for_each_map(map, run->obj)
	{
		struct dump d = { .run = run, .fd = bpf_map__fd(map), .name = bpf_map__name(map) };

		if (d.fd >= 0)
			dump_map(&d);
	}
}
