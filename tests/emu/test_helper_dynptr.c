/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_dynptr.c - dynamic pointers: to memory, to records, null, and none at all. */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define PTR     (-16) /* where the rows keep theirs, of R10 */
#define FLAT    (-40) /* 16 bytes */
#define DATA    512   /* of RIG_OUT: what pointers point at */
#define MAXIMUM ((1 << 24) - 1)

#define AT(reg, off) XB_MOV64_REG(reg, 10), XB_ALU64_IMM(BPF_ADD, reg, off)
/* PTR := a pointer to `size` bytes at DATA, which begin with 11 22 33 44 55 66 77 88. */
#define FROM_MEM(size, flags)                                                                      \
	XB_LD_IMM64(1, 0x8877665544332211ull), XB_STX_MEM(BPF_DW, 7, 1, DATA), XB_MOV64_REG(1, 7), \
	        XB_ALU64_IMM(BPF_ADD, 1, DATA), XB_MOV64_IMM(2, size), XB_LD_IMM64(3, flags),      \
	        AT(4, PTR), XB_CALL(BPF_FUNC_dynptr_from_mem)
#define RESERVE(size, flags)                                                                       \
	XB_LD_MAP_FD(1, RIG_RINGBUF), XB_MOV32_IMM(2, size), XB_LD_IMM64(3, flags), AT(4, PTR),    \
	        XB_CALL(BPF_FUNC_ringbuf_reserve_dynptr)
/* FLAT := what is at `off`; out it goes */
#define READ(off, len, flags)                                                                      \
	XB_ST_MEM(BPF_DW, 10, FLAT, 0), XB_ST_MEM(BPF_DW, 10, FLAT + 8, 0), AT(1, FLAT),           \
	        XB_MOV64_IMM(2, len), AT(3, PTR), XB_LD_IMM64(4, off), XB_LD_IMM64(5, flags),      \
	        XB_CALL(BPF_FUNC_dynptr_read), XB_LDX_MEM(BPF_DW, 1, 10, FLAT),                    \
	        XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA)
/* at `off` := a1 a2 a3 a4 a5 a6 a7 a8 */
#define WRITE(off, len, flags)                                                                     \
	XB_LD_IMM64(1, 0xa8a7a6a5a4a3a2a1ull), XB_STX_MEM(BPF_DW, 10, 1, FLAT), AT(1, PTR),        \
	        XB_LD_IMM64(2, off), AT(3, FLAT), XB_MOV64_IMM(4, len), XB_LD_IMM64(5, flags),     \
	        XB_CALL(BPF_FUNC_dynptr_write)
#define PART(off, len)                                                                             \
	AT(1, PTR), XB_LD_IMM64(2, off), XB_MOV64_IMM(3, len), XB_CALL(BPF_FUNC_dynptr_data)
/* R0 := whether it is not NULL */
#define IS_PART(off, len) PART(off, len), XB_JMP_IMM(BPF_JEQ, 0, 0, 1), XB_MOV64_IMM(0, 1)
#define KEEP              XB_MOV64_REG(9, 0)
#define KEPT              XB_MOV64_REG(0, 9)
#define SUBMIT            AT(1, PTR), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_ringbuf_submit_dynptr)
#define DISCARD           AT(1, PTR), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_ringbuf_discard_dynptr)
#define QUERY                                                                                      \
	XB_LD_MAP_FD(1, RIG_RINGBUF), XB_MOV64_IMM(2, BPF_RB_PROD_POS),                            \
	        XB_CALL(BPF_FUNC_ringbuf_query)
#define OUT64(n) .out = &(const u64){ (u64)(n) }, .out_bytes = 8
/* What the pointer is to, after all. */
#define SHOW_DATA XB_LDX_MEM(BPF_DW, 1, 7, DATA), XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA)

