/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reasons.h - why the verifier refuses programs: its sentences, without their numbers, counted.
 */
#ifndef XB_TESTS_VECTORS_REASONS_H
#define XB_TESTS_VECTORS_REASONS_H

#include "vm/types.h"

#define XB_VECTOR_REASONS      200
#define XB_VECTOR_REASON_BYTES 100

struct xb_vector_reasons {
	struct xb_vector_reason {
		char text[XB_VECTOR_REASON_BYTES];
		char example[XB_VECTOR_REASON_BYTES]; /* the first vector's name */
		u32 vectors;
	} rows[XB_VECTOR_REASONS];
	u32 cnt;
	u32 rest; /* of more reasons than there is room for */
};

/* Counts the last sentence of a verifier's log; the log is changed. */
void xb_vector_reasons_add(struct xb_vector_reasons *r, char *log, const char *vector);

/* Prints them, the most frequent first. */
void xb_vector_reasons_report(const struct xb_vector_reasons *r);

#endif
