/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_call.c - helpers that call functions of the program, locks, and the time of day. */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define OUT64(n) .out = &(const u64){ (u64)(n) }, .out_bytes = 8

/* bpf_loop(cnt, function, R10-8, flags); the 8 bytes there go out. The function is behind: slot 16.
 */
#define LOOP_FUNC 16
#define LOOP(cnt, flags, ...)                                                                      \
	WHOLE(BEGIN, XB_ST_MEM(BPF_DW, 10, -8, 0), XB_MOV32_IMM(1, cnt),                           \
	      XB_LD_FUNC(2, LOOP_FUNC - 6), XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -8),     \
	      XB_MOV64_IMM(4, flags), XB_CALL(BPF_FUNC_loop), XB_LDX_MEM(BPF_DW, 1, 10, -8),       \
	      XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA), END, __VA_ARGS__),                               \
	        .func_pc = LOOP_FUNC
/* Adds the index up, and goes on. */
#define SUM       XB_LDX_MEM(BPF_DW, 3, 2, 0), XB_ALU64_REG(BPF_ADD, 3, 1), XB_STX_MEM(BPF_DW, 2, 3, 0)
#define GO_ON     XB_MOV64_IMM(0, 0), XB_EXIT()
#define STOP_AT_5 XB_MOV64_IMM(0, 1), XB_JMP_IMM(BPF_JEQ, 1, 5, 1), XB_MOV64_IMM(0, 0), XB_EXIT()

static const struct rig_row loop_rows[] = {
	{ "loop, never", LOOP(0, 0, SUM, GO_ON), .r0 = 0, OUT64(0) },
	{ "loop, 10 times", LOOP(10, 0, SUM, GO_ON), .r0 = 10, OUT64(45) },
	{ "loop, stopped", LOOP(10, 0, SUM, STOP_AT_5), .r0 = 6, OUT64(15) },
	{ "loop, flags", LOOP(10, 1, SUM, GO_ON), .r0 = -EINVAL, OUT64(0) },
	{ "loop, once", LOOP(1, 0, SUM, GO_ON), .r0 = 1, OUT64(0) },
	{ "loop, too often", LOOP((1 << 23) + 1, 0, SUM, GO_ON), .r0 = (u32)-E2BIG, OUT64(0) },
	{ "loop, -1 times", LOOP(-1, 0, SUM, GO_ON), .r0 = (u32)-E2BIG, OUT64(0) },
	{ "loop, 2^32 times",
	  WHOLE(BEGIN, XB_LD_IMM64(1, 1ull << 32), XB_LD_FUNC(2, 13 - 6), XB_MOV64_IMM(3, 0),
	        XB_MOV64_IMM(4, 0), XB_CALL(BPF_FUNC_loop), END, GO_ON),
	  .func_pc = 13, .r0 = (u32)-E2BIG },
	{ "loop, a function that faults", LOOP(10, 0, XB_LDX_MEM(BPF_DW, 3, 2, 8), GO_ON),
	  .fault = XB_FAULT_OOB_READ },
	{ "loop, a number for a function",
	  PROG(XB_MOV64_IMM(1, 1), XB_MOV64_IMM(2, 3), XB_MOV64_IMM(3, 0), XB_MOV64_IMM(4, 0),
	       XB_CALL(BPF_FUNC_loop)),
	  .fault = XB_FAULT_BAD_CALL },
};

/*
 * bpf_for_each_map_elem(map, function, R10-8, flags), after 11 slots of whatever; the 8 bytes go
 * out.
 */
#define EACH_FUNC 28
#define EACH(map, flags, before, ...)                                                              \
	WHOLE(BEGIN, before, XB_ST_MEM(BPF_DW, 10, -8, 0), XB_LD_MAP_FD(1, map),                   \
	      XB_LD_FUNC(2, EACH_FUNC - 18), XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -8),    \
	      XB_MOV64_IMM(4, flags), XB_CALL(BPF_FUNC_for_each_map_elem),                         \
	      XB_LDX_MEM(BPF_DW, 1, 10, -8), XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA), END,              \
	      __VA_ARGS__),                                                                        \
	        .func_pc = EACH_FUNC
#define NOP     XB_MOV64_IMM(0, 0)
#define NOTHING NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP
/* map[k] := v */
#define INSERT(map, k, v)                                                                          \
	XB_ST_MEM(BPF_W, 10, -12, k), XB_ST_MEM(BPF_DW, 10, -24, v), XB_LD_MAP_FD(1, map),         \
	        XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -12), XB_MOV64_REG(3, 10),           \
	        XB_ALU64_IMM(BPF_ADD, 3, -24), XB_MOV64_IMM(4, 0), XB_CALL(2), NOP
/* Adds key and value up (R1 map, R2 key, R3 value, R4 context). */
#define SUM_ELEM                                                                                   \
	XB_LDX_MEM(BPF_W, 2, 2, 0), XB_LDX_MEM(BPF_DW, 3, 3, 0), XB_LDX_MEM(BPF_DW, 5, 4, 0),      \
	        XB_ALU64_REG(BPF_ADD, 5, 3), XB_ALU64_REG(BPF_ADD, 5, 2),                          \
	        XB_STX_MEM(BPF_DW, 4, 5, 0)
