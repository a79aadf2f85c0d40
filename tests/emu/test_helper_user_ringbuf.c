/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_user_ringbuf.c - samples from user space, good, skipped, unfinished and impossible.
 */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define OUT64(n) .out = &(const u64){ (u64)(n) }, .out_bytes = 8

/* bpf_user_ringbuf_drain(RIG_USER, function, R10-16, flags); the 8 bytes there go out. */
#define FUNC 19
#define DRAIN(flags, ...)                                                                          \
	WHOLE(BEGIN, XB_ST_MEM(BPF_DW, 10, -16, 0), XB_ST_MEM(BPF_DW, 10, -8, 0),                  \
	      XB_LD_MAP_FD(1, RIG_USER), XB_LD_FUNC(2, FUNC - 8), XB_MOV64_REG(3, 10),             \
	      XB_ALU64_IMM(BPF_ADD, 3, -16), XB_LD_IMM64(4, flags),                                \
	      XB_CALL(BPF_FUNC_user_ringbuf_drain), XB_LDX_MEM(BPF_DW, 1, 10, -16),                \
	      XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA), END, __VA_ARGS__),                               \
	        .func_pc = FUNC
/* Adds the sample's first 8 bytes up; what bpf_dynptr_read says is in R7. */
#define SUM                                                                                        \
	XB_MOV64_REG(6, 2), XB_MOV64_REG(3, 1), XB_MOV64_REG(1, 6), XB_ALU64_IMM(BPF_ADD, 1, 8),   \
	        XB_MOV64_IMM(2, 8), XB_MOV64_IMM(4, 0), XB_MOV64_IMM(5, 0),                        \
	        XB_CALL(BPF_FUNC_dynptr_read), XB_MOV64_REG(7, 0), XB_LDX_MEM(BPF_DW, 1, 6, 8),    \
	        XB_LDX_MEM(BPF_DW, 2, 6, 0), XB_ALU64_REG(BPF_ADD, 2, 1),                          \
	        XB_STX_MEM(BPF_DW, 6, 2, 0)
#define GO_ON XB_MOV64_IMM(0, 0), XB_EXIT()
#define STOP  XB_MOV64_IMM(0, 1), XB_EXIT()
/* Out goes what bpf_dynptr_read says. */
#define STATUS XB_STX_MEM(BPF_DW, 6, 7, 0)
/* Writes 8 bytes into the sample, and the next read sees them. */
#define WRITE                                                                                      \
	XB_MOV64_REG(8, 1), XB_MOV64_REG(9, 2), XB_ST_MEM(BPF_DW, 9, 8, 77), XB_MOV64_IMM(2, 0),   \
	        XB_MOV64_REG(3, 9), XB_ALU64_IMM(BPF_ADD, 3, 8), XB_MOV64_IMM(4, 8),               \
	        XB_MOV64_IMM(5, 0), XB_CALL(BPF_FUNC_dynptr_write), XB_MOV64_REG(1, 8),            \
	        XB_MOV64_REG(2, 9)

#define BUSY    BPF_RINGBUF_BUSY_BIT
#define DISCARD BPF_RINGBUF_DISCARD_BIT

/* Words: a header of two, then the sample. */
static const u32 three[] = { 8, 0, 100, 0, 8, 0, 20, 0, 8, 0, 3, 0 };
static const u32 skips[] = { 8, 0, 100, 0, 8 | DISCARD, 0, 20, 0, 8, 0, 3, 0 };
static const u32 unfinished[] = { 8, 0, 100, 0, 8 | BUSY, 0, 20, 0, 8, 0, 3, 0 };
static const u32 both_bits[] = { 8 | BUSY | DISCARD, 0, 100, 0, 8, 0, 3, 0 };
static const u32 odd[] = { 4, 0, 100, 0, 9, 0, 20, 0, 0xff, 0, 8, 0, 3, 0 };
static const u32 empty[] = { 0, 0, 8, 0, 3, 0 };
static const u32 beyond[] = { 9, 0, 100, 0 };
static const u32 whole[] = { 4088, 0, 5, 0 };
static const u32 more[] = { 4089, 0, 5, 0 };

#define RING(words, from, to)                                                                      \
	.ring = &(const struct rig_ring)                                                           \
	{                                                                                          \
		words, sizeof(words), from, to                                                     \
	}

static const struct rig_row user_ringbuf_rows[] = {
	{ "drain, nothing there", DRAIN(0, SUM, GO_ON), .r0 = 0, OUT64(0) },
	{ "drain", DRAIN(0, SUM, GO_ON), RING(three, 48, 48), .r0 = 3, OUT64(123) },
	{ "drain, no wakeup", DRAIN(1, SUM, GO_ON), RING(three, 48, 48), .r0 = 3, OUT64(123) },
	{ "drain, both wakeups", DRAIN(3, SUM, GO_ON), RING(three, 48, 48), .r0 = 3, OUT64(123) },
	{ "drain, flags", DRAIN(4, SUM, GO_ON), RING(three, 48, 0), .r0 = -EINVAL, OUT64(0) },
	{ "drain, high flags", DRAIN(1ull << 32, SUM, GO_ON), RING(three, 48, 0), .r0 = -EINVAL,
	  OUT64(0) },
	{ "drain, two of three written", DRAIN(0, SUM, GO_ON), RING(three, 32, 32), .r0 = 2,
	  OUT64(120) },
	{ "drain, stopped", DRAIN(0, SUM, STOP), RING(three, 48, 16), .r0 = 1, OUT64(100) },
	{ "drain, one discarded", DRAIN(0, SUM, GO_ON), RING(skips, 48, 48), .r0 = 2, OUT64(103) },
	{ "drain, one unfinished", DRAIN(0, SUM, GO_ON), RING(unfinished, 48, 16), .r0 = 1,
	  OUT64(100) },
	{ "drain, unfinished and discarded", DRAIN(0, SUM, GO_ON), RING(both_bits, 32, 32), .r0 = 1,
	  OUT64(3) },
	{ "drain, odd lengths", DRAIN(0, SUM, GO_ON), RING(odd, 56, 56), .r0 = 3, OUT64(23) },
	{ "drain, no bytes in one", DRAIN(0, SUM, STATUS, GO_ON), RING(empty, 8, 8), .r0 = 1,
	  OUT64(-E2BIG) },
	{ "drain, odd position", DRAIN(0, SUM, GO_ON), RING(three, 44, 0), .r0 = -EINVAL,
	  OUT64(0) },
	{ "drain, beyond the position", DRAIN(0, SUM, GO_ON), RING(beyond, 16, 0), .r0 = -EINVAL,
	  OUT64(0) },
	{ "drain, position in a header", DRAIN(0, SUM, GO_ON), RING(three, 24, 16), .r0 = -EINVAL,
	  OUT64(100) },
	{ "drain, all of the ring", DRAIN(0, SUM, GO_ON), RING(whole, 4096, 4096), .r0 = 1,
	  OUT64(5) },
	{ "drain, more than the ring", DRAIN(0, SUM, GO_ON), RING(more, 8192, 0), .r0 = -E2BIG,
	  OUT64(0) },
	{ "drain, writing", DRAIN(0, WRITE, SUM, GO_ON), RING(three, 48, 48), .r0 = 3,
	  OUT64(3 * 77) },
	{ "drain of another ring buffer",
	  PROG(XB_LD_MAP_FD(1, RIG_RINGBUF), XB_MOV64_IMM(2, 0), XB_MOV64_IMM(3, 0),
	       XB_MOV64_IMM(4, 0), XB_CALL(BPF_FUNC_user_ringbuf_drain)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
};

RIG_TEST(user_ringbuf)
