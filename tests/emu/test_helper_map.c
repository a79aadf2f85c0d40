/* SPDX-License-Identifier: BSD-2-Clause */
/* test_helper_map.c - helpers on maps, how bad arguments are refused, tail calls. */
#include "tests/emu/helper_rig.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define KEY(k)   XB_ST_MEM(BPF_W, 10, -4, k), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -4)
#define VALUE(v) XB_ST_MEM(BPF_DW, 10, -16, v), XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -16)
/* R0 := whether R0 points to a value; the value goes out. */
#define FOUND                                                                                      \
	XB_JMP_IMM(BPF_JEQ, 0, 0, 3), XB_LDX_MEM(BPF_DW, 1, 0, 0),                                 \
	        XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA), XB_MOV64_IMM(0, 1)
#define LOOKUP(map, k) KEY(k), XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_lookup_elem)
#define UPDATE(map, k, v, flags)                                                                   \
	KEY(k), VALUE(v), XB_MOV64_IMM(4, flags), XB_LD_MAP_FD(1, map),                            \
	        XB_CALL(BPF_FUNC_map_update_elem)
#define DELETE(map, k) KEY(k), XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_delete_elem)
#define PERCPU(map, k, cpu)                                                                        \
	KEY(k), XB_MOV64_IMM(3, cpu), XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_lookup_percpu_elem)
#define OUT64(n) .out = &(const u64){ (u64)(n) }, .out_bytes = 8

static const struct rig_row elem_rows[] = {
	{ "lookup in an array", PROG(LOOKUP(RIG_ARRAY, 3), FOUND), .r0 = 1, OUT64(0) },
	{ "lookup past an array", PROG(LOOKUP(RIG_ARRAY, 4), FOUND), .r0 = 0 },
	{ "update and lookup", PROG(UPDATE(RIG_ARRAY, 1, 77, 0), LOOKUP(RIG_ARRAY, 1), FOUND),
	  .r0 = 1, OUT64(77) },
	{ "update of an array", PROG(UPDATE(RIG_ARRAY, 1, 77, BPF_EXIST)), .r0 = 0 },
	{ "update past an array", PROG(UPDATE(RIG_ARRAY, 4, 77, 0)), .r0 = -E2BIG },
	{ "update of an array, NOEXIST", PROG(UPDATE(RIG_ARRAY, 1, 77, BPF_NOEXIST)),
	  .r0 = -EEXIST },
	{ "update with flags", PROG(UPDATE(RIG_ARRAY, 1, 77, 3)), .r0 = -EINVAL },
	{ "delete in an array", PROG(DELETE(RIG_ARRAY, 1)), .r0 = -EINVAL },
	{ "lookup in an empty hash", PROG(LOOKUP(RIG_HASH, 1), FOUND), .r0 = 0 },
	{ "hash", PROG(UPDATE(RIG_HASH, 9, 5, BPF_NOEXIST), LOOKUP(RIG_HASH, 9), FOUND), .r0 = 1,
	  OUT64(5) },
	{ "hash, NOEXIST", PROG(UPDATE(RIG_HASH, 9, 5, 0), UPDATE(RIG_HASH, 9, 6, BPF_NOEXIST)),
	  .r0 = -EEXIST },
	{ "hash, EXIST", PROG(UPDATE(RIG_HASH, 9, 5, BPF_EXIST)), .r0 = -ENOENT },
	{ "hash, full",
	  PROG(UPDATE(RIG_HASH, 1, 5, 0), UPDATE(RIG_HASH, 2, 5, 0), UPDATE(RIG_HASH, 3, 5, 0)),
	  .r0 = -E2BIG },
	{ "hash, flags", PROG(UPDATE(RIG_HASH, 1, 5, 8)), .r0 = -EINVAL },
	{ "hash, lock flag", PROG(UPDATE(RIG_HASH, 1, 5, BPF_F_LOCK)), .r0 = -EINVAL },
	{ "hash, delete", PROG(UPDATE(RIG_HASH, 1, 5, 0), DELETE(RIG_HASH, 1)), .r0 = 0 },
	{ "hash, delete of nothing", PROG(DELETE(RIG_HASH, 1)), .r0 = -ENOENT },
	{ "a value deleted is still there",
	  PROG(UPDATE(RIG_HASH, 1, 5, 0), LOOKUP(RIG_HASH, 1), XB_JMP_IMM(BPF_JEQ, 0, 0, 8),
	       XB_MOV64_REG(8, 0), DELETE(RIG_HASH, 1), XB_LDX_MEM(BPF_DW, 0, 8, 0)),
	  .r0 = 5 },
	{ "this CPU's value", PROG(UPDATE(RIG_PERCPU, 1, 5, 0), LOOKUP(RIG_PERCPU, 1), FOUND),
	  .r0 = 1, OUT64(5) },
	{ "CPU 0's value", PROG(UPDATE(RIG_PERCPU, 1, 5, 0), PERCPU(RIG_PERCPU, 1, 0), FOUND),
	  .r0 = 1, OUT64(5) },
	{ "no CPU's value", PROG(PERCPU(RIG_PERCPU, 1, 65536), FOUND), .r0 = 0 },
	{ "CPU -1", PROG(PERCPU(RIG_PERCPU, 1, -1), FOUND), .r0 = 0 },
	{ "past a per-CPU array", PROG(PERCPU(RIG_PERCPU, 4, 0), FOUND), .r0 = 0 },
};

