/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dynptr.h - dynamic pointers: what a program's struct bpf_dynptr stands for.
 *
 * The 16 bytes are the program's own to place, and opaque to it (in Linux the verifier sees to
 * that). They hold all there is to know: no table has to follow where they are copied or
 * overwritten. What is done through them is checked like every other access, so bytes that were
 * made up can but stop the program.
 */
#ifndef XB_EMU_DYNPTR_H
#define XB_EMU_DYNPTR_H

#include "vm/types.h"

#define XB_DYNPTR_BYTES    16u
#define XB_DYNPTR_MAX_SIZE ((1u << 24) - 1) /* cf. kernel/bpf/helpers.c: DYNPTR_MAX_SIZE */

/* cf. include/linux/bpf.h: enum bpf_dynptr_type */
enum xb_dynptr_type {
	XB_DYNPTR_INVALID,
	XB_DYNPTR_LOCAL,   /* memory of the program, or a sample of a user ring buffer */
	XB_DYNPTR_RINGBUF, /* a record reserved in a ring buffer */
};

struct xb_dynptr {
	u64 gaddr; /* of the first byte; 0: a null one, which all helpers refuse with -EINVAL */
	u32 size;  /* at most XB_DYNPTR_MAX_SIZE */
	enum xb_dynptr_type type;
	bool rdonly;
};

/* Writes a pointer to the 16 bytes at `at`, which are the host's. */
void xb_dynptr_store(void *at, const struct xb_dynptr *ptr);

/* The pointer in the 16 bytes at `at`; false where there is none. */
bool xb_dynptr_load(const void *at, struct xb_dynptr *ptr);

/* 0, or -E2BIG where the pointer has no such part (cf. bpf_dynptr_check_off_len). */
int xb_dynptr_check_off_len(const struct xb_dynptr *ptr, u32 off, u32 len);

#endif
