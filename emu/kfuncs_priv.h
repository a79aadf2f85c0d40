/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kfuncs_priv.h - the tables of kernel functions, one a file, and how their rows are written.
 */
#ifndef XB_EMU_KFUNCS_PRIV_H
#define XB_EMU_KFUNCS_PRIV_H

#include "emu/kfunc.h"

struct xb_kfunc_table {
	const struct xb_kfunc *rows;
	u32 cnt;
};

/* X(name): every table, one a line. */
/* clang-format off */
#define XB_KFUNC_TABLES(X) \
	X(arena) \
	X(rcu)
/* clang-format on */

#define XB_KFUNC_TABLE_DECLARE(name) extern const struct xb_kfunc_table xb_kfuncs_##name;
XB_KFUNC_TABLES(XB_KFUNC_TABLE_DECLARE)
#undef XB_KFUNC_TABLE_DECLARE

/* The fields of a call that all rows have; more may follow. Its function bears the name. */
#define XB_KFUNC_CALL(kfunc, file)                                                                 \
	.name = #kfunc, .fn = kfunc, .prog_types = XB_PROG_TYPES_ALL, .source = file ": " #kfunc

#endif