#define STORE(v) XB_ST_MEM(BPF_DW, 10, -8, v), XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -8)
#define PUSH(map, v, flags)                                                                        \
	STORE(v), XB_MOV64_IMM(3, flags), XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_push_elem)
#define TAKE(map, helper)                                                                          \
	STORE(99), XB_LD_MAP_FD(1, map), XB_CALL(BPF_FUNC_map_##helper##_elem),                    \
	        XB_LDX_MEM(BPF_DW, 1, 10, -8), XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA)
#define PUSH2(map) PUSH(map, 1, 0), PUSH(map, 2, 0)

static const struct rig_row queue_rows[] = {
	{ "push", PROG(PUSH(RIG_QUEUE, 1, 0)), .r0 = 0 },
	{ "pop of an empty queue", PROG(TAKE(RIG_QUEUE, pop)), .r0 = -ENOENT, OUT64(0) },
	{ "peek at an empty queue", PROG(TAKE(RIG_QUEUE, peek)), .r0 = -ENOENT, OUT64(0) },
	{ "first in, first out", PROG(PUSH2(RIG_QUEUE), TAKE(RIG_QUEUE, pop)), .r0 = 0, OUT64(1) },
	{ "second", PROG(PUSH2(RIG_QUEUE), TAKE(RIG_QUEUE, pop), TAKE(RIG_QUEUE, pop)), .r0 = 0,
	  OUT64(2) },
	{ "peek", PROG(PUSH2(RIG_QUEUE), TAKE(RIG_QUEUE, peek), TAKE(RIG_QUEUE, peek)), .r0 = 0,
	  OUT64(1) },
	{ "full", PROG(PUSH2(RIG_QUEUE), PUSH(RIG_QUEUE, 3, 0)), .r0 = -E2BIG },
	{ "full, EXIST",
	  PROG(PUSH2(RIG_QUEUE), PUSH(RIG_QUEUE, 3, BPF_EXIST), TAKE(RIG_QUEUE, pop)), .r0 = 0,
	  OUT64(2) },
	{ "push, NOEXIST", PROG(PUSH(RIG_QUEUE, 1, BPF_NOEXIST)), .r0 = -EINVAL },
	{ "push with flags", PROG(PUSH(RIG_QUEUE, 1, 4)), .r0 = -EINVAL },
	{ "last in, first out", PROG(PUSH2(RIG_STACK), TAKE(RIG_STACK, pop)), .r0 = 0, OUT64(2) },
	{ "top of a stack", PROG(PUSH2(RIG_STACK), TAKE(RIG_STACK, peek)), .r0 = 0, OUT64(2) },
	{ "empty stack", PROG(TAKE(RIG_STACK, pop)), .r0 = -ENOENT, OUT64(0) },
	{ "full stack", PROG(PUSH2(RIG_STACK), PUSH(RIG_STACK, 3, 0)), .r0 = -E2BIG },
};

