/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/mapinit.h"

#include "bench/mapelem.h"
#include "bench/maplive.h"

#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#define MAP_FILE_MAX_BYTES ((size_t)1 << 30)

/* Where the name ends: at "[" of an element, "=" of a file, or "@" of a map of the kernel's. */
static size_t
name_bytes(const char *arg)
{
	return strcspn(arg, "[=@");
}

bool
xb_mapinit_is_file(const char *arg)
{
	return arg[name_bytes(arg)] == '=';
}

static bool
is_element(const char *arg)
{
	return arg[name_bytes(arg)] == '[';
}

bool
xb_mapinit_is_live(const struct xb_mapinit *init)
{
	return init->arg[name_bytes(init->arg)] == '@';
}

int
xb_mapinit_open(struct xb_mapinit *init, const char *arg, struct xb_err *err)
{
	*init = (struct xb_mapinit){ .arg = arg, .file = XB_FILE_NONE };
	if (!xb_mapinit_is_file(arg))
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

/* One {"key":..,"value":..}; "formatted" serves where the raw form is missing. */
static int
put_json_element(const struct xb_mapelem *t, const struct xb_value *v)
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
	if (value || !t->map)
		return xb_mapelem_put(t, key, value ? value : values);
	return xb_mapelem_put_percpu(t, key, values);
}

/* bpftool's array of elements; or an object, or rows of them, with "name" and "elements". */
static int
put_json(const struct xb_mapelem *t, const struct xb_value *root, const char *name)
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
apply_file(struct xb_mapinit *init, const struct xb_mapelem *t, const char *name)
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
apply_element(const struct xb_mapelem *t, const char *key)
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
	rc = xb_mapelem_put(t, key_tree.root, value_tree.root);
	xb_value_free(&value_tree);

free_key:
	xb_value_free(&key_tree);
	return rc;
}

static int
apply_to(struct xb_mapinit *init, struct xb_mapelem *t, const char *name)
{
	int rc = xb_mapelem_init(t, name);

	if (rc == 0 && is_element(init->arg))
		rc = apply_element(t, init->arg + name_bytes(init->arg) + 1);
	else if (rc == 0)
		rc = apply_file(init, t, name);
	xb_mapelem_fini(t);
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
	struct xb_mapelem t = { .o = o, .try = true, .err = &err };
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

static int
apply_live(struct xb_mapinit *init, struct xb_object *o, struct bpf_map *bpf, struct xb_err *err)
{
	const char *where = init->arg + name_bytes(init->arg) + 1;

	if (xb_maplive_use(o, bpf, where, &init->live, err) == 0)
		return 0;
	xb_err_prefix(err, "map '%s'", bpf_map__name(bpf));
	return xb_err_prefix(err, "--map");
}

int
xb_mapinit_apply(struct xb_mapinit *init, struct xb_object *o, bool loaded, struct xb_err *err)
{
	struct xb_mapelem t = { .o = o, .err = err };
	char name[64];
	int rc;

	t.bpf = find_map(init, o, name);
	if (!t.bpf) {
		xb_err_set(err, XB_ERR_USAGE, "no map '%s' in %s", name, o->opts.path);
		return xb_err_prefix(err, "--map");
	}
	if (xb_mapinit_is_live(init))
		return loaded ? 0 : apply_live(init, o, t.bpf, err);
	if (bpf_map__is_internal(t.bpf) == loaded)
		return 0;
	if (!loaded && bpf_map__fd(t.bpf) >= 0) {
		xb_err_set(err, XB_ERR_USAGE,
		           "map '%s' is the kernel's: its variables are not set anew", name);
		return xb_err_prefix(err, "--map");
	}
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
