/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * legacy_btf.c - says in BTF what definitions of the old kind say in data.
 *
 * Each map becomes a variable of a struct of its own, whose members are pointers to arrays with as
 * many elements as the member's number, like those that __uint() makes. Nobody ever makes such a
 * struct: all members are at offset 0, so that it fits the old definition.
 */
#include "emu/btf.h"
#include "emu/legacy_priv.h"
#include "emu/log.h"

#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OLD_SECTION "maps"
#define NEW_SECTION ".maps"
#define DEF_BYTES   8u /* of the struct: one pointer */

/* What is being made. */
struct types {
	struct btf *btf;
	int index; /* u32, of arrays */
	int unit;  /* one byte, so that arrays of any length have a size */
};

/*
 * Member name and where its number is. Those that are seldom used are left out where they are 0: an
 * inner map must not have all.
 */
static const struct member {
	const char *name;
	size_t off;
	bool seldom;
} members[] = {
	{ "type", offsetof(struct xb_legacy_map, type), false },
	{ "key_size", offsetof(struct xb_legacy_map, key_size), false },
	{ "value_size", offsetof(struct xb_legacy_map, value_size), false },
	{ "max_entries", offsetof(struct xb_legacy_map, max_entries), false },
	{ "map_flags", offsetof(struct xb_legacy_map, flags), false },
	{ "numa_node", offsetof(struct xb_legacy_map, numa_node), true },
	{ "pinning", offsetof(struct xb_legacy_map, pinning), true },
};

/* A struct in the making: its members' types come before it. */
struct def {
	struct {
		const char *name;
		int type;
	} fields[XB_ARRAY_SIZE(members) + 3]; /* and key, value, values */
	u32 cnt;
};

/* What is in an outer map that does not say so. */
static const struct xb_legacy_map any_inner = {
	.name = "",
	.type = BPF_MAP_TYPE_ARRAY,
	.key_size = sizeof(u32),
	.value_size = sizeof(u32),
	.max_entries = 1,
};

static u32
number_of(const struct xb_legacy_map *map, const struct member *m)
{
	return *(const u32 *)(const void *)((const u8 *)map + m->off);
}

/* Ids or -errno, like all that libbpf adds. */
static int
add_field(struct def *def, const char *name, int type)
{
	if (type >= 0) {
		def->fields[def->cnt].name = name;
		def->fields[def->cnt++].type = type;
	}
	return type;
}

static int
add_numbers(const struct types *t, const struct xb_legacy_map *map, struct def *def)
{
	for (size_t i = 0; i < XB_ARRAY_SIZE(members); i++) {
		u32 n = number_of(map, &members[i]);
		int id;

		if (n == 0 && members[i].seldom)
			continue;
		id = btf__add_array(t->btf, t->index, t->unit, n);
		if (id >= 0)
			id = add_field(def, members[i].name, btf__add_ptr(t->btf, id));
		if (id < 0)
			return id;
	}
	return 0;
}

/*
 * struct ____btf_map_NAME { KEY key; VALUE value; }, which BPF_ANNOTATE_KV_PAIR left, where there
 * is one that fits (cf. libbpf 0.8: btf__get_map_kv_tids).
 */
static int
add_annotation(const struct types *t, const struct xb_legacy_map *map, struct def *def)
{
	char name[256];
	const struct btf_type *s;
	int id, key, value;

	if ((size_t)snprintf(name, sizeof(name), "____btf_map_%s", map->name) >= sizeof(name))
		return 0;
	id = btf__find_by_name_kind(t->btf, name, BTF_KIND_STRUCT);
	if (id < 0)
		return 0;
	s = btf__type_by_id(t->btf, (u32)id);
	if (btf_vlen(s) != 2 ||
	    btf__resolve_size(t->btf, btf_members(s)[0].type) != (s64)map->key_size ||
	    btf__resolve_size(t->btf, btf_members(s)[1].type) != (s64)map->value_size)
		return 0;
	key = (int)btf_members(s)[0].type; /* the types move as more are added */
	value = (int)btf_members(s)[1].type;
	id = add_field(def, "key", btf__add_ptr(t->btf, key));
	return id < 0 ? id : add_field(def, "value", btf__add_ptr(t->btf, value));
}

/* `values`, the last member: an array without elements of pointers to the inner map's struct. */
static int
add_values(const struct types *t, int inner, struct def *def)
{
	int id = btf__add_ptr(t->btf, inner);

	if (id >= 0)
		id = btf__add_array(t->btf, t->index, id, 0);
	return add_field(def, "values", id);
}

/* The struct's id, or -errno. `inner` is the struct of an outer map's inner one. */
static int
add_def(const struct types *t, const struct xb_legacy_map *map, int inner)
{
	struct def def = { .cnt = 0 };
	int id, rc;

	rc = add_numbers(t, map, &def);
	if (rc >= 0)
		rc = map->is_outer ? add_values(t, inner, &def) : add_annotation(t, map, &def);
	id = rc < 0 ? rc : btf__add_struct(t->btf, NULL, DEF_BYTES);
	if (id < 0)
		return id;
	for (u32 i = 0; i < def.cnt; i++) {
		rc = btf__add_field(t->btf, def.fields[i].name, def.fields[i].type, 0, 0);
		if (rc < 0)
			return rc;
	}
	return id;
}

