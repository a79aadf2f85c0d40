/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - one BPF_PROG_TEST_RUN as a row: what goes in, what comes out, and whether two came out
 * the same.
 */
#ifndef XB_TESTS_XDP_RUN_H
#define XB_TESTS_XDP_RUN_H

#include "tests/rig/backend.h"

#define RUN_BYTES 81920u /* room for data in and out */

struct run_in {
	u32 bytes;    /* data_size_in, metadata included; the bytes are a pattern */
	bool no_data; /* data_in is NULL */
	bool has_ctx; /* ctx_in = ctx, with ctx_bytes (0: all of it) */
	struct xdp_md ctx;
	u32 ctx_bytes;
	u8 ctx_tail; /* of the bytes after xdp_md */
	u32 flags, batch_size, cpu, repeat;
	bool no_data_out, bad_data_out; /* NULL; an address where nothing is */
	u32 data_out_bytes;             /* data_size_out; ~0: 0; 0: RUN_BYTES */
	bool no_ctx_out, bad_ctx_out;
	u32 ctx_out_bytes; /* 0: all of it */
};

struct run_out {
	long ret; /* of bpf(2) */
	u32 retval, data_bytes, ctx_bytes;
	struct xdp_md ctx;
	u8 data[RUN_BYTES]; /* untouched bytes are 0xcc */
};

/* The byte at an offset of the data that goes in. */
u8 run_pattern(u32 off);

void run_do(const struct backend *b, int prog, const struct run_in *in, struct run_out *out);

/* Fails, with the row's name and what differs. */
void run_equal(const char *row, const struct run_out *emu, const struct run_out *kernel);

#endif
