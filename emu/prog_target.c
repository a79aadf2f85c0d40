/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_target.c - whether a program fits the function of another program that it is meant for.
 */
#include "emu/btf.h"
#include "emu/prog_priv.h"

#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

/* The index of the function with that BTF id, or -1. */
static int
func_by_btf_id(const struct xb_bpf_prog *prog, u32 btf_id)
{
	for (u32 i = 0; i < prog->func_info_cnt; i++)
		if (prog->func_info[i].type_id == btf_id)
			return (int)i;
	return -1;
}

/* A type without typedefs and modifiers; NULL for void. */
static const struct btf_type *
skip_mods(const struct btf *btf, u32 id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (id && (btf_is_mod(t) || btf_is_typedef(t))) {
		id = t->type;
		t = btf__type_by_id(btf, id);
	}
	return id ? t : NULL;
}

/*
 * Kinds of values that a register passes alike: numbers of one size, pointers to structs of one
 * name.
 */
static bool
passes_alike(const struct btf *a, u32 a_id, const struct btf *b, u32 b_id)
{
	const struct btf_type *ta = skip_mods(a, a_id), *tb = skip_mods(b, b_id);
	bool a_is_number, b_is_number;

	if (ta == NULL || tb == NULL)
		return ta == tb;
	a_is_number = btf_is_int(ta) || btf_is_any_enum(ta);
	b_is_number = btf_is_int(tb) || btf_is_any_enum(tb);
	if (a_is_number || b_is_number)
		return a_is_number && b_is_number && ta->size == tb->size;
	if (!btf_is_ptr(ta) || !btf_is_ptr(tb))
		return false;
	ta = skip_mods(a, ta->type);
	tb = skip_mods(b, tb->type);
	if (ta == NULL || tb == NULL)
		return ta == tb;
	return btf_kind(ta) == btf_kind(tb) && strcmp(btf__name_by_offset(a, ta->name_off),
	                                              btf__name_by_offset(b, tb->name_off)) == 0;
}

/* cf. kernel/bpf/btf.c: btf_check_func_type_match */
static int
check_types(const struct xb_bpf_prog *prog, const struct xb_bpf_prog *target, u32 btf_id,
            struct xb_log *log)
{
	const struct btf *a = prog->btf->btf, *b = target->btf->btf;
	const struct btf_type *fa = btf__type_by_id(a, prog->func_info[0].type_id);
	const struct btf_type *fb = btf__type_by_id(b, btf_id);
	const char *name_a = btf__name_by_offset(a, fa->name_off);
	const char *name_b = btf__name_by_offset(b, fb->name_off);
	const struct btf_param *pa, *pb;

	fa = btf__type_by_id(a, fa->type);
	fb = btf__type_by_id(b, fb->type);
	if (btf_vlen(fa) != btf_vlen(fb)) {
		xb_log_printf(log, "%s() has %u args while %s() has %u args\n", name_a,
		              btf_vlen(fa), name_b, btf_vlen(fb));
		return -EINVAL;
	}
	if (!passes_alike(a, fa->type, b, fb->type)) {
		xb_log_printf(log, "Return types of %s() and %s() do not match\n", name_a, name_b);
		return -EINVAL;
	}
	pa = btf_params(fa);
	pb = btf_params(fb);
	for (u32 i = 0; i < btf_vlen(fa); i++)
		if (!passes_alike(a, pa[i].type, b, pb[i].type)) {
			xb_log_printf(log, "arg%u in %s() and %s() have different types\n", i,
			              name_a, name_b);
			return -EINVAL;
		}
	return 0;
}

/* What only EXT programs are asked. */
static int
check_ext(const struct xb_bpf_prog *prog, const struct xb_bpf_prog *target, u32 btf_id, int func,
          struct xb_log *log)
{
	const struct btf_type *t = btf__type_by_id(target->btf->btf, btf_id);

	if (func > 0 && btf_vlen(t) == BTF_FUNC_STATIC) {
		xb_log_printf(log, "Cannot replace static functions\n");
		return -EINVAL;
	}
	if (target->type == BPF_PROG_TYPE_TRACING) {
		xb_log_printf(log, "Cannot extend fentry/fexit\n");
		return -EINVAL;
	}
	if (prog->btf == NULL || prog->func_info_cnt == 0) {
		xb_log_printf(log, "extension programs need BTF and func_info\n");
		return -EINVAL;
	}
	return check_types(prog, target, btf_id, log);
}

int
xb_prog_check_target(const struct xb_bpf_prog *prog, const struct xb_bpf_prog *target, u32 btf_id,
                     struct xb_log *log)
{
	const struct btf_type *t;
	const char *reason = NULL;
	int func = -1;

	/* Differs: what nothing calls here is for no function in particular. */
	if (target == NULL && prog->emu->any_target)
		return 0;
	if (btf_id == 0)
		reason = "Tracing programs must provide btf_id";
	else if (target == NULL)
		reason = prog->type == BPF_PROG_TYPE_EXT
		                 ? "Cannot replace kernel functions"
		                 : "functions of the kernel are not emulated";
	else if (target->btf == NULL)
		reason = "FENTRY/FEXIT program can only be attached to another program annotated "
		         "with BTF";
	else if (target->type == prog->type)
		reason = "Cannot recursively attach";
	if (reason) {
		xb_log_printf(log, "%s\n", reason);
		return -EINVAL;
	}
	t = btf__type_by_id(target->btf->btf, btf_id);
	if (t == NULL) {
		xb_log_printf(log, "attach_btf_id %u is invalid\n", btf_id);
		return -EINVAL;
	}
	func = func_by_btf_id(target, btf_id);
	if (func < 0) {
		xb_log_printf(log, "Subprog %s doesn't exist\n",
		              btf__name_by_offset(target->btf->btf, t->name_off));
		return -EINVAL;
	}
	return prog->type == BPF_PROG_TYPE_EXT ? check_ext(prog, target, btf_id, func, log) : 0;
}
