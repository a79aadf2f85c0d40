/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twice.h - a program run twice: in one go, and in single steps.
 */
#ifndef XB_TESTS_VM_TWICE_H
#define XB_TESTS_VM_TWICE_H

#include "tests/vm/machine.h"

/*
 * Runs with the context zeroed, both ways. Registers, count of instructions, fault, context, and
 * stack have to be the same after both, and a faulting instruction must have changed none of them;
 * a difference fails the test with `name`. The process is left as the second run left it.
 */
enum xb_run_status xb_machine_run_twice(struct xb_machine *m, const struct xb_prog *prog,
                                        const char *name);

#endif
