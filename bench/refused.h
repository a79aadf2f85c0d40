/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * refused.h - instructions that RFC 9669 has a meaning for, and programs are run with here, but
 * that Linux's verifier refuses: shifts by a constant of the register's width or more, divisions by
 * the constant 0.
 */
#ifndef XB_BENCH_REFUSED_H
#define XB_BENCH_REFUSED_H

#include "vm/types.h"

struct bpf_insn;

#define XB_REFUSED_BYTES 128

/*
 * The first such instruction from slot `from` on: its slot, and what it is, as text of up to
 * XB_REFUSED_BYTES; cnt where there is none.
 */
size_t xb_refused_next(const struct bpf_insn *insns, size_t cnt, size_t from, char *text);

#endif
