/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * codec_priv.h - what a compression of captures is: a magic, and a stream of bytes out of another.
 */
#ifndef XB_PCAPS_CODEC_PRIV_H
#define XB_PCAPS_CODEC_PRIV_H

#include "pcaps/input_priv.h"

/* How much of the compressed file is read at a time. */
#define XB_CODEC_IN_BYTES ((size_t)128 << 10)

/* Compressed bytes on their way into a codec. */
struct xb_codec_in {
	struct xb_source *src;
	u8 *buf; /* XB_CODEC_IN_BYTES */
	size_t pos;
	size_t len;
};

struct xb_codec_ops {
	const char *name;
	bool (*magic)(const u8 *data, size_t len);

	/* Starts on a file whose first `len` bytes (at most XB_CODEC_IN_BYTES) have been read. */
	void *(*open)(struct xb_source *src, const u8 *data, size_t len, struct xb_err *err);

	/*
	 * Puts out at most `cap` bytes. Returns their number; 0 at the end; -1 on an error, which
	 * is told only after all bytes before it were put out.
	 */
	ssize_t (*read)(void *state, u8 *dst, size_t cap, struct xb_err *err);

	void (*close)(void *state);
};

extern const struct xb_codec_ops xb_codec_gzip;
extern const struct xb_codec_ops xb_codec_zstd; /* without libzstd: an error that says so */

int xb_codec_in_init(struct xb_codec_in *in, struct xb_source *src, const u8 *data, size_t len,
                     struct xb_err *err);

/* Makes sure that [pos, len) is not empty. Returns 1; 0 at the end of the file; -1 on an error. */
int xb_codec_in_fill(struct xb_codec_in *in, struct xb_err *err);

void xb_codec_in_fini(struct xb_codec_in *in);

#endif
