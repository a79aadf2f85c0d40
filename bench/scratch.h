/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scratch.h - memory that is taken bit by bit, and given back all at once.
 *
 * What was taken stays where it is until then. One thread at a time.
 */
#ifndef XB_BENCH_SCRATCH_H
#define XB_BENCH_SCRATCH_H

#include "vm/types.h"

struct xb_scratch_chunk;

/* Zero-initialised: empty. */
struct xb_scratch {
	struct xb_scratch_chunk *chunks; /* the one in use first */
	u8 *at, *end;                    /* of it what is free */
	u64 bytes;                       /* of all chunks */
};

/* Uninitialised bytes, aligned to 8; NULL where there is no memory. */
void *xb_scratch_take(struct xb_scratch *s, u64 bytes);

/* The same with a copy of `from`, which may be NULL for 0 bytes. */
void *xb_scratch_copy(struct xb_scratch *s, const void *from, u64 bytes);

/* Gives everything back; some of the memory is kept for the next time. */
void xb_scratch_reset(struct xb_scratch *s);

void xb_scratch_fini(struct xb_scratch *s);

#endif
