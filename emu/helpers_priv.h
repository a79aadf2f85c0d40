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

extern const struct xb_helper_table xb_helpers_map;
extern const struct xb_helper_table xb_helpers_time;
extern const struct xb_helper_table xb_helpers_trace;
extern const struct xb_helper_table xb_helpers_string;
extern const struct xb_helper_table xb_helpers_loop;
extern const struct xb_helper_table xb_helpers_ringbuf;
extern const struct xb_helper_table xb_helpers_misc;
extern const struct xb_helper_table xb_helpers_lock;
extern const struct xb_helper_table xb_helpers_captured;

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
