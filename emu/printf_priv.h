/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf_priv.h - what the pass over a format finds, for the pass that writes.
 */
#ifndef XB_EMU_PRINTF_PRIV_H
#define XB_EMU_PRINTF_PRIV_H

#include "emu/printf.h"

#define XB_PRINTF_VALUES_BYTES 512 /* cf. kernel/bpf/helpers.c: MAX_BPRINTF_BIN_ARGS */

enum xb_printf_kind {
	XB_PRINTF_NUMBER,
	XB_PRINTF_CHAR,
	XB_PRINTF_STR,   /* text with a width */
	XB_PRINTF_PLAIN, /* text without */
	XB_PRINTF_POINTER,
};

struct xb_printf_field {
	enum xb_printf_kind kind;
	u32 start, end; /* in the format, from '%' on */
	bool left, plus, space, zero;
	u32 width;
	u32 base; /* of numbers: 10 or 16 */
	bool is_signed, upper;
	u64 value;
	const char *text; /* in the values */
	u32 text_bytes;
};

/* What the first pass finds. `used` counts what Linux's buffer of values would hold. */
struct xb_printf_parse {
	const struct xb_mem *mem;
	const struct xb_printf *p;
	const char *fmt;
	u32 pos;
	struct xb_printf_field fields[XB_PRINTF_MAX_ARGS];
	u32 field_cnt;
	u32 used;
	char values[XB_PRINTF_VALUES_BYTES];
};

/*
 * The first pass, over all of s->fmt, from pos, field_cnt and used of 0. Returns 0, -EINVAL or
 * -ENOSPC.
 */
int xb_printf_parse(struct xb_printf_parse *s);

/* Writes n in a base of at most 16 and returns how many digits. */
u32 xb_printf_digits(u64 n, u32 base, bool upper, char out[20]);

#endif
