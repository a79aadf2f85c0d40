/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bytes.h - loads and stores that need no alignment, and byte order.
 *
 * xb_ld* and xb_st* work in host order; the le and be forms in the order they name. The machine is
 * little-endian, as every Linux host that it runs on.
 */
#ifndef XB_VM_BYTES_H
#define XB_VM_BYTES_H

#include "vm/types.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian hosts only");

#define XB_BYTES_ACCESS(bits)                                                                      \
	XB_NO_TSAN static inline u##bits xb_ld##bits(const void *p)                                \
	{                                                                                          \
		u##bits v;                                                                         \
		memcpy(&v, p, sizeof(v));                                                          \
		return v;                                                                          \
	}                                                                                          \
	XB_NO_TSAN static inline void xb_st##bits(void *p, u##bits v)                              \
	{                                                                                          \
		memcpy(p, &v, sizeof(v));                                                          \
	}                                                                                          \
	static inline u##bits xb_ld_be##bits(const void *p)                                        \
	{                                                                                          \
		return __builtin_bswap##bits(xb_ld##bits(p));                                      \
	}                                                                                          \
	static inline void xb_st_be##bits(void *p, u##bits v)                                      \
	{                                                                                          \
		xb_st##bits(p, __builtin_bswap##bits(v));                                          \
	}

XB_BYTES_ACCESS(16)
XB_BYTES_ACCESS(32)
XB_BYTES_ACCESS(64)

#endif
