/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vector.h - one line of a file of vectors: a program, what it is given, what becomes of it. The
 * format is README.md's.
 */
#ifndef XB_TESTS_VECTORS_VECTOR_H
#define XB_TESTS_VECTORS_VECTOR_H

#include "vm/fault.h"
#include "vm/insn.h"
#include "vm/types.h"

enum xb_vector_end {
	XB_VECTOR_R0,      /* the program ends, with r0 */
	XB_VECTOR_FAULT,   /* it is stopped, by `kind` at `slot` */
	XB_VECTOR_REFUSED, /* it is not loaded, for `slot` where that is known */
};

/* What became of a program, or is to become of it. */
struct xb_vector_result {
	enum xb_vector_end end;
	u64 r0;
	enum xb_fault_kind kind;
	u32 slot;
	bool has_slot;
	u8 *memory; /* afterwards, as long as the vector's */
};

struct xb_vector_reg {
	bool given;
	bool of_memory; /* the memory's address is added to value */
	u64 value;
};

struct xb_vector {
	u32 line; /* in the file, from 1 */
	char *name;
	struct bpf_insn *insns;
	u32 insn_cnt;
	struct xb_vector_reg regs[10]; /* with R1 and R2 as they are where nothing is said */
	bool has_memory, read_only, has_packet;
	u8 *memory, *packet; /* before */
	u32 memory_bytes, packet_bytes;
	struct xb_vector_result expected;
	bool has_strict; /* strict machines stop it, at strict_slot, as it reads what nobody wrote
	                  */
	u32 strict_slot;
	char needs[32]; /* a key that is not known: the vector cannot be run */
};

/*
 * Reads a line, which is changed. 1; 0 where there is nothing on it; -1 and `why`, where it is
 * none. Where 1 is returned the vector is to be freed.
 */
int xb_vector_read(struct xb_vector *v, char *line, char *why, size_t why_bytes);
void xb_vector_free(struct xb_vector *v);

/* "r0=0x2a", "fault=oob_read@3 mem=..", as in the file; memory where it is not `before`. */
void xb_vector_result_text(const struct xb_vector_result *r, const u8 *before, u32 bytes, char *buf,
                           size_t buf_bytes);

#endif
