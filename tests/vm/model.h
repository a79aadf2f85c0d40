/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * model.h - what an instruction does, written a second time: from the text of RFC 9669, in
 * arithmetic so wide that nothing overflows, with no thought of speed.
 */
#ifndef XB_TESTS_VM_MODEL_H
#define XB_TESTS_VM_MODEL_H

#include "tests/vm/blocks.h"

/* Applies a block's instruction to its slot. False: the model does not know it. */
bool xb_model_apply(const struct xb_try *t, struct xb_slot *slot);

#endif
