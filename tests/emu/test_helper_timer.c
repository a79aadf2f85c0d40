/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_helper_timer.c - timers: what their helpers return, when they fire, and what ends them. The
 * kernel's fire while the test waits.
 */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#define MS(n) ((n)*1000000ull)
#define WAIT  .wait_ms = 60
#define ABS   1
#define TIMER 8 /* offset in the value */

#define OUT64(n) .out = &(const u64){ (u64)(n) }, .out_bytes = 8

/* R8 := the timer of entry `key`; where there is none, the program ends. */
#define FIND(map, key) FIND_OR(2, map, key)
#define FIND_OR(ret, map, key)                                                                     \
	XB_ST_MEM(BPF_W, 10, -4, key), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),          \
	        XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_lookup_elem),                           \
	        XB_JMP_IMM(BPF_JNE, 0, 0, 2), XB_MOV64_IMM(0, ret), XB_EXIT(), XB_MOV64_REG(8, 0), \
	        XB_ALU64_IMM(BPF_ADD, 8, TIMER)
/* The same in a callback. */
#define CB_FIND(map, key) FIND_OR(0, map, key)
#define FIND_SLOTS        11
/* entry `key` := zeros, and `before` */
#define SET(map, key, before)                                                                      \
	XB_ST_MEM(BPF_W, 10, -4, key), XB_ST_MEM(BPF_DW, 10, -40, before),                         \
	        XB_ST_MEM(BPF_DW, 10, -32, 0), XB_ST_MEM(BPF_DW, 10, -24, 0),                      \
	        XB_ST_MEM(BPF_DW, 10, -16, 0), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),  \
	        XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -40), XB_LD_MAP_FD(1, map),          \
	        XB_MOV64_IMM(4, 0), XB_CALL(BPF_FUNC_map_update_elem)
#define SET_SLOTS 13
#define DELETE(map, key)                                                                           \
	XB_ST_MEM(BPF_W, 10, -4, key), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4),          \
	        XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_delete_elem)

#define INIT(map, flags)                                                                           \
	XB_MOV64_REG(1, 8), XB_LD_MAP_FD(2, map), XB_LD_IMM64(3, flags),                           \
	        XB_CALL(BPF_FUNC_timer_init)
#define INIT_SLOTS 6
/* The function begins `off` slots after the call. */
#define CALLBACK(off)                                                                              \
	XB_MOV64_REG(1, 8), XB_LD_FUNC(2, (off) + 2), XB_CALL(BPF_FUNC_timer_set_callback)
#define START(ns, flags)                                                                           \
	XB_MOV64_REG(1, 8), XB_LD_IMM64(2, ns), XB_LD_IMM64(3, flags), XB_CALL(BPF_FUNC_timer_start)
#define START_SLOTS  6
#define CANCEL       XB_MOV64_REG(1, 8), XB_CALL(BPF_FUNC_timer_cancel)
#define CANCEL_SLOTS 2
#define END_SLOTS    3
#define KEEP         XB_MOV64_REG(9, 0)
#define KEPT         XB_MOV64_REG(0, 9)
#define DONE         XB_MOV64_IMM(0, 0), XB_EXIT()

/* Which slot a callback starts at: behind BEGIN, which has 3, and the parts before END. */
#define FUNC_AT(slots) .func_pc = 3 + (slots) + END_SLOTS

/* A timer of `map`, entry 1, initialised with a callback, which is what follows; `more` is done. */
#define ARMED(map, flags, more_slots, more, ...)                                                   \
	WHOLE(BEGIN, FIND(map, 1), INIT(map, flags), CALLBACK((more_slots) + END_SLOTS), more,     \
	      END, __VA_ARGS__),                                                                   \
	        FUNC_AT(FIND_SLOTS + INIT_SLOTS + 4 + (more_slots))
#define ARGS(...) __VA_ARGS__

/* The callback's: R7 := the output. Keeps R1 to R3. */
#define CB_OUT XB_LD_MAP_VALUE(7, RIG_OUT, 0)
/* out := 1000 * key + before */
#define CB_SHOW                                                                                    \
	CB_OUT, XB_LDX_MEM(BPF_W, 4, 2, 0), XB_ALU64_IMM(BPF_MUL, 4, 1000),                        \
	        XB_LDX_MEM(BPF_DW, 5, 3, 0), XB_ALU64_REG(BPF_ADD, 4, 5),                          \
	        XB_STX_MEM(BPF_DW, 7, 4, OUT_DATA)
