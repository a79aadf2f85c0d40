/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * coverage.h - which instructions of the machine's table the vectors contain: those that say what
 * an instruction does, not that it is refused.
 */
#ifndef XB_TESTS_VECTORS_COVERAGE_H
#define XB_TESTS_VECTORS_COVERAGE_H

#include "tests/vectors/vector.h"

struct xb_vector_coverage {
	struct xb_insn_index index;
	u32 vectors[XB_INSN_CNT]; /* that contain the instruction */
};

void xb_vector_coverage_init(struct xb_vector_coverage *c);
void xb_vector_coverage_add(struct xb_vector_coverage *c, const struct xb_vector *v);

/* Names rows that too few vectors contain, and says how few at least; false where there are any. */
bool xb_vector_coverage_report(const struct xb_vector_coverage *c);

#endif
