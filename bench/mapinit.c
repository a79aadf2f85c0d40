/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mapinit.h"

#include "bench/encode.h"
#include "emu/btf.h"
#include "vm/bytes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAP_FILE_MAX_BYTES ((size_t)1 << 30)

/* The map that is filled, and what its elements are made in. */
struct target {
	struct xb_object *o;
	struct bpf_map *bpf;
	struct xb_map *map; /* NULL before the load */
	u8 *key, *value;
	bool try; /* global variables are not set, only looked for */
	struct xb_err *err;
};

/* Where the name ends: at "[" of an element, or at "=" of a file. */
static size_t
name_bytes(const char *arg)
{
	return strcspn(arg, "[=");
}

static bool
is_element(const char *arg)
{
	return arg[name_bytes(arg)] == '[';
}

int
xb_mapinit_open(struct xb_mapinit *init, const char *arg, struct xb_err *err)
{
	*init = (struct xb_mapinit){ .arg = arg, .file = XB_FILE_NONE };
	if (is_element(arg))
		return 0;
	return xb_file_open_read(&init->file, arg + name_bytes(arg) + 1, err);
}

void
xb_mapinit_close(struct xb_mapinit *init)
{
	free(init->text);
	init->text = NULL;
	xb_file_close(&init->file);
}

/* A program by name; its descriptor or -1. */
static int
program_fd(const struct target *t, const char *name)
{
	const struct bpf_program *prog = xb_object_find_prog(t->o, name);
	int fd = prog ? bpf_program__fd(prog) : -1;

	if (fd < 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "no program '%.64s' was loaded", name);
	return fd;
}

static int
map_fd(const struct target *t, const char *name)
{
	const struct bpf_map *map = xb_object_find_map(t->o, name);
	int fd = map ? bpf_map__fd(map) : -1;

	if (fd < 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "no map '%.64s'", name);
	return fd;
}

