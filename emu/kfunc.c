/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/kfunc.h"

#include "emu/btf.h"
#include "emu/kfuncs_priv.h"
#include "emu/prog.h"

#include <assert.h>
#include <bpf/btf.h>
#include <errno.h>
#include <string.h>

void
xb_kfunc_register(struct xb_emu *emu, const struct xb_kfunc *rows, u32 cnt)
{
	assert(emu->kfunc_tables < XB_ARRAY_SIZE(emu->kfuncs));
	emu->kfuncs[emu->kfunc_tables] = rows;
	emu->kfuncs_cnt[emu->kfunc_tables] = cnt;
	emu->kfunc_tables++;
}

#define TABLE(name) &xb_kfuncs_##name,
void
xb_kfunc_register_base(struct xb_emu *emu)
{
	static const struct xb_kfunc_table *const tables[] = { XB_KFUNC_TABLES(TABLE) };

	for (size_t i = 0; i < XB_ARRAY_SIZE(tables); i++)
		xb_kfunc_register(emu, tables[i]->rows, tables[i]->cnt);
}
#undef TABLE

const struct xb_kfunc *
xb_kfunc_find(const struct xb_emu *emu, const char *name, u32 prog_type)
{
	u64 types = prog_type < 64 ? XB_PROG_TYPE_BIT(prog_type) : XB_PROG_TYPES_ALL;

	for (u32 t = emu->kfunc_tables; t-- > 0;) {
		for (u32 i = 0; i < emu->kfuncs_cnt[t]; i++) {
			const struct xb_kfunc *row = &emu->kfuncs[t][i];

			if (strcmp(row->call.name, name) == 0 && (row->call.prog_types & types))
				return row;
		}
	}
	return NULL;
}

const struct xb_kfunc *
xb_kfunc_at(const struct xb_emu *emu, u32 i)
{
	for (u32 t = 0; t < emu->kfunc_tables; i -= emu->kfuncs_cnt[t++])
		if (i < emu->kfuncs_cnt[t])
			return &emu->kfuncs[t][i];
	return NULL;
}

const char *
xb_kfunc_name(struct xb_emu *emu, u32 btf_id)
{
	const struct btf *btf = xb_btf_kernel_types(emu);
	const struct btf_type *t = btf ? btf__type_by_id(btf, btf_id) : NULL;
	const char *name = t && btf_is_func(t) ? btf__name_by_offset(btf, t->name_off) : NULL;

	return name && name[0] ? name : NULL;
}

/* A program that is linked anew was checked, part by part, when its parts were loaded. */
static bool
may_call_gpl(const struct xb_bpf_prog *prog)
{
	return prog->gpl_compatible || prog->vm != NULL;
}

const struct xb_kfunc *
xb_kfunc_resolve(struct xb_emu *emu, struct xb_bpf_prog *prog, const struct bpf_insn *insn,
                 struct xb_err *err)
{
	const char *name = insn->off ? NULL : xb_kfunc_name(emu, (u32)insn->imm);
	const struct xb_kfunc *row;

	prog->refusal = -EINVAL;
	if (!may_call_gpl(prog)) {
		xb_err_set(err, XB_ERR_LOAD,
		           "cannot call kernel function from non-GPL compatible program");
		return NULL;
	}
	if (insn->off) {
		xb_err_set(err, XB_ERR_LOAD, "functions of kernel modules are not emulated");
		return NULL;
	}
	if (!name) {
		xb_err_set(err, XB_ERR_LOAD, "kernel btf_id %d is not a function", insn->imm);
		return NULL;
	}
	prog->refusal = -EACCES;
	row = xb_kfunc_find(emu, name, xb_bpf_prog_type(prog));
	if (!row && xb_kfunc_find(emu, name, ~0u))
		xb_err_set(err, XB_ERR_LOAD, "calling kernel function %s is not allowed", name);
	else if (!row)
		xb_err_set(err, XB_ERR_LOAD,
		           "calling kernel function %s is not allowed: this function is not "
		           "emulated",
		           name);
	else if (row->flags & XB_KF_SLEEPABLE && !(prog->flags & BPF_F_SLEEPABLE))
		xb_err_set(err, XB_ERR_LOAD, "program must be sleepable to call sleepable kfunc %s",
		           name);
	else
		prog->refusal = 0;
	return prog->refusal ? NULL : row;
}
