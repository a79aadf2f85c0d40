/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generic.h - the model of a generic context: memory by names, and what R1 to R5 hold of it.
 *
 * Blocks and structs are memory, each an object of its own; pointers and ints are values, which a
 * register holds or a struct is made of. Names lead from registers and structs to values, and from
 * pointers to memory; never in a circle.
 */
#ifndef XB_LIB_GENERIC_H
#define XB_LIB_GENERIC_H

#include "lib/context_priv.h"

#define GENERIC_REGS 5
#define GENERIC_NONE UINT32_MAX

enum generic_kind { GENERIC_BLOCK, GENERIC_PTR, GENERIC_STRUCT, GENERIC_INT };

struct generic_field {
	char *name;
	u32 memory; /* index of a pointer or an int */
};

struct generic_memory {
	char *name;
	enum generic_kind kind;
	u32 bytes;                    /* of a block or struct, or a value's own */
	bool big;                     /* of a block: its byte order */
	u8 *data;                     /* of a block */
	u64 value;                    /* of an int: all 64 bits, with its sign */
	u32 target, off;              /* of a pointer */
	struct generic_field *fields; /* of a struct */
	u32 field_cnt;
};

/* A key of "emulator". */
struct generic_value {
	char *key, *json;
};

struct ctx_generic {
	u32 regs[GENERIC_REGS]; /* indices of memory, or GENERIC_NONE */
	struct generic_memory *memory;
	u32 cnt;
	struct generic_value *values;
	u32 value_cnt;
};

static inline bool
generic_is_memory(const struct generic_memory *m)
{
	return m->kind == GENERIC_BLOCK || m->kind == GENERIC_STRUCT;
}

void ctx_generic_free(struct ctx_generic *g);

/* ctx_generic_read.c, ctx_generic.c, ctx_generic_run.c: parts of ctx_type_generic. */
int ctx_generic_read(struct ctx_reader *r, const struct xb_value *v, struct xb_context *c);
int ctx_generic_bind(struct xb_bound *b, struct xb_err *err);
void ctx_generic_unbind(struct xb_bound *b);
int ctx_generic_load(struct xb_bound *b, struct xb_err *err);
int ctx_generic_save(struct xb_bound *b, struct xb_context *to, struct xb_err *err);

#endif