/* An inner map is known only when the program runs. */
#define INNER(slot) LOOKUP(RIG_OUTER, slot), XB_JMP_IMM(BPF_JEQ, 0, 0, 5)

static const struct rig_row inner_rows[] = {
	{ "inner map", PROG(INNER(1), XB_MOV64_REG(1, 0), KEY(2), XB_CALL(1), FOUND), .r0 = 1,
	  OUT64(0) },
	{ "no inner map",
	  PROG(LOOKUP(RIG_OUTER, 0), XB_JMP_IMM(BPF_JNE, 0, 0, 1), XB_MOV64_IMM(0, 33)), .r0 = 33 },
	{ "past the outer map",
	  PROG(LOOKUP(RIG_OUTER, 2), XB_JMP_IMM(BPF_JNE, 0, 0, 1), XB_MOV64_IMM(0, 33)), .r0 = 33 },
	{ "update of an inner map",
	  PROG(LOOKUP(RIG_OUTER, 1), XB_JMP_IMM(BPF_JEQ, 0, 0, 9), XB_MOV64_REG(1, 0), KEY(2),
	       VALUE(8), XB_MOV64_IMM(4, 0), XB_CALL(2), LOOKUP(RIG_ARRAY, 2), FOUND),
	  .r0 = 1, OUT64(8) },
	{ "past an inner map", PROG(INNER(1), XB_MOV64_REG(1, 0), KEY(4), XB_CALL(1), FOUND),
	  .r0 = 0 },
	{ "an inner map that is null",
	  PROG(LOOKUP(RIG_OUTER, 0), XB_MOV64_REG(1, 0), KEY(2), XB_CALL(1), FOUND),
	  .fault = XB_FAULT_NULL_POINTER,
	  .message = "bpf_map_lookup_elem: argument 1 (map): null pointer" },
};

/* R2 as given. */
#define LOOKUP_AT(...) PROG(__VA_ARGS__, XB_LD_MAP_FD(1, RIG_ARRAY), XB_CALL(1), FOUND)
#define LOOKUP_IN(map) PROG(LOOKUP(map, 0), FOUND)

