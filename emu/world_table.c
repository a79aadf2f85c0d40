/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * world_table.c - names of routing tables.
 */
#include "emu/world_priv.h"

#include <ctype.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static const struct world_name known[] = { { "default", RT_TABLE_DEFAULT },
	                                   { "main", RT_TABLE_MAIN },
	                                   { "local", RT_TABLE_LOCAL },
	                                   { NULL, 0 } };

int
world_add_table(struct world_reader *r, const char *name, u32 number)
{
	struct world_name *t = world_add(r, &r->tables, &r->table_cnt, sizeof(*t));

	if (!t)
		return -1;
	t->number = number;
	t->name = strdup(name);
	return t->name ? 0 : xb_err_errno(r->err, ENOMEM, "world");
}

void
world_free_tables(struct world_reader *r)
{
	for (u32 i = 0; i < r->table_cnt; i++)
		free((char *)(uintptr_t)r->tables[i].name);
	free(r->tables);
}

int
world_read_tables(struct world_reader *r, const struct xb_value *v)
{
	if (v->kind != XB_VALUE_OBJECT)
		return world_fail(r, v, "expected an object");
	for (const struct xb_value *m = v->first; m; m = m->next) {
		u64 n = 0;

		if (world_find_name(known, m->key) || isdigit((unsigned char)m->key[0]))
			return world_fail(r, m, "has a number already");
		if (xb_value_member(v, m->key) != m)
			return world_fail(r, m, "given twice");
		if (world_number(r, m, UINT32_MAX, &n) != 0 ||
		    world_add_table(r, m->key, (u32)n) != 0)
			return -1;
	}
	return 0;
}

int
world_table(const struct world_reader *r, const struct xb_value *v, u32 *table)
{
	const struct world_name *row;
	u64 n = 0;

	if (v->kind == XB_VALUE_STRING && !isdigit((unsigned char)v->text[0])) {
		row = world_find_name(known, v->text);
		for (u32 i = 0; !row && i < r->table_cnt; i++)
			row = strcmp(r->tables[i].name, v->text) ? NULL : &r->tables[i];
		if (!row)
			return world_fail(r, v, "'%.40s' is no table of \"tables\"", v->text);
		*table = row->number;
		return 0;
	}
	if (world_number(r, v, UINT32_MAX, &n) != 0)
		return -1;
	*table = (u32)n;
	return 0;
}
