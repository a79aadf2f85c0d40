/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_event.c - ring buffers and perf samples, from the program's side. */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define OUTPUT(bytes, flags)                                                                       \
	XB_LD_MAP_FD(1, RIG_RINGBUF), XB_MOV64_REG(2, 7), XB_MOV64_IMM(3, bytes),                  \
	        XB_MOV64_IMM(4, flags), XB_CALL(BPF_FUNC_ringbuf_output)
#define QUERY(what)                                                                                \
	XB_LD_MAP_FD(1, RIG_RINGBUF), XB_MOV64_IMM(2, what), XB_CALL(BPF_FUNC_ringbuf_query)
#define RESERVE(bytes, flags)                                                                      \
	XB_LD_MAP_FD(1, RIG_RINGBUF), XB_MOV64_IMM(2, bytes), XB_MOV64_IMM(3, flags),              \
	        XB_CALL(BPF_FUNC_ringbuf_reserve)
/* R0 is a record: give it back. */
#define GIVE(helper, flags)                                                                        \
	XB_JMP_IMM(BPF_JEQ, 0, 0, 4), XB_ST_MEM(BPF_B, 0, 0, 1), XB_MOV64_REG(1, 0),               \
	        XB_MOV64_IMM(2, flags), XB_CALL(BPF_FUNC_ringbuf_##helper)
/* R0 := whether there is a record */
#define RESERVED                                                                                   \
	XB_JMP_IMM(BPF_JEQ, 0, 0, 4), XB_MOV64_REG(1, 0), XB_MOV64_IMM(2, 0),                      \
	        XB_CALL(BPF_FUNC_ringbuf_discard), XB_MOV64_IMM(0, 1)

static const struct rig_row ringbuf_rows[] = {
	{ "output", PROG(OUTPUT(16, 0)), .r0 = 0 },
	{ "output, wake up", PROG(OUTPUT(16, BPF_RB_FORCE_WAKEUP)), .r0 = 0 },
	{ "output, no wake up", PROG(OUTPUT(16, BPF_RB_NO_WAKEUP)), .r0 = 0 },
	{ "output of nothing", PROG(OUTPUT(0, 0), QUERY(BPF_RB_PROD_POS)), .r0 = 8 },
	{ "output with flags", PROG(OUTPUT(16, 4)), .r0 = -EINVAL },
	{ "output until full",
	  PROG(OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(504, 0),
	       OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(488, 0), OUTPUT(0, 0)),
	  .r0 = 0 },
	{ "output when full",
	  PROG(OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(504, 0),
	       OUTPUT(504, 0), OUTPUT(504, 0), OUTPUT(489, 0), OUTPUT(0, 0)),
	  .r0 = -EAGAIN },
	{ "output past its value", PROG(OUTPUT(OUT_BYTES + 1, 0)), .fault = XB_FAULT_OOB_READ },
	{ "query data", PROG(OUTPUT(13, 0), QUERY(BPF_RB_AVAIL_DATA)), .r0 = 24 },
	{ "query size", PROG(QUERY(BPF_RB_RING_SIZE)), .r0 = 4096 },
	{ "query consumer", PROG(OUTPUT(13, 0), QUERY(BPF_RB_CONS_POS)), .r0 = 0 },
	{ "query producer", PROG(OUTPUT(8, 0), QUERY(BPF_RB_PROD_POS)), .r0 = 16 },
	{ "query something else", PROG(OUTPUT(8, 0), QUERY(4)), .r0 = 0 },
	{ "reserve", PROG(RESERVE(16, 0), RESERVED), .r0 = 1 },
	{ "reserve with flags", PROG(RESERVE(16, 1), RESERVED), .r0 = 0 },
	{ "reserve too much", PROG(RESERVE(4096, 0), RESERVED), .r0 = 0 },
	{ "reserve all", PROG(RESERVE(4080, 0), RESERVED), .r0 = 1 },
	{ "reserve one more", PROG(RESERVE(4081, 0), RESERVED), .r0 = 0 },
	{ "submit", PROG(RESERVE(16, 0), GIVE(submit, 0), QUERY(BPF_RB_PROD_POS)), .r0 = 24 },
	{ "discard", PROG(RESERVE(16, 0), GIVE(discard, 0), QUERY(BPF_RB_PROD_POS)), .r0 = 24 },
	{ "a record ends at its size",
	  PROG(RESERVE(12, 0), XB_JMP_IMM(BPF_JEQ, 0, 0, 4), XB_ST_MEM(BPF_B, 0, 12, 1),
	       XB_MOV64_REG(1, 0), XB_MOV64_IMM(2, 0), XB_CALL(BPF_FUNC_ringbuf_submit)),
	  .fault = XB_FAULT_OOB_WRITE },
	{ "submit of something else", PROG(XB_MOV64_REG(1, 7), XB_MOV64_IMM(2, 0), XB_CALL(132)),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_ringbuf_submit: argument 1 (record): not a record that is reserved in "
	             "a ring buffer" },
	{ "submit of null", PROG(XB_MOV64_IMM(1, 0), XB_MOV64_IMM(2, 0), XB_CALL(132)),
	  .fault = XB_FAULT_NULL_POINTER },
	{ "submit twice",
	  PROG(RESERVE(16, 0), XB_JMP_IMM(BPF_JEQ, 0, 0, 7), XB_MOV64_REG(8, 0), XB_MOV64_REG(1, 8),
	       XB_MOV64_IMM(2, 0), XB_CALL(132), XB_MOV64_REG(1, 8), XB_MOV64_IMM(2, 0),
	       XB_CALL(132)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "output to an array",
	  PROG(XB_LD_MAP_FD(1, RIG_ARRAY), XB_MOV64_REG(2, 7), XB_MOV64_IMM(3, 8),
	       XB_MOV64_IMM(4, 0), XB_CALL(130)),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "cannot pass map_type 2 into func bpf_ringbuf_output#130" },
};

/* 16 bytes of data, 11 to 1a; then packet bytes, which count from 0. */
#define SAMPLE(bytes, flags)                                                                       \
	PROG(XB_LD_IMM64(1, 0x1817161514131211ull), XB_STX_MEM(BPF_DW, 7, 1, 0),                   \
	     XB_MOV64_IMM(1, 0x1a19), XB_STX_MEM(BPF_DW, 7, 1, 8), XB_MOV64_REG(1, 6),             \
	     XB_LD_MAP_FD(2, RIG_PERF), XB_LD_IMM64(3, flags), XB_MOV64_REG(4, 7),                 \
	     XB_MOV64_IMM(5, bytes), XB_CALL(BPF_FUNC_perf_event_output))
#define DATA(...)                                                                                  \
	.sample = (const u8[]){ __VA_ARGS__ }, .sample_bytes = sizeof((const u8[]){ __VA_ARGS__ })
#define BYTES_8   0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18
#define PACKET(n) (BPF_F_CURRENT_CPU | (u64)(n) << 32)

static const struct rig_row perf_rows[] = {
	{ "this CPU", SAMPLE(8, BPF_F_CURRENT_CPU), .r0 = 0, DATA(BYTES_8, 0, 0, 0, 0) },
	{ "slot 0", SAMPLE(12, 0ull), .r0 = 0, DATA(BYTES_8, 0x19, 0x1a, 0, 0) },
	{ "4 bytes", SAMPLE(4, 0ull), .r0 = 0, DATA(0x11, 0x12, 0x13, 0x14) },
	{ "5 bytes", SAMPLE(5, 0ull), .r0 = 0,
	  DATA(0x11, 0x12, 0x13, 0x14, 0x15, 0, 0, 0, 0, 0, 0, 0) },
	{ "no bytes", SAMPLE(0, 0ull), .r0 = 0, DATA(0, 0, 0, 0) },
	{ "packet bytes", SAMPLE(8, PACKET(3)), .r0 = 0, DATA(BYTES_8, 0, 1, 2, 0) },
	{ "more packet bytes", SAMPLE(8, PACKET(5)), .r0 = 0,
	  DATA(BYTES_8, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0) },
	{ "packet bytes only", SAMPLE(0, PACKET(4)), .r0 = 0, DATA(0, 1, 2, 3) },
	{ "the packet", SAMPLE(8, PACKET(RIG_PACKET_BYTES)), .r0 = 0 },
	{ "more than the packet", SAMPLE(8, PACKET(RIG_PACKET_BYTES + 1)), .r0 = -EFAULT },
	{ "another CPU's slot", SAMPLE(8, 1ull), .r0 = -EOPNOTSUPP, .needs_2_cpus = true },
	{ "past the array", SAMPLE(8, 4ull), .r0 = -E2BIG },
	{ "nobody reads", SAMPLE(8, BPF_F_CURRENT_CPU), .no_readers = true, .r0 = -ENOENT },
	{ "flags", SAMPLE(8, 1ull << 63), .r0 = -EINVAL },
	{ "data past its value", SAMPLE(OUT_BYTES + 1, 0ull), .fault = XB_FAULT_OOB_READ },
};

RIG_TEST(ringbuf)
RIG_TEST(perf)
