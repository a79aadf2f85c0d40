/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ctx_field.h - the fields of a program's context as rows: where each lies, how wide a load of it
 * may be, and what a program is told that does something else.
 *
 * For contexts whose fields are the same for all programs that have one; those that have an sk_buff
 * are not (skb/ctx.c).
 */
#ifndef XB_EMU_CTX_FIELD_H
#define XB_EMU_CTX_FIELD_H

#include "vm/proc.h"

struct xb_ctx_field {
	const char *name;
	u16 off, bytes;
	u8 least, most; /* bytes that a load may have, at a multiple of them */
	u8 kept;        /* bytes that Linux keeps of it, where that is less than 4; 0: all */
	bool at_start;  /* a load has to start where the field does */
	u8 store;       /* how it may be stored to, in the type's own words; 0: not at all */
};

/* A row of 8 bytes, loaded as a whole: where headers have a pointer, `at` cannot be told by its
 * type. */
#define XB_CTX_FIELD8(nm, at)                                                                      \
	{                                                                                          \
		.name = #nm, .off = (at), .bytes = 8, .least = 8, .most = 8                        \
	}

struct xb_ctx_layout {
	const char *name; /* of the context */
	const struct xb_ctx_field *fields;
	u32 field_cnt;
};

/* The field that the byte is of, or NULL. */
const struct xb_ctx_field *xb_ctx_field_at(const struct xb_ctx_layout *layout, u32 off);

/* Whether the instruction loads what it may of `f`, which may be NULL (cf. is_valid_access). */
bool xb_ctx_may_load(const struct xb_ctx_field *f, const struct bpf_insn *insn, u32 off);

/*
 * Where a load really looks: one that is as wide as what Linux keeps gives that, from wherever in
 * the field it is (cf. kernel/bpf/verifier.c: convert_ctx_accesses).
 */
static inline u32
xb_ctx_load_off(const struct xb_ctx_field *f, u32 off, u32 bytes)
{
	return f->kept && bytes >= f->kept ? f->off : off;
}

/* Whether it is a load that finds in the context itself what it asks for. */
bool xb_ctx_plain_load(const struct xb_ctx_layout *layout, const struct bpf_insn *insn, u32 off);

/* Does such a load, or stops the program; `ctx` is the context's bytes. */
void xb_ctx_load(struct xb_proc *proc, const struct xb_ctx_layout *layout, const void *ctx,
                 const struct bpf_insn *insn, s32 off, u64 *value);

/* Stops the program: in the verifier's words, and then what it does not say. `f` may be NULL. */
void xb_ctx_refuse(struct xb_proc *proc, const struct xb_ctx_layout *layout,
                   const struct xb_ctx_field *f, const struct bpf_insn *insn, s32 off);

#endif
