/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input_priv.h - a stream of bytes out of a file: read in blocks, decompressed, looked at in place.
 *
 * Bytes [cur, end) are in memory and unread. xb_input_need makes at least n of them available at
 * `cur` without copying more than what is left of the last block; the caller moves `cur` on. A file
 * is read with read(2), never mapped: a file that is cut while it is read is an early end, where a
 * mapping would be a SIGBUS.
 */
#ifndef XB_PCAPS_INPUT_PRIV_H
#define XB_PCAPS_INPUT_PRIV_H

#include "vm/err.h"
#include "vm/types.h"

#include <signal.h>
#include <sys/types.h>

struct xb_codec_ops;

/* Where bytes lie. Whoever else holds it finds them unchanged. */
struct xb_input_block {
	struct xb_input_block *next; /* of those that nobody holds */
	u32 refs;                    /* the input's own, while it is in use, is one of them */
	size_t cap;
	u8 data[];
};

/* The file itself. */
struct xb_source {
	int fd;
	bool stopped;    /* *stop was found to be set: the stream ends here */
	off_t start_off; /* where fd stood when it was handed over; -1: it cannot be sought */
	u64 done_bytes;  /* read so far */
	u64 total_bytes; /* to read in all; 0: not known */
	const volatile sig_atomic_t *stop;
};

struct xb_input {
	const u8 *cur;
	const u8 *end;
	u64 end_off;                  /* offset of `end` in the uncompressed stream */
	struct xb_input_block *block; /* that they lie in */
	struct xb_input_block *spare;
	u32 spare_cnt;
	size_t cap;  /* of the block, or what is to be used of it */
	bool at_end; /* nothing comes after `end` */
	struct xb_source src;
	const struct xb_codec_ops *codec; /* NULL: plain */
	void *codec_state;
};

/* Takes fd over on success. Reads the first block and finds out how it is compressed. */
int xb_input_open(struct xb_input *in, int fd, struct xb_err *err);

/* Goes back to the beginning. Errors: XB_ERR_FILE where that is not possible. */
int xb_input_rewind(struct xb_input *in, struct xb_err *err);

/* Closes the fd. */
void xb_input_close(struct xb_input *in);

/* The slow path of xb_input_need. */
int xb_input_fill(struct xb_input *in, size_t n, struct xb_err *err);

/*
 * Makes n bytes available at in->cur. Returns 1; 0 where the stream ends before (what there is lies
 * in [cur, end)); -1 on an error. Pointers into the block do not outlive the call, unless it is
 * held.
 */
static inline int
xb_input_need(struct xb_input *in, size_t n, struct xb_err *err)
{
	if (XB_LIKELY((size_t)(in->end - in->cur) >= n))
		return 1;
	return xb_input_fill(in, n, err);
}

/* Passes over n bytes, however many. Returns as xb_input_need. */
int xb_input_skip(struct xb_input *in, u64 n, struct xb_err *err);

/* Gives back a block that was held: refs was counted up. */
void xb_input_release(struct xb_input *in, struct xb_input_block *block);

/* The offset of `cur` in the uncompressed stream. */
static inline u64
xb_input_tell(const struct xb_input *in)
{
	return in->end_off - (u64)(in->end - in->cur);
}

/* Reads at most len bytes. Returns their number; 0 at the end, or when told to stop; or -1. */
ssize_t xb_source_read(struct xb_source *src, void *dst, size_t len, struct xb_err *err);

#endif