#define STOP_AT_KEY_1                                                                              \
	XB_MOV64_IMM(0, 1), XB_JMP_IMM(BPF_JEQ, 2, 1, 1), XB_MOV64_IMM(0, 0), XB_EXIT()
#define KEYED     INSERT(RIG_HASH, 7, 100)
#define ARGS(...) __VA_ARGS__

static const struct rig_row each_rows[] = {
	{ "each of an array", EACH(RIG_ARRAY, 0, ARGS(NOTHING), SUM_ELEM, GO_ON), .r0 = 4,
	  OUT64(6) },
	{ "each of a per-CPU array", EACH(RIG_PERCPU, 0, ARGS(NOTHING), SUM_ELEM, GO_ON), .r0 = 4,
	  OUT64(6) },
	{ "each of an empty hash", EACH(RIG_HASH, 0, ARGS(NOTHING), SUM_ELEM, GO_ON), .r0 = 0,
	  OUT64(0) },
	{ "each of a hash", EACH(RIG_HASH, 0, ARGS(KEYED), SUM_ELEM, GO_ON), .r0 = 1, OUT64(107) },
	{ "each, stopped", EACH(RIG_ARRAY, 0, ARGS(NOTHING), SUM_ELEM, STOP_AT_KEY_1), .r0 = 2,
	  OUT64(1) },
	{ "each, flags", EACH(RIG_ARRAY, 1, ARGS(NOTHING), SUM_ELEM, GO_ON), .r0 = -EINVAL,
	  OUT64(0) },
	{ "each of a queue", EACH(RIG_QUEUE, 0, ARGS(NOTHING), SUM_ELEM, GO_ON),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "each, writing its key",
	  EACH(RIG_ARRAY, 0, ARGS(NOTHING), XB_ST_MEM(BPF_W, 2, 0, 1), GO_ON),
	  .fault = XB_FAULT_READ_ONLY },
	{ "each, past its key",
	  EACH(RIG_ARRAY, 0, ARGS(NOTHING), XB_LDX_MEM(BPF_DW, 3, 2, 0), GO_ON),
	  .fault = XB_FAULT_OOB_READ, .message = "1 byte past the end of key (4 bytes)" },
	{ "each, past its value",
	  EACH(RIG_ARRAY, 0, ARGS(NOTHING), XB_LDX_MEM(BPF_DW, 3, 3, 8), GO_ON),
	  .fault = XB_FAULT_OOB_READ },
};

/* A walk in a walk: the inner one adds up, the outer one's key (at R8) is still there. */
static const struct rig_row nested_rows[] = {
	{ "each of a hash with long keys",
	  WHOLE(BEGIN, XB_MOV64_REG(2, 7), XB_MOV64_REG(3, 7), XB_MOV64_IMM(4, 0),
	        XB_LD_MAP_FD(1, RIG_BIGKEY), XB_CALL(2), XB_ST_MEM(BPF_DW, 10, -8, 0),
	        XB_LD_MAP_FD(1, RIG_BIGKEY), XB_LD_FUNC(2, 8), XB_MOV64_REG(3, 10),
	        XB_ALU64_IMM(BPF_ADD, 3, -8), XB_MOV64_IMM(4, 0),
	        XB_CALL(BPF_FUNC_for_each_map_elem), END, XB_LDX_MEM(BPF_W, 0, 2, 996), GO_ON),
	  .func_pc = 21, .r0 = 1 },
	{ "each in each",
	  WHOLE(BEGIN, XB_ST_MEM(BPF_DW, 10, -8, 0), XB_LD_MAP_FD(1, RIG_ARRAY), XB_LD_FUNC(2, 9),
	        XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -8), XB_MOV64_IMM(4, 0),
	        XB_CALL(BPF_FUNC_for_each_map_elem), XB_LDX_MEM(BPF_DW, 0, 10, -8), END,
	        /* outer */
	        XB_MOV64_REG(8, 2), XB_MOV64_REG(9, 4), XB_LD_MAP_FD(1, RIG_PERCPU),
	        XB_LD_FUNC(2, 11), XB_MOV64_REG(3, 4), XB_MOV64_IMM(4, 0),
	        XB_CALL(BPF_FUNC_for_each_map_elem), XB_LDX_MEM(BPF_W, 1, 8, 0),
	        XB_ALU64_IMM(BPF_MUL, 1, 100), XB_LDX_MEM(BPF_DW, 2, 9, 0),
	        XB_ALU64_REG(BPF_ADD, 2, 1), XB_STX_MEM(BPF_DW, 9, 2, 0), GO_ON,
	        /* inner */
	        XB_LDX_MEM(BPF_W, 2, 2, 0), XB_LDX_MEM(BPF_DW, 5, 4, 0),
	        XB_ALU64_REG(BPF_ADD, 5, 2), XB_STX_MEM(BPF_DW, 4, 5, 0), GO_ON),
	  .func_pc = 16, .func2_pc = 32, .r0 = 4 * 6 + 100 * 6 },
};

