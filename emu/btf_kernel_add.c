/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_kernel_add.c - functions that the host's kernel has not, but the emulator: as the object
 * declares them, put behind the kernel's own types.
 *
 * Of a declaration libbpf compares kinds alone (bpf_core_types_are_compat), so that is what is
 * copied.
 */
#include "emu/btf_kernel_priv.h"

#include "emu/btf.h"
#include "emu/kfunc.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH  16
#define MAX_PARAMS 12 /* more no program can pass */

static int copy_type(struct btf *to, const struct btf *from, u32 id, u32 depth);

/* A prototype: its id, or -errno. What it is made of goes first. */
static int
copy_proto(struct btf *to, const struct btf *from, const struct btf_type *t, u32 depth)
{
	const struct btf_param *params = btf_params(t);
	int ret = copy_type(to, from, t->type, depth + 1), ids[MAX_PARAMS], id, rc = 0;
	u32 cnt = btf_vlen(t);

	if (cnt > MAX_PARAMS)
		return -E2BIG;
	for (u32 i = 0; i < cnt; i++) {
		ids[i] = copy_type(to, from, params[i].type, depth + 1);
		if (ids[i] < 0)
			return ids[i];
	}
	id = ret < 0 ? ret : btf__add_func_proto(to, ret);
	for (u32 i = 0; id >= 0 && rc == 0 && i < cnt; i++)
		rc = btf__add_func_param(to, NULL, ids[i]);
	return rc ? rc : id;
}

/* A type of the same kind, without names and members: its id, 0: void; or -errno. */
static int
copy_type(struct btf *to, const struct btf *from, u32 id, u32 depth)
{
	const struct btf_type *t = btf__type_by_id(from, id);
	int inner;

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(from, id = t->type);
	if (!t || depth > MAX_DEPTH)
		return -EINVAL;
	if (id == 0)
		return 0;
	switch (btf_kind(t)) {
	case BTF_KIND_INT:
		return btf__add_int(to, "int", t->size, 0);
	case BTF_KIND_PTR:
		inner = copy_type(to, from, t->type, depth + 1);
		return inner < 0 ? inner : btf__add_ptr(to, inner);
	case BTF_KIND_STRUCT:
		return btf__add_struct(to, NULL, 0);
	case BTF_KIND_UNION:
		return btf__add_union(to, NULL, 0);
	case BTF_KIND_FWD:
		return btf__add_fwd(to, "fwd", btf_kflag(t) ? BTF_FWD_UNION : BTF_FWD_STRUCT);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return btf__add_enum(to, NULL, 4);
	case BTF_KIND_FUNC_PROTO:
		return copy_proto(to, from, t, depth);
	default:
		return -EINVAL;
	}
}

/* The name of a FUNC that is declared, is one of the emulator's, and not in `host`; or NULL. */
static const char *
missing(const struct xb_emu *emu, const struct btf *host, const struct btf *own,
        const struct btf_type *t)
{
	const char *name = btf__name_by_offset(own, t->name_off);

	if (!btf_is_func(t) || btf_vlen(t) != BTF_FUNC_EXTERN || !name || !name[0])
		return NULL;
	if (!xb_kfunc_find(emu, name, ~0u) ||
	    btf__find_by_name_kind(host, name, BTF_KIND_FUNC) >= 0)
		return NULL;
	return name;
}

/* Adds all that are missing; how many that were, or -errno. */
static int
add_missing(const struct xb_emu *emu, struct btf *host, const struct btf *own)
{
	int cnt = 0;

	for (u32 id = 1; id < btf__type_cnt(own); id++) {
		const struct btf_type *t = btf__type_by_id(own, id);
		const char *name = missing(emu, host, own, t);
		int proto = name ? copy_type(host, own, t->type, 0) : 0;

		if (!name)
			continue;
		if (proto > 0)
			proto = btf__add_func(host, name, BTF_FUNC_GLOBAL, proto);
		if (proto < 0)
			return proto;
		cnt++;
	}
	return cnt;
}

/* Whether the object declares any function at all that the emulator has. */
static bool
declares_any(const struct xb_emu *emu, const struct btf *own)
{
	for (u32 id = 1; id < btf__type_cnt(own); id++) {
		const struct btf_type *t = btf__type_by_id(own, id);
		const char *name = btf__name_by_offset(own, t->name_off);

		if (btf_is_func(t) && btf_vlen(t) == BTF_FUNC_EXTERN && name &&
		    xb_kfunc_find(emu, name, ~0u))
			return true;
	}
	return false;
}

/* What is in `btf`, in place of the blob's. */
static int
take_raw(struct xb_btf_blob *b, const struct btf *btf)
{
	u32 bytes;
	const void *raw = btf__raw_data(btf, &bytes);
	u8 *data = raw ? malloc(bytes) : NULL;

	if (!data)
		return -ENOMEM;
	memcpy(data, raw, bytes);
	free(b->data);
	b->data = data;
	b->bytes = bytes;
	return 0;
}

int
xb_btf_kernel_add(const struct xb_emu *emu, struct xb_btf_blob *host, const struct xb_btf_blob *own)
{
	struct btf *types, *kernel = NULL;
	int rc = 0;

	if (!own->data)
		return 0;
	types = btf__new(own->data, (u32)own->bytes);
	if (!types)
		return -EINVAL;
	if (declares_any(emu, types)) {
		kernel = btf__new(host->data, (u32)host->bytes);
		rc = kernel ? add_missing(emu, kernel, types) : -EINVAL;
		if (rc > 0)
			rc = take_raw(host, kernel);
	}
	btf__free(kernel);
	btf__free(types);
	return rc;
}

/* cf. libbpf: btf_get_kernel_prefix_kind */
static int
add_target(struct btf *btf)
{
	static const char *const funcs[] = {
		XB_BTF_TARGET,             /* fentry, fexit, fmod_ret */
		"bpf_lsm_" XB_BTF_TARGET,  /* lsm */
		"bpf_iter_" XB_BTF_TARGET, /* iter */
	};
	int proto = btf__add_func_proto(btf, 0), rc = proto;

	for (size_t i = 0; rc >= 0 && i < XB_ARRAY_SIZE(funcs); i++)
		rc = btf__add_func(btf, funcs[i], BTF_FUNC_GLOBAL, proto);
	if (rc >= 0)
		rc = btf__add_ptr(btf, proto);
	if (rc >= 0)
		rc = btf__add_typedef(btf, "btf_trace_" XB_BTF_TARGET, rc); /* tp_btf */
	return rc < 0 ? rc : 0;
}

int
xb_btf_kernel_add_target(struct xb_btf_blob *b)
{
	struct btf *btf = b->data ? btf__new(b->data, (u32)b->bytes) : btf__new_empty();
	int rc = btf ? add_target(btf) : -EINVAL;

	if (rc == 0)
		rc = take_raw(b, btf);
	btf__free(btf);
	return rc;
}
