/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/helper.h"

#include "emu/helpers_priv.h"

#include <assert.h>

#define HELPER_NAME(x) [BPF_FUNC_##x] = #x
static const char *const names[] = { __BPF_FUNC_MAPPER(HELPER_NAME) };

/* Numbers that an older uapi header may lack; no more will be given out (Documentation/bpf). */
#define LATE_FIRST 210
static const char *const late_names[] = { "cgrp_storage_get", "cgrp_storage_delete" };

const char *
xb_helper_name(u32 id)
{
	if (id == BPF_FUNC_unspec)
		return NULL;
	if (id < XB_ARRAY_SIZE(names))
		return names[id];
	if (id >= LATE_FIRST && id - LATE_FIRST < XB_ARRAY_SIZE(late_names))
		return late_names[id - LATE_FIRST];
	return NULL;
}

void
xb_helper_register(struct xb_emu *emu, const struct xb_helper *rows, u32 cnt)
{
	assert(emu->helper_tables < XB_ARRAY_SIZE(emu->helpers));
	emu->helpers[emu->helper_tables] = rows;
	emu->helpers_cnt[emu->helper_tables] = cnt;
	emu->helper_tables++;
}

void
xb_helper_register_ctx(struct xb_emu *emu, const struct xb_helper *rows, u32 cnt)
{
	emu->ctx_tables |= 1ull << emu->helper_tables;
	xb_helper_register(emu, rows, cnt);
}

#define TABLE(name) &xb_helpers_##name,
void
xb_helper_register_base(struct xb_emu *emu)
{
	static const struct xb_helper_table *const tables[] = { XB_HELPER_TABLES(TABLE) };

	for (size_t i = 0; i < XB_ARRAY_SIZE(tables); i++)
		xb_helper_register(emu, tables[i]->rows, tables[i]->cnt);
}
#undef TABLE

const struct xb_helper *
xb_helper_find(const struct xb_emu *emu, u32 id, u32 prog_type)
{
	u64 types = prog_type < 64 ? XB_PROG_TYPE_BIT(prog_type) : XB_PROG_TYPES_ALL;

	for (u32 t = emu->helper_tables; t-- > 0;) {
		for (u32 i = 0; i < emu->helpers_cnt[t]; i++) {
			const struct xb_helper *row = &emu->helpers[t][i];

			if (row->id == id && (row->prog_types & types))
				return row;
		}
	}
	return NULL;
}

bool
xb_helper_needs_ctx(const struct xb_emu *emu, const struct xb_helper *row)
{
	/* Bytes: the difference of what are two arrays is no number of rows. */
	for (u32 t = 0; t < emu->helper_tables; t++)
		if ((uintptr_t)row - (uintptr_t)emu->helpers[t] <
		    emu->helpers_cnt[t] * sizeof(*row))
			return emu->ctx_tables >> t & 1;
	return false;
}
