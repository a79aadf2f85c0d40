/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn.h - the encoding of instructions (RFC 9669).
 *
 * <linux/bpf.h> is the C form of the standard's encoding and is used for that alone; what the
 * installed one may lack is added here.
 */
#ifndef XB_VM_INSN_H
#define XB_VM_INSN_H

#include "vm/types.h"

#include <linux/bpf.h>

#ifndef BPF_MEMSX
#define BPF_MEMSX 0x80 /* load with sign extension */
#endif
#ifndef BPF_JCOND
#define BPF_JCOND 0xe0 /* conditional pseudo jumps: may_goto */
#endif
#ifndef BPF_LOAD_ACQ
#define BPF_LOAD_ACQ  0x100 /* atomic imm: load-acquire */
#define BPF_STORE_REL 0x110 /* atomic imm: store-release */
#endif
#ifndef BPF_PSEUDO_KFUNC_CALL
#define BPF_PSEUDO_KFUNC_CALL 2
#endif
#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

_Static_assert(sizeof(struct bpf_insn) == 8, "wire layout");

#endif
