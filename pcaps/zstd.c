/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zstd.c - zstd streams (RFC 8878) through libzstd: one or several frames, skippable ones too.
 */
#include "pcaps/codec_priv.h"
#include "vm/bytes.h"

#define FRAME_MAGIC     0xfd2fb528u
#define SKIPPABLE_MAGIC 0x184d2a50u
#define SKIPPABLE_MASK  0xfffffff0u

static bool
zstd_magic(const u8 *data, size_t len)
{
	u32 magic = len >= 4 ? xb_ld32(data) : 0;

	return magic == FRAME_MAGIC || (magic & SKIPPABLE_MASK) == SKIPPABLE_MAGIC;
}

#ifdef XB_HAVE_ZSTD

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

struct zstd {
	struct xb_codec_in in;
	ZSTD_DStream *z;
	bool inside; /* a frame has begun, and not ended */
	bool failed; /* in `failure`; told once the bytes before it are gone */
	struct xb_err failure;
};

static void *
zstd_open(struct xb_source *src, const u8 *data, size_t len, struct xb_err *err)
{
	struct zstd *s = calloc(1, sizeof(*s));

	if (!s) {
		xb_err_errno(err, ENOMEM, "zstd");
		return NULL;
	}
	if (xb_codec_in_init(&s->in, src, data, len, err))
		goto free_zstd;
	s->z = ZSTD_createDStream();
	if (!s->z) {
		xb_err_errno(err, ENOMEM, "zstd");
		goto fini_in;
	}
	return s;

fini_in:
	xb_codec_in_fini(&s->in);
free_zstd:
	free(s);
	return NULL;
}

static int
fail(struct zstd *s, const char *what)
{
	u64 left = s->in.len - s->in.pos;

	s->failed = true;
	return xb_err_set(&s->failure, XB_ERR_FILE, "zstd data is damaged: %s near byte %llu", what,
	                  (unsigned long long)(s->in.src->done_bytes - left));
}

/*
 * Decompresses what is there, or what one read gets; at the end of the file, what libzstd still
 * holds. Returns 1, 0 at the end, -1: s->failure.
 */
static int
step(struct zstd *s, ZSTD_outBuffer *out)
{
	ZSTD_inBuffer in;
	size_t left;
	int got;

	got = xb_codec_in_fill(&s->in, &s->failure);
	if (got < 0)
		s->failed = true;
	if (got < 0 || s->in.src->stopped || (!got && !s->inside))
		return got;
	in = (ZSTD_inBuffer){ .src = s->in.buf, .size = s->in.len, .pos = s->in.pos };
	left = ZSTD_decompressStream(s->z, out, &in);
	s->in.pos = in.pos;
	if (ZSTD_isError(left))
		return fail(s, ZSTD_getErrorName(left));
	s->inside = left > 0;
	if (!got && s->inside && !out->pos)
		return fail(s, "the file ends too early");
	return 1;
}

static ssize_t
zstd_read(void *state, u8 *dst, size_t cap, struct xb_err *err)
{
	ZSTD_outBuffer out = { .dst = dst, .size = cap };
	struct zstd *s = state;
	int ret = 1;

	while (!s->failed && ret > 0 && !out.pos)
		ret = step(s, &out);
	if (!out.pos && s->failed) {
		*err = s->failure;
		return -1;
	}
	return (ssize_t)out.pos;
}

static void
zstd_close(void *state)
{
	struct zstd *s = state;

	ZSTD_freeDStream(s->z);
	xb_codec_in_fini(&s->in);
	free(s);
}

#else

static void *
zstd_open(struct xb_source *src, const u8 *data, size_t len, struct xb_err *err)
{
	(void)src, (void)data, (void)len;
	xb_err_set(err, XB_ERR_FILE, "is compressed with zstd, and this build has no libzstd");
	return NULL;
}

static ssize_t
zstd_read(void *state, u8 *dst, size_t cap, struct xb_err *err)
{
	(void)state, (void)dst, (void)cap;
	return xb_err_set(err, XB_ERR_FILE, "this build has no libzstd");
}

static void
zstd_close(void *state)
{
	(void)state;
}

#endif

const struct xb_codec_ops xb_codec_zstd = {
	.name = "zstd",
	.magic = zstd_magic,
	.open = zstd_open,
	.read = zstd_read,
	.close = zstd_close,
};
