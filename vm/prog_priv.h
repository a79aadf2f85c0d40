/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_priv.h - a program's insides: decoded operations, the call graph, what is known of
 * registers.
 */
#ifndef XB_VM_PROG_PRIV_H
#define XB_VM_PROG_PRIV_H

#include "vm/insn.h"
#include "vm/prog.h"
#include "vm/vm.h"

/* Loads and stores, and atomic accesses, by the names of their rows. */
/* clang-format off */
#define XB_OP_ACCESS_LIST(X)                                                                       \
	X(LDX_B) X(LDX_H) X(LDX_W) X(LDX_DW)                                                       \
	X(LDSX_B) X(LDSX_H) X(LDSX_W)                                                              \
	X(ST_B) X(ST_H) X(ST_W) X(ST_DW)                                                           \
	X(STX_B) X(STX_H) X(STX_W) X(STX_DW)
#define XB_OP_ATOMIC_LIST(X)                                                                       \
	X(AADD_W) X(AOR_W) X(AAND_W) X(AXOR_W) X(FAADD_W) X(FAOR_W) X(FAAND_W) X(FAXOR_W)          \
	X(AADD_DW) X(AOR_DW) X(AAND_DW) X(AXOR_DW) X(FAADD_DW) X(FAOR_DW) X(FAAND_DW) X(FAXOR_DW)  \
	X(XCHG_W) X(XCHG_DW) X(CMPXCHG_W) X(CMPXCHG_DW)                                            \
	X(LDACQ_B) X(LDACQ_H) X(LDACQ_W) X(LDACQ_DW)                                               \
	X(STREL_B) X(STREL_H) X(STREL_W) X(STREL_DW)
/* clang-format on */

/*
 * Operations of the decoded program: the instruction set, and forms of it that decoding chooses. A
 * KNOWN access was proved when the program was loaded: its target is in the frame or the context.
 * One of SPACE is through a pointer into the second address space.
 */
#define XB_OP_KNOWN_ENUM(id) XB_OP_##id##_KNOWN,
#define XB_OP_SPACE_ENUM(id) XB_OP_##id##_SPACE,
enum xb_op_code {
	XB_OP_FIRST_EXTRA = XB_INSN_CNT - 1,
	XB_OP_ACCESS_LIST(XB_OP_KNOWN_ENUM) XB_OP_ACCESS_LIST(XB_OP_SPACE_ENUM)
	        XB_OP_ATOMIC_LIST(XB_OP_SPACE_ENUM) XB_OP_CNT
};
#undef XB_OP_KNOWN_ENUM
#undef XB_OP_SPACE_ENUM

/* A decoded instruction, one per slot. */
struct xb_op {
	u16 code; /* enum xb_insn_id or enum xb_op_code */
	u8 dst, src;
	s16 off;
	u16 zero_frame; /* CALL_LOCAL: the callee names R10, its frame starts zeroed */
	union {
		s64 imm;                    /* sign-extended; the whole value of ldimm64 */
		const struct xb_call *call; /* of CALL and CALL_KFUNC */
	};
};

_Static_assert(sizeof(struct xb_op) == 16, "four to a cache line");

/* What a register is known to hold when an instruction starts. */
enum xb_known_kind {
	XB_KNOWN_NOTHING,
	XB_KNOWN_CONST,
	XB_KNOWN_LOADED, /* a constant that comes from memory: it decides jumps, and proves no
	                    access */
	XB_KNOWN_FRAME,
	XB_KNOWN_CTX,
	XB_KNOWN_SPACE, /* a pointer into the second address space, on some way at least */
};

struct xb_known {
	enum xb_known_kind kind;
	s64 value; /* the constant, or the offset from R10 or from the context */
};

/* A function, as the call graph finds them: from `start` to before `end`. */
struct xb_subprog {
	u32 start, end;
	bool uses_frame;  /* names R10, or frames always are: its frame is zeroed at entry */
	bool gives_space; /* what it returns may be a pointer into the second address space */
	bool is_value;    /* a BPF_PSEUDO_FUNC loads its address: it may be called back */
};

struct xb_prog {
	struct xb_vm *vm;
	char name[64];
	void *user;
	struct bpf_insn *insns;
	struct xb_op *ops; /* insn_cnt, and an operation that only a bug can reach */
	u32 insn_cnt;
	u32 ctx_bytes;
	u32 ctx_end; /* see xb_prog_ctx_end() */
	bool may_load_packet;
	bool has_space;
	struct xb_space space;
	struct xb_call *calls;
	u32 call_cnt;
	struct xb_subprog *subprogs; /* in order of start */
	u32 subprog_cnt;
	const struct xb_func *funcs;
	u32 func_cnt;
	const struct xb_line *lines;
	u32 line_cnt;
};

/* What R1 = ... holds for functions: tags a slot, so that no program mistakes it for memory. */
#define XB_FUNC_TAG 0xf00d000000000000ull
static inline u64
xb_func_addr(u32 pc)
{
	return XB_FUNC_TAG | pc;
}

/*
 * The guest address of an access through a pointer into the second address space; one of which no
 * byte is addressable where it lies outside. What has an upper half is no such pointer: on this way
 * the register holds a guest address.
 */
static inline u64
xb_space_gaddr(const struct xb_space *space, u64 reg, s32 off)
{
	u64 at = reg + (u64)(s64)off - space->first;

	if (reg >> 32)
		return reg + (u64)(s64)off;
	return space->gaddr + (at < space->bytes ? at : space->bytes);
}

/* check.c: structure. Fills prog->subprogs and the ids in ops[].code. */
int xb_prog_check(struct xb_prog *prog, struct xb_err *err);

/* What is known of one slot. */
struct xb_tracked {
	u32 pc;
	bool reached;                 /* as far as jumps on constants tell */
	const struct xb_known *known; /* of registers 0 to 10 */
};

/*
 * track.c: walks the program once its structure is known. Calls `fn` for every slot that is an
 * instruction, with what registers hold there. -1 only where there is no memory or fn fails.
 */
int xb_prog_track(const struct xb_prog *prog,
                  int (*fn)(void *arg, const struct xb_tracked *at, struct xb_err *err), void *arg,
                  struct xb_err *err);

/* The function that contains slot pc. */
const struct xb_subprog *xb_prog_subprog(const struct xb_prog *prog, u32 pc);

/* Bytes for an instruction of the emulator's own as text. */
#define XB_OWN_INSN_BYTES 128

/* Puts "insn 17 (fw.bpf.c:33): " in front of an error. Returns -1. */
int xb_prog_err_at(const struct xb_prog *prog, u32 pc, struct xb_err *err);

/* Sets an XB_ERR_LOAD error that starts with "insn 17 (fw.bpf.c:33): ". Returns -1. */
int xb_prog_err(const struct xb_prog *prog, u32 pc, struct xb_err *err, const char *fmt, ...)
        XB_PRINTF(4, 5) __attribute__((nonnull(4)));

#endif