/* R8 := the value with the lock; nothing else happens where there is none. */
#define LOCKED(cnt)                                                                                \
	XB_ST_MEM(BPF_W, 10, -4, 0), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),            \
	        XB_LD_MAP_FD(1, RIG_LOCK), XB_CALL(1), XB_JMP_IMM(BPF_JEQ, 0, 0, cnt),             \
	        XB_MOV64_REG(8, 0)
#define LOCK   XB_MOV64_REG(1, 8), XB_CALL(BPF_FUNC_spin_lock)
#define UNLOCK XB_MOV64_REG(1, 8), XB_CALL(BPF_FUNC_spin_unlock)
#define RET7   XB_MOV64_IMM(0, 7)

static const struct rig_row lock_rows[] = {
	{ "lock", PROG(LOCKED(7), LOCK, XB_ST_MEM(BPF_W, 8, 8, 1), UNLOCK, RET7), .r0 = 7 },
	{ "lock twice in turn", PROG(LOCKED(10), LOCK, UNLOCK, LOCK, UNLOCK, RET7), .r0 = 7 },
	{ "lock twice", PROG(LOCKED(8), LOCK, LOCK, UNLOCK, RET7), .fault = XB_FAULT_LOCK,
	  .message = "bpf_spin_lock: locking two bpf_spin_locks is not allowed" },
	{ "unlock only", PROG(LOCKED(4), UNLOCK, RET7), .fault = XB_FAULT_LOCK,
	  .message = "bpf_spin_unlock without taking a lock" },
	{ "unlock of another",
	  PROG(LOCKED(7), LOCK, XB_MOV64_REG(1, 8), XB_ALU64_IMM(BPF_ADD, 1, 8),
	       XB_CALL(BPF_FUNC_spin_unlock), RET7),
	  .fault = XB_FAULT_LOCK, .message = "bpf_spin_unlock of different lock" },
	{ "lock kept", PROG(LOCKED(4), LOCK, RET7), .fault = XB_FAULT_LOCK,
	  .message = "the program ended with a lock held" },
	{ "lock of nothing", PROG(XB_MOV64_IMM(1, 0), XB_CALL(BPF_FUNC_spin_lock)),
	  .fault = XB_FAULT_NULL_POINTER },
};

#define NUMBER(helper) PROG(XB_CALL(BPF_FUNC_##helper))
/* R0 := whether a() <= b() */
#define ORDER(a, b)                                                                                \
	PROG(XB_CALL(BPF_FUNC_##a), XB_MOV64_REG(8, 0), XB_CALL(BPF_FUNC_##b), XB_MOV64_REG(1, 0), \
	     XB_MOV64_IMM(0, 1), XB_JMP_REG(BPF_JLE, 8, 1, 1), XB_MOV64_IMM(0, 0))
/*
 * R0 := whether the ticks since boot, after the kernel's first value of them, are those of the
 * clock, +-1 s
 */
#define TICKS                                                                                      \
	PROG(XB_CALL(BPF_FUNC_jiffies64), XB_MOV64_REG(8, 0), XB_CALL(BPF_FUNC_ktime_get_ns),      \
	     XB_ALU64_IMM(BPF_DIV, 0, 4000000), XB_ALU64_REG(BPF_SUB, 8, 0),                       \
	     XB_LD_IMM64(1, (1ull << 32) - 300 * 250 - 250), XB_ALU64_REG(BPF_SUB, 8, 1),          \
	     XB_MOV64_IMM(0, 1), XB_JMP_IMM(BPF_JLE, 8, 500, 1), XB_MOV64_IMM(0, 0))

static const struct rig_row time_rows[] = {
	{ "coarse and fine", ORDER(ktime_get_coarse_ns, ktime_get_ns), .r0 = 1 },
	{ "up and on", ORDER(ktime_get_ns, ktime_get_boot_ns), .r0 = 1 },
	{ "time goes on", ORDER(ktime_get_ns, ktime_get_ns), .r0 = 1 },
	{ "since the epoch", ORDER(ktime_get_boot_ns, ktime_get_tai_ns), .r0 = 1 },
	{ "ticks", TICKS, .r0 = 1, .needs_hz_250 = true },
	{ "CPU", NUMBER(get_smp_processor_id), .r0 = 0 },
	{ "node", NUMBER(get_numa_node_id), .r0 = 0 },
	{ "random numbers have 32 bits",
	  PROG(XB_CALL(BPF_FUNC_get_prandom_u32), XB_ALU64_IMM(BPF_RSH, 0, 32)), .r0 = 0 },
};

RIG_TEST(loop)
RIG_TEST(each)
RIG_TEST(nested)
RIG_TEST(lock)
RIG_TEST(time)
