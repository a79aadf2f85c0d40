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

/*
 * memmove() for what programs of other vCPUs may be changing meanwhile. ThreadSanitizer looks into
 * memmove() itself, whoever calls it; for it the bytes go one by one.
 */
XB_NO_TSAN static inline void
xb_move(void *dst, const void *src, size_t bytes)
{
	const volatile u8 *from = src;
	volatile u8 *to = dst;

	if (!XB_TSAN)
		memmove(dst, src, bytes);
	else if ((uintptr_t)dst - (uintptr_t)src >= bytes)
		for (size_t i = 0; i < bytes; i++)
			to[i] = from[i];
	else
		while (bytes--)
			to[bytes] = from[bytes];
}

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
