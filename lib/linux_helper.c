/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers and kernel functions of the user's: rows beside the emulator's own, newest first, so that
 * one can take the place of another.
 */
#include "emu/helper.h"

#include "emu/kfunc.h"
#include "lib/linux_priv.h"
#include "lib/process_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#define MOST 256 /* of each sort */

/* What stands behind a row. */
struct lib_helper {
	struct xb_linux *lx;
	char *name; /* owned; the row's */
	struct xb_helper_opts opts;
};

/* Both tables are filled from their ends. */
struct lib_helpers {
	struct xb_helper rows[MOST];
	struct xb_kfunc kfuncs[MOST];
	u32 row_cnt, kfunc_cnt;
	u32 row_table, kfunc_table;      /* the emulator's numbers of them */
	struct lib_helper all[2 * MOST]; /* rows' first, each from the end as its row is */
};

static const struct lib_helper *
helper_of(const struct xb_linux *lx, const struct xb_helper *row)
{
	const struct lib_helpers *h = lx->helpers;

	if (row >= h->rows && row < h->rows + MOST)
		return &h->all[row - h->rows];
	return &h->all[MOST + (XB_CONTAINER_OF((uintptr_t)row, struct xb_kfunc, call) - h->kfuncs)];
}

/*
 * What an argument is to the user's function. False after a fault: sockets that are the values of
 * maps are the emulator's own, and there may be no memory for a handle.
 */
static bool
take_arg(struct xb_linux *lx, struct xb_proc *proc, const struct xb_helper *row,
         const union xb_arg *a, u32 i, union xb_helper_arg *to)
{
	struct xb_err err = XB_ERR_INIT;
	const struct xb_map *map = NULL;

	if (row->args[i] == XB_ARG_MAP) {
		to->map = lib_linux_map(lx, a[i].map, &err);
		if (!to->map)
			xb_proc_fault(proc, XB_FAULT_INTERNAL, "%s: %s", row->name, err.msg);
		return to->map != NULL;
	}
	for (u32 j = 0; row->args[i] == XB_ARG_MAP_VALUE && j < i; j++)
		if (row->args[j] == XB_ARG_MAP)
			map = a[j].map;
	if (map && map->ops->flags & XB_MAP_OF_SOCKS) {
		xb_proc_fault(proc, XB_FAULT_NOT_EMULATED,
		              "%s: argument %u: values of the map are sockets", row->name, i + 1);
		return false;
	}
	to->u = a[i].u;
	return true;
}

static u64
call_with(const struct lib_helper *h, struct xb_proc *proc, const union xb_helper_arg *args)
{
	struct xb_process visitor;
	u64 r0;

	if (XB_LIKELY(proc->user != NULL))
		return h->opts.fn(proc->user, args, h->opts.state);
	lib_visitor_init(&visitor, h->lx->head.machine, proc);
	r0 = h->opts.fn(&visitor, args, h->opts.state);
	lib_visitor_fini(&visitor);
	return r0;
}

static u64
call_user(struct xb_proc *proc, const union xb_arg *a, const struct xb_helper *row)
{
	struct xb_linux *lx = xb_proc_emu(proc)->hooks.arg;
	union xb_helper_arg args[5] = { 0 };
	u64 r0 = 0;
	u32 cnt = 0;

	while (cnt < 5 && take_arg(lx, proc, row, a, cnt, &args[cnt]))
		cnt++;
	if (cnt == 5)
		r0 = call_with(helper_of(lx, row), proc, args);
	for (u32 i = 0; i < cnt; i++)
		if (row->args[i] == XB_ARG_MAP)
			xb_linux_map_close(args[i].map);
	return r0;
}

/* Kinds that are the emulator's own business: what they lead to is nothing that a host has. */
static bool
is_for_users(enum xb_arg_kind kind)
{
	static const bool inner[XB_ARG_KIND_CNT] = {
		[XB_ARG_RECORD] = true, [XB_ARG_SOCK_COMMON] = true, [XB_ARG_TIMER] = true,
		[XB_ARG_DYNPTR] = true, [XB_ARG_DYNPTR_W] = true,    [XB_ARG_SPIN_LOCK] = true,
	};

	return kind < XB_ARG_KIND_CNT && !inner[kind];
}

static bool
is_sized(enum xb_arg_kind kind)
{
	return kind == XB_ARG_MEM || kind == XB_ARG_MEM_W || kind == XB_ARG_MEM_OR_NULL ||
	       kind == XB_ARG_MEM_W_OR_NULL;
}

static bool
is_size(enum xb_arg_kind kind)
{
	return kind == XB_ARG_SIZE || kind == XB_ARG_SIZE_OR_0;
}

static bool
is_of_map(enum xb_arg_kind kind)
{
	return kind == XB_ARG_MAP_KEY || kind == XB_ARG_MAP_VALUE || kind == XB_ARG_MAP_VALUE_W ||
	       kind == XB_ARG_MAP_VALUE_OR_NULL;
}

