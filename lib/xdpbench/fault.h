/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fault.h - what stops a program: kind, place, address, and a sentence.
 *
 * A fault ends one run, never the process of the host. At a fault the instruction that is named had
 * no effect.
 */
#ifndef XDPBENCH_FAULT_H
#define XDPBENCH_FAULT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

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

/* The kind's name, as in XB_FAULT_LIST. */
const char *xb_fault_kind_name(enum xb_fault_kind kind);

struct xb_fault_info {
	enum xb_fault_kind kind;
	const char *message; /* "2 bytes past the end of packet (54 bytes)" */
	uint32_t pc;         /* slot of the instruction, in the program below */
	const char *program;
	const char *function; /* that it is in */
	const char *file;     /* NULL where the program has no line information */
	uint32_t line, col;   /* from 1; 0 where not known */
	uint64_t gaddr;       /* of the access; 0 where there was none */
	uint64_t bytes;       /* of the access; 0 where there was none */
	const char *object;   /* nearest to the access; "" where none is */
};

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
