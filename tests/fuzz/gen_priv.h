/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gen_priv.h - what the parts of the generator share: a program in the making.
 *
 * Programs are made of statements in blocks, so that what each register holds is known at every
 * place: most of them pass the verifier, and none lets a pointer become a number that could be
 * seen, as it is another one on every side.
 */
#ifndef XB_TESTS_FUZZ_GEN_PRIV_H
#define XB_TESTS_FUZZ_GEN_PRIV_H

#include "tests/fuzz/chance.h"
#include "tests/fuzz/program.h"
#include "tests/insns.h"

#define GEN_FUNCS 4u

/* What a register holds. */
enum kind {
	KIND_NONE, /* not to be read */
	KIND_SCALAR,
	KIND_CTX,
	KIND_MEM,    /* memory of `bytes` from the address + lo on */
	KIND_PACKET, /* the same in the packet: no atomics, any alignment */
};

struct reg {
	enum kind kind;
	s32 lo, bytes;
	bool hash;   /* a value of MAP_HASH, gone when that map changes */
	bool stack;  /* accesses have to be aligned */
	bool atomic; /* the address is a multiple of 8, and atomics may go there */
};

/* A function: what its arguments are. */
struct func {
	u32 args; /* how many */
	enum kind kinds[5];
	bool callback; /* called by a helper, with kinds that it says; returns 0 or 1 */
	bool each;     /* by bpf_for_each_map_elem, with an element of MAP_ARRAY */
	u32 start;
};

/* A call, or an address of a function, whose target has no place yet. */
struct gen_call {
	u32 pc, func;
};

struct gen {
	struct chance c;
	struct program *p;
	struct reg r[11];
	u32 held;      /* bits: registers that are not to be written */
	u32 left;      /* statements that may still come */
	u32 depth;     /* of blocks within each other */
	u32 loops;     /* likewise */
	s32 frame;     /* bytes of this function's stack that hold numbers, below R10 */
	bool callback; /* this function is one */
	bool may_end;  /* the block is one that may end in an exit */
	bool ended;    /* and did */
	u32 ways;      /* conditions in this loop */
	bool atomics;  /* the program may have them */
	bool legacy;   /* ... and LD_ABS, and no functions then */
	u32 func, func_cnt;
	struct func funcs[GEN_FUNCS];
	struct gen_call calls[16];
	u32 call_cnt;
};

/* Appends; returns the slot. */
u32 gen_put(struct gen *g, struct bpf_insn insn);
#define PUT(g, ...)                                                                                \
	gen_puts(                                                                                  \
	        g, (const struct bpf_insn[]){ __VA_ARGS__ },                                       \
	        (u32)(sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn)))
void gen_puts(struct gen *g, const struct bpf_insn *insns, u32 cnt);

/* Has the jump in slot pc go to what comes next. */
void gen_land(struct gen *g, u32 pc);

/* Statements of the program's kind, one more level down. */
void gen_block(struct gen *g, u32 statements);

/* Registers: one to write, which now is of a kind; a number to read (made, where there is none). */
u8 gen_dst(struct gen *g, enum kind kind);
u8 gen_scalar(struct gen *g);
/* A number in a register that may be written, too. */
u8 gen_var(struct gen *g);
void gen_set(struct gen *g, u8 reg, enum kind kind);
static inline bool
gen_is(const struct gen *g, u8 reg, enum kind kind)
{
	return g->r[reg].kind == kind;
}

/* A copy of a number, from 0 to mask, in dst. */
void gen_masked(struct gen *g, u8 dst, s32 mask);
/* dst = address of some memory that is no packet; how many bytes of it, or 0: there is none. */
s32 gen_buffer(struct gen *g, u8 dst);
/* Joins what is known where two ways meet. */
void gen_meet(struct gen *g, const struct reg *other);
/*
 * A number as an argument in dst, which is held: `imm`, or where there is a mask any up to that.
 */
void gen_arg(struct gen *g, u8 dst, s32 imm, s32 mask);
/* A condition on numbers; its slot, to be landed. */
u32 gen_condition(struct gen *g);

/* R0, if it is no number yet, and the exit. */
void gen_put_exit(struct gen *g);

/* After calls: R1 to R5 are gone; what pointed to the packet, and to values of the hash. */
void gen_called(struct gen *g, enum kind r0);
void gen_lose_packet(struct gen *g);
void gen_lose_hash(struct gen *g);

/* Statements, each of a part of its own. */
void gen_alu(struct gen *g);
void gen_constant(struct gen *g);
void gen_access(struct gen *g);
void gen_access_at(struct gen *g, u8 base);
void gen_move_access(struct gen *g);
void gen_spill(struct gen *g);
void gen_packet(struct gen *g);
void gen_ctx(struct gen *g);
void gen_lookup(struct gen *g);
void gen_map_change(struct gen *g);
void gen_value_addr(struct gen *g);
void gen_helper(struct gen *g);
void gen_tail_call(struct gen *g);
void gen_local_call(struct gen *g);
void gen_legacy(struct gen *g);
void gen_callback(struct gen *g);

/* Remembers that the instruction in slot pc names the function. */
void gen_refer(struct gen *g, u32 pc, u32 func);

#endif