/* out := 10 * out + key + 1 */
#define CB_APPEND                                                                                  \
	CB_OUT, XB_LDX_MEM(BPF_W, 4, 2, 0), XB_ALU64_IMM(BPF_ADD, 4, 1),                           \
	        XB_LDX_MEM(BPF_DW, 5, 7, OUT_DATA), XB_ALU64_IMM(BPF_MUL, 5, 10),                  \
	        XB_ALU64_REG(BPF_ADD, 4, 5), XB_STX_MEM(BPF_DW, 7, 4, OUT_DATA)
/* out := what the call returned */
#define CB_RET CB_OUT, XB_STX_MEM(BPF_DW, 7, 0, OUT_DATA)

static const struct rig_row timer_rows[] = {
	{ "init", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, CLOCK_MONOTONIC)), .r0 = 0 },
	{ "init, real time", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, CLOCK_REALTIME)), .r0 = 0 },
	{ "init, time since boot", PROG(FIND(RIG_TIMERS, 0), INIT(RIG_TIMERS, CLOCK_BOOTTIME)),
	  .r0 = 0 },
	{ "init, no such clock", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 2)), .r0 = -EINVAL },
	{ "init, CPU time", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, CLOCK_TAI)), .r0 = -EINVAL },
	{ "init, flags", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 16)), .r0 = -EINVAL },
	{ "init, high flags", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1ull << 32 | 1)),
	  .r0 = -EINVAL },
	{ "init twice", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1)),
	  .r0 = -EBUSY },
	{ "init, flags before busy",
	  PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1), INIT(RIG_TIMERS, 99)), .r0 = -EINVAL },
	{ "init, of another map", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMER_HASH, 1)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "init, a map without", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_ARRAY, 1)),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_timer_init: map '' doesn't have 'struct bpf_timer'" },
	{ "init, beside it",
	  PROG(FIND(RIG_TIMERS, 1), XB_ALU64_IMM(BPF_ADD, 8, -8), INIT(RIG_TIMERS, 1)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "start, not initialised", PROG(FIND(RIG_TIMERS, 1), START(0, 0)), .r0 = -EINVAL },
	{ "start, no callback", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1), START(0, 0)),
	  .r0 = -EINVAL },
	{ "cancel, not initialised", PROG(FIND(RIG_TIMERS, 1), CANCEL), .r0 = -EINVAL },
	{ "cancel, not started", PROG(FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1), CANCEL), .r0 = 0 },
	{ "callback, not initialised",
	  WHOLE(BEGIN, FIND(RIG_TIMERS, 1), CALLBACK(END_SLOTS), END, DONE),
	  FUNC_AT(FIND_SLOTS + 4), .r0 = -EINVAL },
	{ "callback", ARMED(RIG_TIMERS, 1, 1, XB_MOV64_IMM(1, 0), DONE), .r0 = 0 },
	{ "start", ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(1), 0)), CB_SHOW, DONE), WAIT,
	  .r0 = 0, OUT64(1000) },
	{ "start at once", ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(0, 0)), CB_SHOW, DONE),
	  WAIT, .r0 = 0, OUT64(1000) },
	{ "start, flags", ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(0, 4)), CB_SHOW, DONE), WAIT,
	  .r0 = -EINVAL, OUT64(0) },
	{ "start, flags before all", PROG(FIND(RIG_TIMERS, 1), START(0, 8)), .r0 = -EINVAL },
	{ "start, on this CPU",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(1), 2)), CB_SHOW, DONE), WAIT, .r0 = 0,
	  OUT64(1000), .since = KERNEL(6, 7) },
	{ "start, absolute and past",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(1, ABS)), CB_SHOW, DONE), WAIT, .r0 = 0,
	  OUT64(1000), .since = KERNEL(6, 4) },
	{ "start, absolute and real",
	  ARMED(RIG_TIMERS, 0, START_SLOTS, ARGS(START(1, ABS)), CB_SHOW, DONE), WAIT, .r0 = 0,
	  OUT64(1000), .since = KERNEL(6, 4) },
	{ "start, absolute and negative",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(-1ull, ABS)), CB_SHOW, DONE), WAIT, .r0 = 0,
	  OUT64(0), .since = KERNEL(6, 4) },
	{ "start, absolute and far",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(~0ull >> 1, ABS)), CB_SHOW, DONE), WAIT,
	  .r0 = 0, OUT64(0), .since = KERNEL(6, 4) },
	{ "start, negative",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(-1ull, 0)), CB_SHOW, DONE), WAIT, .r0 = 0,
	  OUT64(0) },
	{ "start, much later",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(3600000), 0)), CB_SHOW, DONE), WAIT,
	  .r0 = 0, OUT64(0) },
	{ "start, later then soon",
	  ARMED(RIG_TIMERS, 1, 2 * START_SLOTS, ARGS(START(MS(3600000), 0), START(MS(1), 0)),
	        CB_SHOW, DONE),
	  WAIT, .r0 = 0, OUT64(1000) },
	{ "start, soon then later",
	  ARMED(RIG_TIMERS, 1, 2 * START_SLOTS, ARGS(START(MS(20), 0), START(MS(3600000), 0)),
	        CB_SHOW, DONE),
	  WAIT, .r0 = 0, OUT64(0) },
	{ "start, cancel",
	  ARMED(RIG_TIMERS, 1, START_SLOTS + CANCEL_SLOTS, ARGS(START(MS(20), 0), CANCEL), CB_SHOW,
	        DONE),
	  WAIT, .r0 = 1, OUT64(0) },
	{ "start, cancel twice",
	  ARMED(RIG_TIMERS, 1, START_SLOTS + 2 * CANCEL_SLOTS,
	        ARGS(START(MS(20), 0), CANCEL, CANCEL), CB_SHOW, DONE),
	  WAIT, .r0 = 0, OUT64(0) },
	{ "start, cancel, start",
	  ARMED(RIG_TIMERS, 1, 2 * START_SLOTS + CANCEL_SLOTS,
	        ARGS(START(MS(20), 0), CANCEL, START(MS(1), 0)), CB_SHOW, DONE),
	  WAIT, .r0 = -EINVAL, OUT64(0) },
	{ "start, write over",
	  ARMED(RIG_TIMERS, 1, START_SLOTS + SET_SLOTS + CANCEL_SLOTS,
	        ARGS(START(MS(20), 0), SET(RIG_TIMERS, 1, 5), CANCEL), CB_SHOW, DONE),
	  WAIT, .r0 = -EINVAL, OUT64(0) },
};

