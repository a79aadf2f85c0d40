/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * six_longs.h - arguments of a system call, for functions that stand in front of syscall(2).
 */
#ifndef XB_LIB_SIX_LONGS_H
#define XB_LIB_SIX_LONGS_H

#include <stdarg.h>

/* What comes after the number: six registers, whether the call fills them or not. */
#define SIX_LONGS(a, nr)                                                                           \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, nr);                                                                  \
		for (int i = 0; i < 6; i++)                                                        \
			(a)[i] = va_arg(ap, long);                                                 \
		va_end(ap);                                                                        \
	} while (0)

#endif