static const struct rig_row bad_rows[] = {
	{ "key past the stack", LOOKUP_AT(XB_MOV64_REG(2, 10), XB_ALU64_IMM(BPF_ADD, 2, -2)),
	  .fault = XB_FAULT_OOB_READ,
	  .message = "bpf_map_lookup_elem: argument 2 (key): 1 byte past the end of stack (512 "
	             "bytes)" },
	{ "key behind the stack", LOOKUP_AT(XB_MOV64_REG(2, 10)), .fault = XB_FAULT_OOB_READ },
	{ "key null", LOOKUP_AT(XB_MOV64_IMM(2, 0)), .fault = XB_FAULT_NULL_POINTER },
	{ "key wild", LOOKUP_AT(XB_LD_IMM64(2, 1ull << 60)), .fault = XB_FAULT_OOB_READ },
	{ "map null", PROG(KEY(1), XB_MOV64_IMM(1, 0), XB_CALL(1), FOUND),
	  .fault = XB_FAULT_NULL_POINTER,
	  .message = "bpf_map_lookup_elem: argument 1 (map): null pointer" },
	{ "map a number", PROG(KEY(1), XB_MOV64_IMM(1, 4096), XB_CALL(1), FOUND),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_map_lookup_elem: argument 1 (map): not a map" },
	{ "map a stack address", PROG(KEY(1), XB_MOV64_REG(1, 10), XB_CALL(1), FOUND),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "value past the stack",
	  PROG(KEY(1), XB_MOV64_REG(3, 10), XB_ALU64_IMM(BPF_ADD, 3, -4), XB_MOV64_IMM(4, 0),
	       XB_LD_MAP_FD(1, RIG_ARRAY), XB_CALL(2)),
	  .fault = XB_FAULT_OOB_READ,
	  .message = "bpf_map_update_elem: argument 3 (value): 1 byte past the end of stack (512 "
	             "bytes)" },
	{ "pop into a read-only value",
	  PROG(XB_LD_MAP_VALUE(2, RIG_RO, 0), XB_LD_MAP_FD(1, RIG_QUEUE), XB_CALL(88)),
	  .fault = XB_FAULT_READ_ONLY },
	{ "lookup in a prog array", LOOKUP_IN(RIG_PROGS), .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "cannot pass map_type 3 into func bpf_map_lookup_elem#1" },
	{ "lookup in a perf array", LOOKUP_IN(RIG_PERF), .fault = XB_FAULT_BAD_ARGUMENT },
	{ "lookup in a ring buffer", LOOKUP_IN(RIG_RINGBUF), .fault = XB_FAULT_BAD_ARGUMENT },
	{ "lookup in a queue", LOOKUP_IN(RIG_QUEUE), .fault = XB_FAULT_BAD_ARGUMENT },
	{ "update of an array of maps", PROG(UPDATE(RIG_OUTER, 0, 0, 0)),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "push to an array", PROG(PUSH(RIG_ARRAY, 1, 0)), .fault = XB_FAULT_BAD_ARGUMENT },
	{ "one CPU's value of an array", PROG(PERCPU(RIG_ARRAY, 1, 0), FOUND),
	  .fault = XB_FAULT_BAD_ARGUMENT },
	{ "update of a map that is read-only", PROG(UPDATE(RIG_NOWRITE, 1, 1, 0)),
	  .fault = XB_FAULT_READ_ONLY, .message = "write into map '' forbidden" },
	{ "delete in a map that is read-only", PROG(DELETE(RIG_NOWRITE, 1)),
	  .fault = XB_FAULT_READ_ONLY },
	{ "lookup in a map that is read-only", PROG(LOOKUP(RIG_NOWRITE, 1), FOUND), .r0 = 0 },
};

/* Counts its runs in OUT_DATA. */
#define COUNT                                                                                      \
	XB_LDX_MEM(BPF_DW, 1, 7, OUT_DATA), XB_ALU64_IMM(BPF_ADD, 1, 1),                           \
	        XB_STX_MEM(BPF_DW, 7, 1, OUT_DATA)
#define TAIL(slot)                                                                                 \
	XB_MOV64_REG(1, 6), XB_LD_MAP_FD(2, RIG_PROGS), XB_LD_IMM64(3, slot),                      \
	        XB_CALL(BPF_FUNC_tail_call), XB_MOV64_IMM(0, 5)

static const struct rig_row tail_rows[] = {
	{ "33 tail calls", PROG(COUNT, TAIL(1ull)), .r0 = 5, OUT64(34) },
	{ "empty slot", PROG(COUNT, TAIL(0ull)), .r0 = 5, OUT64(1) },
	{ "past the array", PROG(COUNT, TAIL(4ull)), .r0 = 5, OUT64(1) },
	{ "the index has 32 bits", PROG(COUNT, TAIL((1ull << 32) + 1)), .r0 = 5, OUT64(34) },
	{ "an empty slot does not count", PROG(COUNT, TAIL(2ull), TAIL(1ull)), .r0 = 5, OUT64(34),
	  .since = KERNEL(6, 12) },
	{ "not the context",
	  PROG(XB_MOV64_REG(1, 7), XB_LD_MAP_FD(2, RIG_PROGS), XB_MOV64_IMM(3, 1), XB_CALL(12)),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "bpf_tail_call: argument 1 (context): not the program's context" },
	{ "not a prog array",
	  PROG(XB_MOV64_REG(1, 6), XB_LD_MAP_FD(2, RIG_ARRAY), XB_MOV64_IMM(3, 1), XB_CALL(12)),
	  .fault = XB_FAULT_BAD_ARGUMENT,
	  .message = "cannot pass map_type 2 into func bpf_tail_call#12" },
};

RIG_TEST(elem)
RIG_TEST(queue)
RIG_TEST(inner)
RIG_TEST(bad)
RIG_TEST(tail)
