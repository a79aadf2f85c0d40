/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.h - one call of BPF_PROG_TEST_RUN as a row, with all of its attributes, on the kernel and on
 * the emulator: both must give the call's result, what it writes of its attributes and outputs,
 * and what the program saw, as the row says and as the other does.
 */
#ifndef XB_TESTS_SKB_CALL_H
#define XB_TESTS_SKB_CALL_H

#include "tests/skb/run.h"

#define CALL_HALF     10u         /* bytes of a HALF buffer that are there */
#define CALL_NO_BYTES 0xffffffffu /* a size of 0, where 0 stands for what is usual */
#define CALL_ROOM     32768u
#define CALL_SAW      6
#define CALL_HEAD     20

/* A pointer of the call. */
enum call_where {
	GOOD, /* to what the row says */
	NONE, /* NULL */
	BAD,  /* to nothing */
	HALF, /* to CALL_HALF before the end of what there is */
};

struct call_row {
	const char *name;
	enum packet packet;
	u32 bytes;          /* data_size_in; 0: all of the packet */
	u8 head[CALL_HEAD]; /* in place of the packet's first head_bytes */
	u32 head_bytes;
	const struct __sk_buff *ctx;
	u32 ctx_bytes; /* ctx_size_in; 0: all of it, or none without ctx */
	u8 ctx_tail;   /* of the bytes behind */
	u32 flags, repeat, cpu, batch_size;
	u32 data_out_bytes, ctx_out_bytes; /* 0: room for all */
	enum call_where data_at, ctx_at, data_out_at, ctx_out_at;
	s64 verdict;
	struct step steps[SCRIPT_STEPS];

	long ret;
	struct {
		u32 field;
		u64 value;
	} saw[CALL_SAW];                 /* fields, up to the first of 0 and 0 */
	const struct __sk_buff *ctx_out; /* or NULL: not looked at */
};

/* Both backends, or the emulator alone. */
struct call_pair;

struct call_pair *call_open(void);
void call_close(struct call_pair *p);

/* A program of `type` does the row's steps; fails with the row's name and what is not as it says.
 */
void call_do(struct call_pair *p, const struct call_row *row, u32 type);

#endif