/* The structs of all maps; outer ones last, for they name others. */
static int
add_defs(const struct types *t, const struct xb_legacy_maps *maps, int *defs)
{
	int any = 0;

	for (u32 i = 0; i < maps->cnt; i++) {
		if (maps->maps[i].is_outer)
			continue;
		defs[i] = add_def(t, &maps->maps[i], 0);
		if (defs[i] < 0)
			return defs[i];
	}
	for (u32 i = 0; i < maps->cnt; i++) {
		const struct xb_legacy_map *map = &maps->maps[i];

		if (!map->is_outer)
			continue;
		if (!map->knows_inner && any == 0)
			any = add_def(t, &any_inner, 0);
		if (any < 0)
			return any;
		defs[i] = add_def(t, map, map->knows_inner ? defs[map->inner_idx] : any);
		if (defs[i] < 0)
			return defs[i];
	}
	return 0;
}

/* `ids` has room for one of each map. */
static int
add_maps(struct types *t, const struct xb_legacy_maps *maps, int *ids)
{
	int rc;

	t->index = btf__add_int(t->btf, "__u32", 4, 0);
	t->unit = btf__add_int(t->btf, "__u8", 1, 0);
	if (t->index < 0 || t->unit < 0)
		return t->index < 0 ? t->index : t->unit;
	rc = add_defs(t, maps, ids);
	if (rc < 0)
		return rc;
	for (u32 i = 0; i < maps->cnt; i++) {
		ids[i] = btf__add_var(t->btf, maps->maps[i].name, BTF_VAR_GLOBAL_ALLOCATED, ids[i]);
		if (ids[i] < 0)
			return ids[i];
	}
	rc = btf__add_datasec(t->btf, NEW_SECTION, maps->cnt * maps->def_bytes);
	for (u32 i = 0; rc >= 0 && i < maps->cnt; i++)
		rc = btf__add_datasec_var_info(t->btf, ids[i], maps->maps[i].off, maps->def_bytes);
	return rc < 0 ? rc : 0;
}

/*
 * Makes sections "maps" that the compiler described into something of the same size that nobody
 * looks at: libbpf would miss them in the file. A union of as many numbers; its variables stay,
 * in no section. No type can refer to a section, so none finds itself changed.
 */
static void
bury_old(const struct types *t, u32 type_cnt)
{
	for (u32 id = 1; id < type_cnt; id++) {
		struct btf_type *sec = (struct btf_type *)(uintptr_t)btf__type_by_id(t->btf, id);
		const char *name = btf__name_by_offset(t->btf, sec->name_off);
		struct btf_member *m;
		u32 cnt = btf_vlen(sec);

		if (!btf_is_datasec(sec) || !name || strcmp(name, OLD_SECTION) != 0)
			continue;
		_Static_assert(sizeof(struct btf_member) == sizeof(struct btf_var_secinfo),
		               "members take the place of variables");
		sec->name_off = 0;
		sec->info = (u32)BTF_KIND_UNION << 24 | cnt;
		sec->size = sizeof(u32);
		m = btf_members(sec);
		for (u32 i = 0; i < cnt; i++)
			m[i] = (struct btf_member){ .type = (u32)t->index };
	}
}

/* Sound enough to be walked: 0, or -1 and err. */
static int
check_own(const u8 *own, size_t bytes, struct xb_err *err)
{
	char text[256] = "";
	struct xb_log log;
	int rc;

	xb_log_begin(&log, 1, (uintptr_t)text, sizeof(text));
	rc = bytes > UINT32_MAX ? -E2BIG : xb_btf_check(own, (u32)bytes, XB_BTF_UNLINKED, &log);
	if (rc == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return xb_err_set(err, rc == -ENOMEM ? XB_ERR_SYSTEM : XB_ERR_LOAD,
	                  "corrupt " BTF_ELF_SEC " section: %s", text[0] ? text : strerror(-rc));
}

static struct btf *
open_own(const u8 *own, size_t bytes, struct xb_err *err)
{
	struct btf *btf;
	u8 *copy;

	if (!own) {
		btf = btf__new_empty();
		if (!btf)
			xb_err_errno(err, errno, "legacy maps: BTF");
		return btf;
	}
	copy = malloc(bytes); /* aligned, which a section need not be */
	if (!copy) {
		xb_err_errno(err, ENOMEM, "legacy maps: BTF");
		return NULL;
	}
	memcpy(copy, own, bytes);
	btf = NULL;
	if (check_own(copy, bytes, err) == 0) {
		btf = btf__new(copy, (u32)bytes);
		if (!btf)
			xb_err_errno(err, errno, "legacy maps: BTF");
	}
	free(copy);
	return btf;
}

struct btf *
xb_legacy_btf(const struct xb_legacy_maps *maps, const u8 *own, size_t own_bytes,
              struct xb_err *err)
{
	int *ids = calloc(maps->cnt, sizeof(*ids));
	struct types t = { 0 };
	u32 type_cnt;
	int rc;

	if (!ids) {
		xb_err_errno(err, ENOMEM, "legacy maps: BTF");
		return NULL;
	}
	t.btf = open_own(own, own_bytes, err);
	if (!t.btf)
		goto free_ids;
	btf__set_pointer_size(t.btf, 8);
	type_cnt = btf__type_cnt(t.btf);
	rc = add_maps(&t, maps, ids);
	if (rc < 0) {
		xb_err_errno(err, -rc, "legacy maps: BTF");
		goto free_btf;
	}
	bury_old(&t, type_cnt);
	free(ids);
	return t.btf;

free_btf:
	btf__free(t.btf);
free_ids:
	free(ids);
	return NULL;
}
