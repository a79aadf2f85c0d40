/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * printf.h - the format strings that programs may use, with Linux's checks, limits and text.
 *
 *   %[0 +-]*[width]{d i u x X}, with l or ll    numbers
 *   %c  %s  %%                                  %s reads a string at a guest address
 *   %p  %pK  %px                                hashed, hashed, plain
 *   %ps %pS %pB                                 symbols, of which there are none: the plain number
 *   %pks %pus                                   strings of kernel and of user space; no user space:
 * empty %pi4 %pI4 %pi6 %pI6                         addresses, in guest memory, in wire order
 *
 * (cf. kernel/bpf/helpers.c: bpf_bprintf_prepare, lib/vsprintf.c: bstr_printf)
 * Differs: %p and %pK hash with no secret, so that runs agree.
 */
#ifndef XB_EMU_PRINTF_H
#define XB_EMU_PRINTF_H

#include "vm/mem.h"
#include "vm/types.h"

#define XB_PRINTF_MAX_ARGS 12

struct xb_printf {
	const char *fmt; /* up to its NUL, or fmt_bytes: without a NUL in them it is -EINVAL */
	u32 fmt_bytes;
	const u64 *args;
	u32 arg_cnt; /* at most XB_PRINTF_MAX_ARGS */
};

/*
 * Writes at most out_bytes, a NUL among them where out_bytes is not 0. Returns the length of the
 * whole text without the NUL, -EINVAL (format), or -ENOSPC (strings too long), with nothing
 * written.
 */
long xb_printf(const struct xb_mem *mem, const struct xb_printf *p, char *out, u64 out_bytes);

/* The hash that stands for a pointer: 32 bits; null and error pointers stay as they are. */
u64 xb_printf_hash_pointer(u64 value);

#endif