static const struct rig_row dynptr_rows[] = {
	{ "from memory", PROG(FROM_MEM(8, 0)), .r0 = 0 },
	{ "from memory, flags", PROG(FROM_MEM(8, 1)), .r0 = -EINVAL },
	{ "from memory, high flags", PROG(FROM_MEM(8, 1ull << 32)), .r0 = -EINVAL },
	{ "from memory, no bytes", PROG(FROM_MEM(0, 0)), .r0 = 0 },
	{ "from the stack",
	  PROG(XB_ST_MEM(BPF_DW, 10, FLAT, 0), AT(1, FLAT), XB_MOV64_IMM(2, 8), XB_MOV64_IMM(3, 0),
	       AT(4, PTR), XB_CALL(BPF_FUNC_dynptr_from_mem)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "from too much memory", PROG(FROM_MEM(OUT_BYTES - DATA + 1, 0)),
	  .fault = XB_FAULT_OOB_WRITE },
	{ "read", PROG(FROM_MEM(8, 0), READ(0, 8, 0)), .r0 = 0, OUT64(0x8877665544332211ull) },
	{ "read, the middle", PROG(FROM_MEM(8, 0), READ(2, 3, 0)), .r0 = 0, OUT64(0x554433) },
	{ "read, the last", PROG(FROM_MEM(8, 0), READ(7, 1, 0)), .r0 = 0, OUT64(0x88) },
	{ "read, behind", PROG(FROM_MEM(8, 0), READ(8, 1, 0)), .r0 = -E2BIG, OUT64(0) },
	{ "read, too much", PROG(FROM_MEM(8, 0), READ(0, 9, 0)), .r0 = -E2BIG, OUT64(0) },
	{ "read, far", PROG(FROM_MEM(8, 0), READ(0xffffffffull, 8, 0)), .r0 = -E2BIG, OUT64(0) },
	{ "read, farther", PROG(FROM_MEM(8, 0), READ((1ull << 32) + 1, 4, 0)), .r0 = 0,
	  OUT64(0x55443322) },
	{ "read, nothing", PROG(FROM_MEM(8, 0), READ(8, 0, 0)), .r0 = 0, OUT64(0) },
	{ "read, nothing behind", PROG(FROM_MEM(8, 0), READ(9, 0, 0)), .r0 = -E2BIG, OUT64(0) },
	{ "read, flags", PROG(FROM_MEM(8, 0), READ(0, 8, 1)), .r0 = -EINVAL, OUT64(0) },
	{ "read, flags before range", PROG(FROM_MEM(8, 0), READ(9, 8, 1)), .r0 = -EINVAL,
	  OUT64(0) },
	{ "read, null", PROG(FROM_MEM(8, 1), READ(0, 8, 0)), .r0 = -EINVAL, OUT64(0) },
	{ "write", PROG(FROM_MEM(8, 0), WRITE(0, 8, 0), SHOW_DATA), .r0 = 0,
	  OUT64(0xa8a7a6a5a4a3a2a1ull) },
	{ "write, the middle", PROG(FROM_MEM(8, 0), WRITE(3, 2, 0), SHOW_DATA), .r0 = 0,
	  OUT64(0x887766a2a1332211ull) },
	{ "write, too much", PROG(FROM_MEM(8, 0), WRITE(1, 8, 0), SHOW_DATA), .r0 = -E2BIG,
	  OUT64(0x8877665544332211ull) },
	{ "write, nothing", PROG(FROM_MEM(8, 0), WRITE(8, 0, 0), SHOW_DATA), .r0 = 0,
	  OUT64(0x8877665544332211ull) },
	{ "write, flags", PROG(FROM_MEM(8, 0), WRITE(0, 8, 1), SHOW_DATA), .r0 = -EINVAL,
	  OUT64(0x8877665544332211ull) },
	{ "write, range before flags", PROG(FROM_MEM(8, 0), WRITE(1, 8, 1)), .r0 = -E2BIG,
	  .since = KERNEL(6, 4) },
	{ "write, null", PROG(FROM_MEM(8, 1), WRITE(0, 8, 0), SHOW_DATA), .r0 = -EINVAL,
	  OUT64(0x8877665544332211ull) },
	{ "write, what it points at",
	  PROG(FROM_MEM(8, 0), AT(1, PTR), XB_MOV64_IMM(2, 2), XB_MOV64_REG(3, 7),
	       XB_ALU64_IMM(BPF_ADD, 3, DATA), XB_MOV64_IMM(4, 6), XB_MOV64_IMM(5, 0),
	       XB_CALL(BPF_FUNC_dynptr_write), SHOW_DATA),
	  .r0 = 0, OUT64(0x6655443322112211ull) },
	{ "part",
	  PROG(FROM_MEM(8, 0), PART(4, 2), XB_JMP_IMM(BPF_JEQ, 0, 0, 2), XB_LDX_MEM(BPF_H, 1, 0, 0),
	       XB_MOV64_REG(0, 1)),
	  .r0 = 0x6655 },
	{ "part, written",
	  PROG(FROM_MEM(8, 0), PART(4, 2), XB_JMP_IMM(BPF_JEQ, 0, 0, 2),
	       XB_ST_MEM(BPF_H, 0, 0, 0x1234), XB_MOV64_IMM(0, 0), SHOW_DATA),
	  .r0 = 0, OUT64(0x8877123444332211ull) },
	{ "part, too long", PROG(FROM_MEM(8, 0), IS_PART(4, 5)), .r0 = 0 },
	{ "part, behind", PROG(FROM_MEM(8, 0), IS_PART(9, 0)), .r0 = 0 },
	{ "part, none", PROG(FROM_MEM(8, 0), IS_PART(8, 0)), .r0 = 1 },
	{ "part, null", PROG(FROM_MEM(8, 1), IS_PART(0, 1)), .r0 = 0 },
	{ "not initialized",
	  PROG(XB_ST_MEM(BPF_DW, 10, PTR, 0), XB_ST_MEM(BPF_DW, 10, PTR + 8, 0), READ(0, 8, 0)),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_dynptr_read: argument 3 (dynptr): not an initialized dynptr" },
	{ "overwritten", PROG(FROM_MEM(8, 0), XB_ST_MEM(BPF_DW, 10, PTR, 0), READ(0, 8, 0)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
};

static const struct rig_row dynptr_ringbuf_rows[] = {
	{ "reserve, discard", PROG(RESERVE(8, 0), KEEP, DISCARD, KEPT), .r0 = 0 },
	{ "reserve, submit", PROG(RESERVE(8, 0), KEEP, SUBMIT, KEPT), .r0 = 0 },
	{ "reserve, write, read, submit",
	  PROG(RESERVE(100, 0), WRITE(90, 8, 0), READ(88, 8, 0), KEEP, SUBMIT, KEPT), .r0 = 0,
	  .out = "\0\0\xa1\xa2\xa3\xa4\xa5\xa6", .out_bytes = 8,
	  .emu_only = "Linux does not clear records" },
	{ "reserve, write, read",
	  PROG(RESERVE(100, 0), WRITE(90, 8, 0), READ(91, 7, 0), KEEP, SUBMIT, KEPT), .r0 = 0,
	  OUT64(0xa8a7a6a5a4a3a2) },
	{ "reserve, write too much", PROG(RESERVE(7, 0), WRITE(0, 8, 0), KEEP, SUBMIT, KEPT),
	  .r0 = -E2BIG },
	{ "reserve, part",
	  PROG(RESERVE(8, 0), PART(0, 8), XB_JMP_IMM(BPF_JEQ, 0, 0, 1),
	       XB_ST_MEM(BPF_DW, 0, 0, 0x77), READ(0, 8, 0), KEEP, SUBMIT, KEPT),
	  .r0 = 0, OUT64(0x77) },
	{ "reserve, flags", PROG(RESERVE(8, 1), KEEP, SUBMIT, KEPT), .r0 = -EINVAL },
	{ "reserve, flags before size", PROG(RESERVE(1 << 24, 1), KEEP, SUBMIT, KEPT),
	  .r0 = -EINVAL },
	{ "reserve, too much", PROG(RESERVE(4096, 0), KEEP, SUBMIT, KEPT), .r0 = -EINVAL },
	{ "reserve, most of all", PROG(RESERVE(MAXIMUM, 0), KEEP, SUBMIT, KEPT), .r0 = -EINVAL },
	{ "reserve, more than a dynptr holds", PROG(RESERVE(MAXIMUM + 1, 0), KEEP, SUBMIT, KEPT),
	  .r0 = -E2BIG },
	{ "reserve, -1 bytes", PROG(RESERVE(-1, 0), KEEP, DISCARD, KEPT), .r0 = -E2BIG },
	{ "reserve, in vain, and write", PROG(RESERVE(4096, 0), WRITE(0, 8, 0), KEEP, SUBMIT, KEPT),
	  .r0 = -EINVAL },
	{ "reserve, nothing", PROG(RESERVE(0, 0), KEEP, SUBMIT, KEPT), .r0 = 0 },
	{ "what is taken", PROG(RESERVE(20, 0), SUBMIT, QUERY), .r0 = 32 },
	{ "what is taken by a discarded one", PROG(RESERVE(20, 0), DISCARD, QUERY), .r0 = 32 },
	{ "what is taken in vain", PROG(RESERVE(5000, 0), DISCARD, QUERY), .r0 = 0 },
	{ "submit, twice", PROG(RESERVE(8, 0), SUBMIT, SUBMIT), .refused = "it is none any more",
	  .any_r0 = true },
	{ "submit, of memory", PROG(FROM_MEM(8, 0), SUBMIT), .fault = XB_FAULT_BAD_ARGUMENT },
	{ "reserve, of another map",
	  PROG(XB_LD_MAP_FD(1, RIG_ARRAY), XB_MOV64_IMM(2, 8), XB_MOV64_IMM(3, 0), AT(4, PTR),
	       XB_CALL(BPF_FUNC_ringbuf_reserve_dynptr)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
};

RIG_TEST(dynptr)
RIG_TEST(dynptr_ringbuf)
