/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * known.h - where the kernel is known to differ from RFC 9669, by names of vectors. The table is
 * to be as narrow as the vectors that show it, and each of its rows stands in the README's list.
 */
#ifndef XB_TESTS_VECTORS_KNOWN_H
#define XB_TESTS_VECTORS_KNOWN_H

#include "vm/types.h"

#define XB_VECTOR_KNOWN 1 /* rows */

/* The row that a vector is of, or -1. */
int xb_vector_known_find(const char *name);

/* What a row is about. */
const char *xb_vector_known_text(u32 row);

#endif
