/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - what stops a program: kind, place, address, and a sentence.
 *
 * A fault ends one run, never the process. At a fault the program counter names the instruction
 * that faulted, which had no effect; the registers are as before it; instructions are counted with
 * it.
 */
#ifndef XB_VM_FAULT_H
#define XB_VM_FAULT_H

#include "vm/types.h"
#include "xdpbench/fault.h"

struct xb_prog;

struct xb_fault {
	enum xb_fault_kind kind;
	const struct xb_prog *prog; /* the program, after tail calls */
	u32 pc;                     /* instruction slot in prog */
	u64 gaddr;                  /* of the access; 0 where there was none */
	u64 bytes;                  /* of the access; 0 where there was none */
	char object[48];            /* nearest object, or empty */
	char message[200];          /* "2 bytes past the end of packet (54 bytes)" */
};

#endif
