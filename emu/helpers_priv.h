/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * helpers_priv.h - the tables of generic helpers, one a file, and how their rows are written.
 *
 * A helper's function bears its kernel function's name without "bpf_". Its row:
 *
 *   ROW(id, file, kernel function, { arguments })
 */
#ifndef XB_EMU_HELPERS_PRIV_H
#define XB_EMU_HELPERS_PRIV_H

#include "emu/helper.h"

struct xb_helper_table {
	const struct xb_helper *rows;
	u32 cnt;
};

/* X(name): every table, one a line; the last row for a number and program type wins. */
/* clang-format off */
#define XB_HELPER_TABLES(X) \
	X(map) \
	X(time) \
	X(trace) \
	X(string) \
	X(loop) \
	X(ringbuf) \
	X(misc) \
	X(lock) \
	X(dynptr) \
	X(timer) \
	X(sk_storage) \
	X(owner_storage) \
	X(sock) \
	X(syncookie) \
	X(captured) \
	X(perf) \
	X(sys) \
	X(btf) \
	X(user_ringbuf) \
	X(cgroup_storage)
/* clang-format on */

#define XB_HELPER_TABLE_DECLARE(name) extern const struct xb_helper_table xb_helpers_##name;
XB_HELPER_TABLES(XB_HELPER_TABLE_DECLARE)
#undef XB_HELPER_TABLE_DECLARE

/* The fields of a row that all helpers have; more may follow. */
#define XB_HELPER_ROW(helper, file)                                                                \
	.id = BPF_FUNC_##helper, .name = #helper, .fn = helper, .prog_types = XB_PROG_TYPES_ALL,   \
	.source = file ": bpf_" #helper

/* A number for R0: an -errno has all its 64 bits. */
static inline u64
helper_ret(long ret)
{
	return (u64)(s64)ret;
}

#endif
