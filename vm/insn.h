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
#ifndef BPF_ADDR_SPACE_CAST
#define BPF_ADDR_SPACE_CAST                                                                        \
	1 /* off of a 64-bit mov: between address spaces; imm: to << 16 | from */
#endif
#ifndef BPF_PSEUDO_KFUNC_CALL
#define BPF_PSEUDO_KFUNC_CALL 2
#endif
#ifndef BPF_PSEUDO_FUNC
#define BPF_PSEUDO_FUNC 4
#endif

_Static_assert(sizeof(struct bpf_insn) == 8, "wire layout");

/* Bytes that a load or store of this opcode moves. */
static inline u32
xb_insn_bytes(u8 code)
{
	static const u32 bytes[] = {
		[BPF_W >> 3] = 4, [BPF_H >> 3] = 2, [BPF_B >> 3] = 1, [BPF_DW >> 3] = 8
	};

	return bytes[BPF_SIZE(code) >> 3];
}

/* One enumerator a row of insn.def. */
#define I(id, code, dst, src, off, imm, text) XB_INSN_##id,
enum xb_insn_id {
#include "vm/insn.def"
	XB_INSN_CNT
};
#undef I

/* What a field of an instruction may hold; XB_FIELD_VALUE has the value in the upper bits. */
enum xb_field {
	XB_FIELD_ZERO,
	XB_FIELD_R,    /* register, read */
	XB_FIELD_W,    /* register, written */
	XB_FIELD_RW,   /* register, both */
	XB_FIELD_MEM,  /* displacement of a memory access */
	XB_FIELD_JUMP, /* slots from the next instruction */
	XB_FIELD_ANY,
	XB_FIELD_VALUE, /* exactly the value in the bits from 8 on */
};

#define XB_FIELD_KIND(f)     ((enum xb_field)((f)&0xff))
#define XB_FIELD_VALUE_OF(f) ((s32)((f) >> 8))

/* A row of insn.def; the fields are enum xb_field. */
struct xb_insn_row {
	u8 code;
	u32 dst, src, off, imm;
	const char *name; /* "ADD64_K" */
	const char *text; /* template, see insn.def */
};

/* The row of an instruction; id is below XB_INSN_CNT. */
const struct xb_insn_row *xb_insn_row(enum xb_insn_id id);

/* Whether it is an addr_space_cast, of whatever spaces. */
static inline bool
xb_insn_is_cast(const struct bpf_insn *insn)
{
	return insn->code == (BPF_ALU64 | BPF_MOV | BPF_X) && insn->off == BPF_ADDR_SPACE_CAST;
}

/* Rows by opcode, for decoding many instructions: chains of row numbers plus one, 0 ends. */
struct xb_insn_index {
	u8 first[256];
	u8 next[XB_INSN_CNT];
};

_Static_assert(XB_INSN_CNT < 256, "row numbers fit a byte");
_Static_assert(XB_INSN_OWN == XB_INSN_CNT - 1, "the last row");

void xb_insn_index_init(struct xb_insn_index *index);

/*
 * Finds the row an instruction is of: the one of its opcode whose fields, registers aside, allow
 * what they hold, or else the first of its opcode (for a message on the field that does not).
 * XB_INSN_CNT: unknown opcode.
 */
enum xb_insn_id xb_insn_find(const struct xb_insn_index *index, const struct bpf_insn *insn);

/* Whether the field allows the value; registers are 0 to 10, and R10 is not written. */
bool xb_field_allows(u32 field, s32 value);

#endif