/* What one argument says of another has to be there: what is wrong with argument i, or NULL. */
static const char *
wrong_arg(const enum xb_arg_kind args[5], u32 i, bool map)
{
	enum xb_arg_kind kind = args[i], next = i < 4 ? args[i + 1] : XB_ARG_NONE;

	if (!is_for_users(kind))
		return "no kind for users";
	if (is_sized(kind) && !is_size(next))
		return "memory without a size behind it";
	if (is_size(kind) && (i == 0 || !is_sized(args[i - 1])))
		return "a size without memory before it";
	if (is_of_map(kind) && !map)
		return "of a map, without one before it";
	if (kind != XB_ARG_NONE && i > 0 && args[i - 1] == XB_ARG_NONE)
		return "behind one that is not there";
	return NULL;
}

static int
check_args(const struct xb_helper_opts *o, struct xb_err *err)
{
	bool map = false;

	for (u32 i = 0; i < 5; i++) {
		const char *wrong = wrong_arg(o->args, i, map);

		if (wrong)
			return xb_err_set(err, XB_ERR_USAGE, "argument %u: %s", i + 1, wrong);
		map |= o->args[i] == XB_ARG_MAP;
	}
	return 0;
}

static int
check_opts(const struct xb_helper_opts *o, struct xb_err *err)
{
	if (!o->name || !o->name[0] || strlen(o->name) > 127)
		return xb_err_set(err, XB_ERR_USAGE, "a name of 1 to 127 characters is needed");
	for (const char *p = o->name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return xb_err_set(err, XB_ERR_USAGE, "'%s' is no name of a function",
			                  o->name);
	if (!o->fn)
		return xb_err_set(err, XB_ERR_USAGE, "no function");
	if (o->id >= XB_EMU_HELPER_MAX)
		return xb_err_set(err, XB_ERR_USAGE, "number %u; 1 to %d are allowed", o->id,
		                  XB_EMU_HELPER_MAX - 1);
	return check_args(o, err);
}

/* Makes both tables, empty. */
static int
make_tables(struct xb_linux *lx, struct xb_err *err)
{
	struct lib_helpers *h;

	if (lx->helpers)
		return 0;
	h = calloc(1, sizeof(*h));
	if (!h)
		return xb_err_errno(err, ENOMEM, "helpers");
	h->row_table = lx->emu->helper_tables;
	h->kfunc_table = lx->emu->kfunc_tables;
	xb_helper_register(lx->emu, h->rows + MOST, 0);
	xb_kfunc_register(lx->emu, h->kfuncs + MOST, 0);
	lx->helpers = h;
	return 0;
}

static struct xb_helper
row_of(const struct lib_helper *h)
{
	struct xb_helper row = {
		.id = h->opts.id,
		.name = h->name,
		.prog_types = h->opts.prog_types ? h->opts.prog_types : XB_PROG_TYPES_ALL,
		.gpl_only = h->opts.gpl_only,
		.might_sleep = h->opts.might_sleep,
		.source = "the user",
		.own = call_user,
	};

	memcpy(row.args, h->opts.args, sizeof(row.args));
	return row;
}

static void
add_row(struct xb_linux *lx, const struct lib_helper *made)
{
	struct lib_helpers *h = lx->helpers;
	u32 at;

	if (made->opts.id) {
		at = MOST - ++h->row_cnt;
		h->all[at] = *made;
		h->rows[at] = row_of(made);
		lx->emu->helpers[h->row_table] = &h->rows[at];
		lx->emu->helpers_cnt[h->row_table] = h->row_cnt;
		return;
	}
	at = MOST - ++h->kfunc_cnt;
	h->all[MOST + at] = *made;
	h->kfuncs[at] = (struct xb_kfunc){ .call = row_of(made),
		                           .flags = made->opts.might_sleep ? XB_KF_SLEEPABLE : 0 };
	lx->emu->kfuncs[h->kfunc_table] = &h->kfuncs[at];
	lx->emu->kfuncs_cnt[h->kfunc_table] = h->kfunc_cnt;
}

int
xb_linux_add_helper(struct xb_linux *lx, const struct xb_helper_opts *opts, struct xb_err *err)
{
	struct lib_helper made = { .lx = lx };

	if (lib_opts_copy(&made.opts, sizeof(made.opts), opts, "helper", err) != 0)
		return -1;
	if (check_opts(&made.opts, err) != 0 || make_tables(lx, err) != 0)
		return xb_err_prefix(err, "helper '%.64s'", made.opts.name ? made.opts.name : "");
	if ((made.opts.id ? lx->helpers->row_cnt : lx->helpers->kfunc_cnt) == MOST)
		return xb_err_set(err, XB_ERR_USAGE, "helper '%s': more than %d", made.opts.name,
		                  MOST);
	made.name = strdup(made.opts.name);
	if (!made.name)
		return xb_err_errno(err, ENOMEM, "helper '%s'", made.opts.name);
	add_row(lx, &made);
	return 0;
}

void
lib_linux_helpers_free(struct xb_linux *lx)
{
	struct lib_helpers *h = lx->helpers;

	if (!h)
		return;
	for (u32 i = 0; i < 2 * MOST; i++) {
		if (h->all[i].opts.release)
			h->all[i].opts.release(h->all[i].opts.state);
		free(h->all[i].name);
	}
	free(h);
}
