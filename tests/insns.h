/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insns.h - instructions as initialisers, for programs written as arrays of struct bpf_insn.
 *
 * Registers are plain numbers, 0 to 10; `op` is BPF_ADD, BPF_JEQ, ...; `size` BPF_B, BPF_H, BPF_W,
 * BPF_DW; offsets of jumps are slots after the jump, as in the encoding.
 */
#ifndef XB_TESTS_INSNS_H
#define XB_TESTS_INSNS_H

#include "vm/insn.h"

#define XB_INSN_FIELDS(CODE, DST, SRC, OFF, IMM)                                                   \
	{                                                                                          \
		.code = (__u8)(CODE), .dst_reg = (__u32)(DST)&0xfu, .src_reg = (__u32)(SRC)&0xfu,  \
		.off = (__s16)(OFF), .imm = (__s32)(IMM)                                           \
	}
/* Values, unless XB_INSN_BRACES asks for bare initialisers, as tables of programs need them. */
#ifdef XB_INSN_BRACES
#define XB_INSN(...) XB_INSN_FIELDS(__VA_ARGS__)
#else
#define XB_INSN(...) ((struct bpf_insn)XB_INSN_FIELDS(__VA_ARGS__))
#endif

/* Arithmetic. */
#define XB_ALU64_IMM(op, dst, imm) XB_INSN(BPF_ALU64 | (op) | BPF_K, dst, 0, 0, imm)
#define XB_ALU64_REG(op, dst, src) XB_INSN(BPF_ALU64 | (op) | BPF_X, dst, src, 0, 0)
#define XB_ALU32_IMM(op, dst, imm) XB_INSN(BPF_ALU | (op) | BPF_K, dst, 0, 0, imm)
#define XB_ALU32_REG(op, dst, src) XB_INSN(BPF_ALU | (op) | BPF_X, dst, src, 0, 0)
/* With an offset: sdiv and smod (1), movsx (8, 16, 32). */
#define XB_ALU64_IMM_OFF(op, dst, off, imm) XB_INSN(BPF_ALU64 | (op) | BPF_K, dst, 0, off, imm)
#define XB_ALU64_REG_OFF(op, dst, src, off) XB_INSN(BPF_ALU64 | (op) | BPF_X, dst, src, off, 0)
#define XB_ALU32_IMM_OFF(op, dst, off, imm) XB_INSN(BPF_ALU | (op) | BPF_K, dst, 0, off, imm)
#define XB_ALU32_REG_OFF(op, dst, src, off) XB_INSN(BPF_ALU | (op) | BPF_X, dst, src, off, 0)
#define XB_MOV64_IMM(dst, imm)              XB_ALU64_IMM(BPF_MOV, dst, imm)
#define XB_MOV64_REG(dst, src)              XB_ALU64_REG(BPF_MOV, dst, src)
#define XB_MOV32_IMM(dst, imm)              XB_ALU32_IMM(BPF_MOV, dst, imm)
#define XB_MOV32_REG(dst, src)              XB_ALU32_REG(BPF_MOV, dst, src)
/* Between address spaces: to 0 a pointer to use, to 1 an address to keep. */
#define XB_CAST(to, from, dst, src)                                                                \
	XB_INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, BPF_ADDR_SPACE_CAST, (to) << 16 | (from))
#define XB_CAST_TO_0(dst, src) XB_CAST(0, 1, dst, src)
#define XB_CAST_TO_1(dst, src) XB_CAST(1, 0, dst, src)
/* `order` is BPF_TO_LE or BPF_TO_BE; bits 16, 32, 64. */
#define XB_ENDIAN(order, dst, bits) XB_INSN(BPF_ALU | BPF_END | (order), dst, 0, 0, bits)
#define XB_BSWAP(dst, bits)         XB_INSN(BPF_ALU64 | BPF_END, dst, 0, 0, bits)

/* 64-bit constants: two slots. `src` is 0 or BPF_PSEUDO_*. */
#define XB_LD_IMM64_RAW(dst, src, lo, hi)                                                          \
	XB_INSN(BPF_LD | BPF_DW | BPF_IMM, dst, src, 0, lo), XB_INSN(0, 0, 0, 0, hi)
#define XB_LD_IMM64(dst, imm)                                                                      \
	XB_LD_IMM64_RAW(dst, 0, (__u32)(__u64)(imm), (__u32)((__u64)(imm) >> 32))
#define XB_LD_MAP_FD(dst, fd)         XB_LD_IMM64_RAW(dst, BPF_PSEUDO_MAP_FD, fd, 0)
#define XB_LD_MAP_VALUE(dst, fd, off) XB_LD_IMM64_RAW(dst, BPF_PSEUDO_MAP_VALUE, fd, off)
/* The address of the function that starts `off` slots after the next instruction. */
#define XB_LD_FUNC(dst, off) XB_LD_IMM64_RAW(dst, BPF_PSEUDO_FUNC, off, 0)

/* Memory. */
#define XB_LDX_MEM(size, dst, src, off)   XB_INSN(BPF_LDX | BPF_MEM | (size), dst, src, off, 0)
#define XB_LDX_MEMSX(size, dst, src, off) XB_INSN(BPF_LDX | BPF_MEMSX | (size), dst, src, off, 0)
#define XB_STX_MEM(size, dst, src, off)   XB_INSN(BPF_STX | BPF_MEM | (size), dst, src, off, 0)
#define XB_ST_MEM(size, dst, off, imm)    XB_INSN(BPF_ST | BPF_MEM | (size), dst, 0, off, imm)
/* `op` is BPF_ADD, BPF_ADD | BPF_FETCH, BPF_XCHG, BPF_CMPXCHG, ... */
#define XB_ATOMIC(size, op, dst, src, off) XB_INSN(BPF_STX | BPF_ATOMIC | (size), dst, src, off, op)
#define XB_LD_ABS(size, imm)               XB_INSN(BPF_LD | BPF_ABS | (size), 0, 0, 0, imm)
#define XB_LD_IND(size, src, imm)          XB_INSN(BPF_LD | BPF_IND | (size), 0, src, 0, imm)

/* Jumps and calls. */
#define XB_JMP_IMM(op, dst, imm, off)   XB_INSN(BPF_JMP | (op) | BPF_K, dst, 0, off, imm)
#define XB_JMP_REG(op, dst, src, off)   XB_INSN(BPF_JMP | (op) | BPF_X, dst, src, off, 0)
#define XB_JMP32_IMM(op, dst, imm, off) XB_INSN(BPF_JMP32 | (op) | BPF_K, dst, 0, off, imm)
#define XB_JMP32_REG(op, dst, src, off) XB_INSN(BPF_JMP32 | (op) | BPF_X, dst, src, off, 0)
#define XB_JA(off)                      XB_INSN(BPF_JMP | BPF_JA, 0, 0, off, 0)
#define XB_GOTOL(imm)                   XB_INSN(BPF_JMP32 | BPF_JA, 0, 0, 0, imm)
#define XB_MAY_GOTO(off)                XB_INSN(BPF_JMP | BPF_JCOND, 0, 0, off, 0)
#define XB_CALL(id)                     XB_INSN(BPF_JMP | BPF_CALL, 0, 0, 0, id)
#define XB_CALL_FUNC(off)               XB_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, off)
#define XB_CALL_KFUNC(btf_id, fd_idx)                                                              \
	XB_INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, fd_idx, btf_id)
#define XB_EXIT() XB_INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#endif