/* A hash whose entry 1 is made first, with 7 before the timer. */
#define HASHED(more_slots, more, ...)                                                              \
	WHOLE(BEGIN, SET(RIG_TIMER_HASH, 1, 7), FIND(RIG_TIMER_HASH, 1), INIT(RIG_TIMER_HASH, 1),  \
	      CALLBACK((more_slots) + END_SLOTS), more, END, __VA_ARGS__),                         \
	        FUNC_AT(SET_SLOTS + FIND_SLOTS + INIT_SLOTS + 4 + (more_slots))
#define DELETE_SLOTS 6

static const struct rig_row timer_hash_rows[] = {
	{ "start", HASHED(START_SLOTS, ARGS(START(MS(1), 0)), CB_SHOW, DONE), WAIT, .r0 = 0,
	  OUT64(1007) },
	{ "start, delete",
	  HASHED(START_SLOTS + DELETE_SLOTS, ARGS(START(MS(20), 0), DELETE(RIG_TIMER_HASH, 1)),
	         CB_SHOW, DONE),
	  WAIT, .r0 = 0, OUT64(0) },
	{ "start, delete, cancel",
	  HASHED(START_SLOTS + DELETE_SLOTS + CANCEL_SLOTS,
	         ARGS(START(MS(20), 0), DELETE(RIG_TIMER_HASH, 1), CANCEL), CB_SHOW, DONE),
	  WAIT, .r0 = -EINVAL, OUT64(0) },
	{ "start, another value",
	  HASHED(START_SLOTS + SET_SLOTS, ARGS(START(MS(20), 0), SET(RIG_TIMER_HASH, 1, 8)),
	         CB_SHOW, DONE),
	  WAIT, .r0 = 0, OUT64(0) },
	{ "another value has no timer",
	  HASHED(SET_SLOTS + FIND_SLOTS + CANCEL_SLOTS,
	         ARGS(SET(RIG_TIMER_HASH, 1, 8), FIND(RIG_TIMER_HASH, 1), CANCEL), CB_SHOW, DONE),
	  .r0 = -EINVAL },
	{ "deletes itself",
	  HASHED(START_SLOTS, ARGS(START(MS(1), 0)), XB_LD_MAP_FD(1, RIG_TIMER_HASH),
	         XB_MOV64_REG(8, 3), XB_CALL(BPF_FUNC_map_delete_elem), CB_OUT,
	         XB_LDX_MEM(BPF_DW, 1, 8, 0), XB_ALU64_REG(BPF_ADD, 0, 1),
	         XB_STX_MEM(BPF_DW, 7, 0, OUT_DATA), DONE),
	  WAIT, .r0 = 0, OUT64(7) },
};

