/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - vectors on the running kernel.
 *
 * A vector becomes a function that another one calls: it loads the registers from a map, so that
 * the verifier knows nothing of them and no branch is decided before it runs, and then is the
 * vector's program as it is. Memory is the value of an array. Then it is run once more, with
 * registers that are constants, from which the verifier decides what it can. A program with a
 * packet is run as a classifier, of whose R0 the kernel tells 32 bits.
 *
 * A vector that faults must be refused, as must one that is malformed. What the verifier refuses
 * beyond that is counted, by its reason, and so are differences that are known.
 */
#ifndef XB_TESTS_VECTORS_KERNEL_H
#define XB_TESTS_VECTORS_KERNEL_H

#include "tests/vectors/vector.h"

struct xb_vector_kernel *xb_vector_kernel_new(char *why, size_t why_bytes);
void xb_vector_kernel_free(struct xb_vector_kernel *k);

/* Whether the kernel does what is expected, or says that it cannot run it; got and why, if not. */
bool xb_vector_kernel_run(struct xb_vector_kernel *k, const struct xb_vector *v,
                          struct xb_vector_result *got, char *why, size_t why_bytes);

/* Says what was counted. With `judge`: false where too few vectors could be run. */
bool xb_vector_kernel_report(const struct xb_vector_kernel *k, bool judge);

#endif
