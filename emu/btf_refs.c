/* SPDX-License-Identifier: BSD-2-Clause */
/* btf_refs.c - what types of BTF refer to: ids in range, of the right kinds, without loops. */
#include "emu/btf_check_priv.h"

#include <errno.h>

#define MAX_DEPTH          32 /* cf. kernel/bpf/btf.c: MAX_RESOLVE_DEPTH */
#define MAX_DEPTH_UNLINKED 1000

enum mark { UNSEEN, OPEN, DONE };

static u32
kind_by_id(const struct btf_check *c, u32 id)
{
	return id ? btf_kind_of(btf_type_of(c, id)) : BTF_KIND_UNKN;
}

/* A variable, or before linking an extern function. */
static bool
is_of_section(const struct btf_check *c, u32 kind)
{
	return kind == BTF_KIND_VAR || (c->unlinked && kind == BTF_KIND_FUNC);
}

/* Ids that members and payloads hold, and what kinds they must be of. */
static const char *
check_payload_refs(const struct btf_check *c, const struct btf_type *t)
{
	const void *p = btf_payload(t);
	const struct btf_array *a = p;
	const struct btf_member *m = p;
	const struct btf_param *arg = p;
	const struct btf_var_secinfo *v = p;
	u32 vlen = BTF_INFO_VLEN(t->info);

	switch (btf_kind_of(t)) {
	case BTF_KIND_ARRAY:
		return a->type >= c->cnt || a->index_type >= c->cnt ? "invalid element or index"
		                                                    : NULL;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (u32 i = 0; i < vlen; i++)
			if (m[i].type >= c->cnt)
				return "invalid type of a member";
		return NULL;
	case BTF_KIND_FUNC_PROTO:
		for (u32 i = 0; i < vlen; i++)
			if (arg[i].type >= c->cnt)
				return "invalid type of an argument";
		return NULL;
	case BTF_KIND_DATASEC:
		for (u32 i = 0; i < vlen; i++)
			if (v[i].type >= c->cnt || !is_of_section(c, kind_by_id(c, v[i].type)))
				return "not a variable";
		return NULL;
	default:
		return NULL;
	}
}

static const char *
check_refs(const struct btf_check *c, const struct btf_type *t)
{
	u32 kind = btf_kind_of(t);

	if (btf_refers(kind)) {
		if (t->type >= c->cnt)
			return "invalid type id";
		if (kind == BTF_KIND_FUNC && kind_by_id(c, t->type) != BTF_KIND_FUNC_PROTO)
			return "not a function's prototype";
		if (kind == BTF_KIND_VAR && t->type == 0)
			return "variable of type void";
		if (kind == BTF_KIND_DECL_TAG && t->type == 0)
			return "tag of type void";
	}
	return check_payload_refs(c, t);
}

static int resolve(struct btf_check *c, u32 id, int depth);

/*
 * Everything that a type contains or stands for, without going through pointers and functions
 * (cf. kernel/bpf/btf.c: btf_resolve).
 */
static int
resolve_parts(struct btf_check *c, const struct btf_type *t, int depth)
{
	const struct btf_array *a = btf_payload(t);
	const struct btf_member *m = btf_payload(t);
	int rc = 0;

	switch (btf_kind_of(t)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_VAR:
		return resolve(c, t->type, depth);
	case BTF_KIND_ARRAY:
		rc = resolve(c, a->index_type, depth);
		return rc ? rc : resolve(c, a->type, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		for (u32 i = 0; rc == 0 && i < BTF_INFO_VLEN(t->info); i++)
			rc = resolve(c, m[i].type, depth);
		return rc;
	default:
		return 0;
	}
}

static int
resolve(struct btf_check *c, u32 id, int depth)
{
	int rc;

	if (id == 0 || c->marks[id] == DONE)
		return 0;
	if (c->marks[id] == OPEN) {
		btf_bad(c, id, "loop detected");
		return -EEXIST;
	}
	if (depth == (c->unlinked ? MAX_DEPTH_UNLINKED : MAX_DEPTH)) {
		btf_bad(c, id, "nested too deeply");
		return -E2BIG;
	}
	c->marks[id] = OPEN;
	rc = resolve_parts(c, btf_type_of(c, id), depth + 1);
	c->marks[id] = DONE;
	return rc;
}

int
btf_check_refs(struct btf_check *c)
{
	for (u32 id = 1; id < c->cnt; id++) {
		const char *what = check_refs(c, btf_type_of(c, id));

		if (what)
			return btf_bad(c, id, what);
	}
	for (u32 id = 1; id < c->cnt; id++) {
		int rc = resolve(c, id, 0);

		if (rc)
			return rc;
	}
	return 0;
}
