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

/* X(enumerator, name in messages and JSON) */
#define XB_FAULT_LIST(X)                                                                           \
	X(NONE, "none")                                                                            \
	X(OOB_READ, "out-of-bounds read")                                                          \
	X(OOB_WRITE, "out-of-bounds write")                                                        \
	X(READ_ONLY, "write to read-only memory")                                                  \
	X(NULL_POINTER, "null pointer")                                                            \
	X(BUDGET, "instruction limit")                                                             \
	X(CALL_DEPTH, "call depth")                                                                \
	X(BAD_ARGUMENT, "bad helper argument")                                                     \
	X(BAD_CALL, "bad call")                                                                    \
	X(BAD_ATOMIC, "bad atomic access")                                                         \
	X(NOT_EMULATED, "not emulated")                                                            \
	X(LOCK, "lock misuse")                                                                     \
	X(BAD_CONTEXT, "bad context access")                                                       \
	X(BAD_RETURN, "bad return value")                                                          \
	X(STOPPED, "stopped")                                                                      \
	X(OBJECT, "memory object error")                                                           \
	X(UNINIT, "uninitialised read")                                                            \
	X(INTERNAL, "internal error")

#define XB_FAULT_ENUM(id, name) XB_FAULT_##id,
enum xb_fault_kind { XB_FAULT_LIST(XB_FAULT_ENUM) XB_FAULT_KIND_CNT };
#undef XB_FAULT_ENUM

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

/* The kind's name, as in XB_FAULT_LIST. */
const char *xb_fault_kind_name(enum xb_fault_kind kind);

#endif