/* R8 := the callback's own timer */
#define CB_SELF XB_MOV64_REG(8, 3), XB_ALU64_IMM(BPF_ADD, 8, TIMER)

static const struct rig_row timer_callback_rows[] = {
	{ "cancels itself",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(1), 0)), CB_SELF, CANCEL, CB_RET, DONE),
	  WAIT, .r0 = 0, OUT64(-EDEADLK) },
	{ "starts itself, 3 times",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(1), 0)), CB_SELF, CB_OUT,
	        XB_LDX_MEM(BPF_DW, 1, 7, OUT_DATA), XB_ALU64_IMM(BPF_ADD, 1, 1),
	        XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA), XB_JMP_IMM(BPF_JGE, 1, 3, START_SLOTS),
	        START(MS(1), 0), DONE),
	  WAIT, .r0 = 0, OUT64(3) },
	{ "has no callback any more after a cancel",
	  ARMED(RIG_TIMERS, 1, CANCEL_SLOTS + START_SLOTS, ARGS(CANCEL, START(0, 0)), CB_SHOW,
	        DONE),
	  WAIT, .r0 = -EINVAL, OUT64(0) },
	{ "cancels another",
	  WHOLE(BEGIN, FIND(RIG_TIMERS, 0), INIT(RIG_TIMERS, 1),
	        CALLBACK(START_SLOTS + FIND_SLOTS + INIT_SLOTS + 4 + START_SLOTS + END_SLOTS),
	        START(MS(1), 0), FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1),
	        CALLBACK(START_SLOTS + END_SLOTS), START(MS(30), 0), END, CB_FIND(RIG_TIMERS, 1),
	        CANCEL, CB_RET, DONE),
	  FUNC_AT(2 * (FIND_SLOTS + INIT_SLOTS + 4 + START_SLOTS)), WAIT, .r0 = 0, OUT64(1) },
	{ "two, by expiry",
	  WHOLE(BEGIN, FIND(RIG_TIMERS, 0), INIT(RIG_TIMERS, 1),
	        CALLBACK(START_SLOTS + FIND_SLOTS + INIT_SLOTS + 4 + START_SLOTS + END_SLOTS),
	        START(MS(20), 0), FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1),
	        CALLBACK(START_SLOTS + END_SLOTS), START(MS(1), 0), END, CB_APPEND, DONE),
	  FUNC_AT(2 * (FIND_SLOTS + INIT_SLOTS + 4 + START_SLOTS)), WAIT, .r0 = 0, OUT64(21) },
	{ "two, by start",
	  WHOLE(BEGIN, FIND(RIG_TIMERS, 0), INIT(RIG_TIMERS, 1),
	        CALLBACK(START_SLOTS + FIND_SLOTS + INIT_SLOTS + 4 + START_SLOTS + END_SLOTS),
	        START(MS(0), 0), FIND(RIG_TIMERS, 1), INIT(RIG_TIMERS, 1),
	        CALLBACK(START_SLOTS + END_SLOTS), START(MS(0), 0), END, CB_APPEND, DONE),
	  FUNC_AT(2 * (FIND_SLOTS + INIT_SLOTS + 4 + START_SLOTS)), WAIT, .r0 = 0, OUT64(12) },
	{ "writes its key",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(1), 0)), XB_ST_MEM(BPF_W, 2, 0, 1), DONE),
	  WAIT, .r0 = 0, .emu_only = "the verifier refuses it",
	  .timer_fault = "key (4 bytes) is read-only" },
	{ "runs for ever",
	  ARMED(RIG_TIMERS, 1, START_SLOTS, ARGS(START(MS(1), 0)), XB_JA(-1), DONE), WAIT, .r0 = 0,
	  .emu_only = "the verifier refuses it",
	  .timer_fault = "stopped after 10000001 instructions" },
};

static const struct rig_row kptr_rows[] = {
	{ "no kptr there",
	  PROG(FIND(RIG_TIMERS, 1), XB_MOV64_REG(1, 8), XB_MOV64_IMM(2, 0),
	       XB_CALL(BPF_FUNC_kptr_xchg)),
	  .r0 = 0, .refused = "the map has none" },
};

RIG_TEST(timer)
RIG_TEST(timer_hash)
RIG_TEST(timer_callback)
RIG_TEST(kptr)