/* Dumps hold ids where bpf(2) takes descriptors. */
static int
program_fd_by_id(const struct target *t, u32 id)
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
map_fd_by_id(const struct target *t, u32 id)
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
number(const struct target *t, const char *text, const char *what, u32 *value)
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
encode_target(const struct target *t, const struct xb_value *v)
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
encode_object(const struct target *t, const struct xb_value *v, const char *what,
              int (*by_name)(const struct target *t, const char *name),
              int (*by_id)(const struct target *t, u32 id))
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
encode_target_struct(const struct target *t, const struct xb_value *v,
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
encode_value(const struct target *t, const struct xb_value *v)
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
encode_key(const struct target *t, const struct xb_value *v)
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

static int
write_element(const struct target *t)
{
	int rc = xb_map_write(t->map, t->map->key_size ? t->key : NULL, t->value, BPF_ANY);

	if (rc == -E2BIG)
		return xb_err_set(t->err, XB_ERR_USAGE, "does not fit: max_entries is %u",
		                  t->map->max_entries);
	if (rc != 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "cannot be written: %s", strerror(-rc));
	return 0;
}

/* The same value on every CPU, or what "values" says of each. */
static int
put_value(const struct target *t, const struct xb_value *v)
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
put_socket(const struct target *t, const struct xb_value *v)
{
	u32 socket = 0;
	int rc;

	if (!is_text(v))
		return xb_err_set(t->err, XB_ERR_USAGE, "value: expected the number of a socket");
	if (number(t, v->text, "the number of a socket", &socket) != 0)
		return xb_err_prefix(t->err, "value");
	rc = xb_xskmap_set(t->map, xb_ld32(t->key), socket);
	if (rc != 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "cannot be written: %s", strerror(-rc));
	return 0;
}

/* Cgroups have an id; that the machine has such a one is not asked. */
static int
put_cgroup(const struct target *t, const struct xb_value *v)
{
	unsigned long long id = 0;
	char *end;
	int rc;

	errno = 0;
	if (is_text(v))
		id = strtoull(v->text, &end, xb_value_base(v->text));
	if (!id || errno || *end || v->text[0] == '-')
		return xb_err_set(t->err, XB_ERR_USAGE, "value: expected the id of a cgroup");
	rc = xb_cgroup_array_set(t->map, xb_ld32(t->key), id);
	if (rc == -E2BIG)
		return xb_err_set(t->err, XB_ERR_USAGE, "does not fit: max_entries is %u",
		                  t->map->max_entries);
	if (rc != 0)
		return xb_err_set(t->err, XB_ERR_USAGE, "cannot be written: %s", strerror(-rc));
	return 0;
}

static int
put_element(const struct target *t, const struct xb_value *key, const struct xb_value *value)
{
	if (encode_key(t, key) != 0)
		return -1;
	if (t->map->type == BPF_MAP_TYPE_XSKMAP)
		return put_socket(t, value);
	if (t->map->type == BPF_MAP_TYPE_CGROUP_ARRAY)
		return put_cgroup(t, value);
	return put_value(t, value);
}

/* {"cpu":0,"value":...} for each CPU; those that this machine has not are left out. */
static int
put_percpu(const struct target *t, const struct xb_value *key, const struct xb_value *values)
{
	u32 step = (u32)xb_align_up(t->map->value_size, 8);
	struct target one = *t;

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
put_globals(const struct target *t, const struct xb_value *key, const struct xb_value *v)
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

/* One {"key":..,"value":..}; "formatted" serves where the raw form is missing. */
static int
put_json_element(const struct target *t, const struct xb_value *v)
{
	const struct xb_value *key = xb_value_member(v, "key"),
	                      *value = xb_value_member(v, "value");
	const struct xb_value *values = xb_value_member(v, "values"), *typed;

	typed = xb_value_member(v, "formatted");
	if (!key && typed)
		key = xb_value_member(typed, "key");
	if (!value && !values && typed) {
		value = xb_value_member(typed, "value");
		values = xb_value_member(typed, "values");
	}
	if (value && xb_value_member(value, "error"))
		return 0; /* bpftool's empty slot */
	if (!key || (!value && !values))
		return xb_err_set(t->err, XB_ERR_FILE,
		                  "expected an object with \"key\" and \"value\"");
	if (!t->map)
		return put_globals(t, key, value ? value : values);
	return value ? put_element(t, key, value) : put_percpu(t, key, values);
}

/* bpftool's array of elements; or an object, or rows of them, with "name" and "elements". */
static int
put_json(const struct target *t, const struct xb_value *root, const char *name)
{
	const struct xb_value *elements = root, *first;

	if (root->kind == XB_VALUE_OBJECT)
		elements = xb_value_member(root, "elements");
	first = elements && elements->kind == XB_VALUE_ARRAY ? elements->first : NULL;
	if (first && xb_value_member(first, "elements")) {
		const struct xb_value *row, *row_name = NULL;

		for (row = first; row; row = row->next) {
			row_name = xb_value_member(row, "name");
			if (row_name && !strcmp(row_name->text, name))
				break;
		}
		if (!row)
			return xb_err_set(t->err, XB_ERR_FILE, "no map '%s' in it", name);
		elements = xb_value_member(row, "elements");
	}
	if (!elements || elements->kind != XB_VALUE_ARRAY)
		return xb_err_set(t->err, XB_ERR_FILE,
		                  "line %u, column %u: expected an array of elements", root->line,
		                  root->col);
	for (const struct xb_value *v = elements->first; v; v = v->next)
		if (put_json_element(t, v) != 0)
			return xb_err_prefix(t->err, "line %u, column %u", v->line, v->col);
	return 0;
}

static int
apply_file(struct xb_mapinit *init, const struct target *t, const char *name)
{
	struct xb_value_tree tree;
	int rc;

	if (!init->text) {
		init->text =
		        xb_file_read_all(&init->file, MAP_FILE_MAX_BYTES, &init->bytes, t->err);
		if (!init->text)
			return -1;
	}
	rc = xb_value_parse(&tree, init->text, init->bytes, false, t->err);
	if (rc == 0) {
		rc = put_json(t, tree.root, name);
		xb_value_free(&tree);
	}
	if (rc != 0) {
		t->err->kind = XB_ERR_FILE;
		return xb_err_prefix(t->err, "%s", init->file.name);
	}
	return 0;
}

/* Where "]=" closes the key that starts at text; NULL: nowhere. */
static const char *
key_end(const char *text)
{
	u32 depth = 0;

	for (; *text; text++) {
		if (*text == '[' || *text == '{')
			depth++;
		else if (depth && (*text == ']' || *text == '}'))
			depth--;
		else if (!depth && text[0] == ']' && text[1] == '=')
			return text;
	}
	return NULL;
}

static int
parse_part(struct xb_value_tree *tree, const char *text, size_t bytes, const char *what,
           struct xb_err *err)
{
	if (xb_value_parse(tree, text, bytes, true, err) == 0)
		return 0;
	err->kind = XB_ERR_USAGE;
	return xb_err_prefix(err, "%s", what);
}

/* NAME[KEY]=VALUE; key is what follows "[". */
static int
apply_element(const struct target *t, const char *key)
{
	struct xb_value_tree key_tree = { 0 }, value_tree;
	const char *end = key_end(key);
	int rc;

	if (!end)
		return xb_err_set(t->err, XB_ERR_USAGE, "expected NAME[KEY]=VALUE");
	if (end > key && parse_part(&key_tree, key, (size_t)(end - key), "key", t->err) != 0)
		return -1;
	rc = parse_part(&value_tree, end + 2, strlen(end + 2), "value", t->err);
	if (rc != 0)
		goto free_key;
	if (!t->map)
		rc = put_globals(t, key_tree.root, value_tree.root);
	else if (t->map->key_size && !key_tree.root)
		rc = xb_err_set(t->err, XB_ERR_USAGE, "key: expected %u bytes", t->map->key_size);
	else
		rc = put_element(t, key_tree.root, value_tree.root);
	xb_value_free(&value_tree);

free_key:
	xb_value_free(&key_tree);
	return rc;
}

static int
apply_to(struct xb_mapinit *init, struct target *t, const char *name)
{
	size_t value_bytes = t->map ? xb_map_sys_value_bytes(t->map) : 8;
	int rc;

	t->key = calloc(1, t->map && t->map->key_size ? t->map->key_size : 8);
	t->value = calloc(1, value_bytes < 8 ? 8 : value_bytes);
	if (!t->key || !t->value)
		rc = xb_err_errno(t->err, ENOMEM, "map '%s'", name);
	else if (is_element(init->arg))
		rc = apply_element(t, init->arg + name_bytes(init->arg) + 1);
	else
		rc = apply_file(init, t, name);
	free(t->value);
	free(t->key);
	return rc;
}

static struct bpf_map *
find_map(const struct xb_mapinit *init, const struct xb_object *o, char name[64])
{
	snprintf(name, 64, "%.*s", (int)name_bytes(init->arg), init->arg);
	return xb_object_find_map(o, name);
}

bool
xb_mapinit_names(const struct xb_mapinit *init, const struct xb_object *o)
{
	char name[64];

	return find_map(init, o, name) != NULL;
}

bool
xb_mapinit_fits(const struct xb_mapinit *init, struct xb_object *o)
{
	struct xb_err err = XB_ERR_INIT;
	struct target t = { .o = o, .try = true, .err = &err };
	char name[64];

	t.bpf = find_map(init, o, name);
	if (!t.bpf || !bpf_map__is_internal(t.bpf) || !is_element(init->arg))
		return t.bpf != NULL;
	return apply_element(&t, init->arg + name_bytes(init->arg) + 1) == 0;
}

struct xb_map *
xb_mapinit_map(const struct xb_mapinit *init, const struct xb_object *o)
{
	char name[64];
	const struct bpf_map *map = find_map(init, o, name);

	return map ? xb_object_map(o, map) : NULL;
}

int
xb_mapinit_apply(struct xb_mapinit *init, struct xb_object *o, bool loaded, struct xb_err *err)
{
	struct target t = { .o = o, .err = err };
	char name[64];
	int rc;

	t.bpf = find_map(init, o, name);
	if (!t.bpf) {
		xb_err_set(err, XB_ERR_USAGE, "no map '%s' in %s", name, o->opts.path);
		return xb_err_prefix(err, "--map");
	}
	if (bpf_map__is_internal(t.bpf) == loaded)
		return 0;
	t.map = loaded ? xb_object_map(o, t.bpf) : NULL;
	if (loaded && !t.map) {
		xb_err_set(err, XB_ERR_LOAD, "map '%s': type %u is not emulated", name,
		           bpf_map__type(t.bpf));
		return xb_err_prefix(err, "--map");
	}
	rc = apply_to(init, &t, name);
	if (rc == 0 || !is_element(init->arg))
		return rc;
	xb_err_prefix(err, "%.128s", init->arg);
	return xb_err_prefix(err, "--map");
}
