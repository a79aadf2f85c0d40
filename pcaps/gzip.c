/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gzip.c - gzip streams (RFC 1952) through zlib: one or several members, zero padding after them.
 */
#include "pcaps/codec_priv.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct gzip {
	struct xb_codec_in in;
	z_stream z;
	bool between; /* a member has ended, and no other has begun */
	bool failed;  /* in `failure`; told once the bytes before it are gone */
	struct xb_err failure;
};

static bool
gzip_magic(const u8 *data, size_t len)
{
	return len >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

static void *
gzip_open(struct xb_source *src, const u8 *data, size_t len, struct xb_err *err)
{
	struct gzip *g = calloc(1, sizeof(*g));

	if (!g) {
		xb_err_errno(err, ENOMEM, "gzip");
		return NULL;
	}
	if (xb_codec_in_init(&g->in, src, data, len, err))
		goto free_gzip;
	if (inflateInit2(&g->z, MAX_WBITS + 16) != Z_OK) {
		xb_err_errno(err, ENOMEM, "gzip");
		goto fini_in;
	}
	return g;

fini_in:
	xb_codec_in_fini(&g->in);
free_gzip:
	free(g);
	return NULL;
}

static int
fail(struct gzip *g, const char *what)
{
	u64 left = g->in.len - g->in.pos;

	g->failed = true;
	return xb_err_set(&g->failure, XB_ERR_FILE, "gzip data is damaged: %s near byte %llu", what,
	                  (unsigned long long)(g->in.src->done_bytes - left));
}

/* After a member: another one, zeros, or the end. Returns 1 where a member follows, 0 at the end.
 */
static int
next_member(struct gzip *g)
{
	int ret;

	while ((ret = xb_codec_in_fill(&g->in, &g->failure)) > 0 && !g->in.buf[g->in.pos])
		g->in.pos++;
	if (ret < 0)
		g->failed = true;
	if (ret <= 0)
		return ret;
	g->between = false;
	if (inflateReset(&g->z) != Z_OK)
		return fail(g, "cannot start again");
	return 1;
}

/*
 * Decompresses what is there, or what one read gets; at the end of the file, what zlib still holds.
 * Returns 1, 0 at the end, -1: g->failure.
 */
static int
step(struct gzip *g)
{
	int ret;

	if (g->between)
		return next_member(g);
	ret = xb_codec_in_fill(&g->in, &g->failure);
	if (ret < 0)
		g->failed = true;
	if (ret < 0 || g->in.src->stopped)
		return ret;
	g->z.next_in = g->in.buf + g->in.pos;
	g->z.avail_in = (uInt)(g->in.len - g->in.pos);
	ret = inflate(&g->z, Z_NO_FLUSH);
	g->in.pos = g->in.len - g->z.avail_in;
	if (ret == Z_STREAM_END)
		g->between = true;
	else if (ret == Z_BUF_ERROR)
		return fail(g, "the file ends too early");
	else if (ret != Z_OK)
		return fail(g, g->z.msg ? g->z.msg : "not understood");
	return 1;
}

static ssize_t
gzip_read(void *state, u8 *dst, size_t cap, struct xb_err *err)
{
	struct gzip *g = state;
	int ret = 1;

	if (cap > INT_MAX)
		cap = INT_MAX;
	g->z.next_out = dst;
	g->z.avail_out = (uInt)cap;
	while (!g->failed && ret > 0 && g->z.avail_out == cap)
		ret = step(g);
	if (g->z.avail_out < cap)
		return (ssize_t)(cap - g->z.avail_out);
	if (g->failed) {
		*err = g->failure;
		return -1;
	}
	return 0;
}

static void
gzip_close(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->z);
	xb_codec_in_fini(&g->in);
	free(g);
}

const struct xb_codec_ops xb_codec_gzip = {
	.name = "gzip",
	.magic = gzip_magic,
	.open = gzip_open,
	.read = gzip_read,
	.close = gzip_close,
};
