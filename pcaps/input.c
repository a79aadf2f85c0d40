/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/input_priv.h"
#include "pcaps/codec_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One block. It fits the second-level cache, so that the packets are parsed where they were put. */
#define BLOCK_BYTES ((size_t)256 << 10)

_Static_assert(BLOCK_BYTES >= XB_CODEC_IN_BYTES, "a codec is found in one block");

static const struct xb_codec_ops *const codecs[] = { &xb_codec_gzip, &xb_codec_zstd };

static bool
source_is_stopped(struct xb_source *src)
{
	if (src->stop && *src->stop)
		src->stopped = true;
	return src->stopped;
}

ssize_t
xb_source_read(struct xb_source *src, void *dst, size_t len, struct xb_err *err)
{
	struct pollfd pfd = { .fd = src->fd, .events = POLLIN };
	ssize_t got;

	for (;;) {
		if (source_is_stopped(src))
			return 0;
		got = read(src->fd, dst, len);
		if (got >= 0)
			break;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&pfd, 1, -1);
		else if (errno != EINTR)
			return xb_err_set(err, XB_ERR_FILE, "cannot be read: %s", strerror(errno));
	}
	src->done_bytes += (u64)got;
	return got;
}

static int
source_init(struct xb_source *src, int fd, struct xb_err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return xb_err_set(err, XB_ERR_FILE, "cannot be read: %s", strerror(errno));
	*src = (struct xb_source){ .fd = fd, .start_off = lseek(fd, 0, SEEK_CUR) };
	if (S_ISREG(st.st_mode) && src->start_off >= 0 && st.st_size > src->start_off)
		src->total_bytes = (u64)(st.st_size - src->start_off);
	return 0;
}

/* Gets some bytes into the room at `end`. Returns as xb_input_need for one byte more. */
static int
read_more(struct xb_input *in, struct xb_err *err)
{
	size_t used = (size_t)(in->end - in->buf);
	ssize_t got;

	if (in->at_end)
		return 0;
	if (in->codec)
		got = in->codec->read(in->codec_state, in->buf + used, in->cap - used, err);
	else
		got = xb_source_read(&in->src, in->buf + used, in->cap - used, err);
	if (got < 0)
		return -1;
	in->at_end = got == 0;
	in->end += got;
	in->end_off += (u64)got;
	return got > 0;
}

/* Moves what is unread to the front of a buffer that holds n bytes. */
static int
make_room(struct xb_input *in, size_t n, struct xb_err *err)
{
	size_t left = (size_t)(in->end - in->cur);
	u8 *buf = in->buf;

	if (n > in->cap) {
		buf = malloc(n);
		if (!buf)
			return xb_err_errno(err, ENOMEM, "a block of %zu bytes", n);
	}
	memmove(buf, in->cur, left);
	if (buf != in->buf) {
		free(in->buf);
		in->buf = buf;
		in->cap = n;
	}
	in->cur = buf;
	in->end = buf + left;
	return 0;
}

int
xb_input_fill(struct xb_input *in, size_t n, struct xb_err *err)
{
	int more = 1;

	if (n > in->cap - (size_t)(in->cur - in->buf) && make_room(in, n, err))
		return -1;
	if (in->cur == in->end)
		in->cur = in->end = in->buf;
	while (more > 0 && (size_t)(in->end - in->cur) < n)
		more = read_more(in, err);
	return more;
}

int
xb_input_skip(struct xb_input *in, u64 n, struct xb_err *err)
{
	size_t have = (size_t)(in->end - in->cur);
	int ret = 1;

	while (n > have) {
		n -= have;
		in->cur = in->end;
		ret = xb_input_fill(in, 1, err);
		if (ret <= 0)
			return ret;
		have = (size_t)(in->end - in->cur);
	}
	in->cur += n;
	return ret;
}

/* Reads enough for any magic, and puts a codec in between where the bytes ask for one. */
static int
start(struct xb_input *in, struct xb_err *err)
{
	size_t have;

	if (xb_input_need(in, 4, err) < 0)
		return -1;
	have = (size_t)(in->end - in->cur);
	for (size_t i = 0; i < XB_ARRAY_SIZE(codecs); i++) {
		if (!codecs[i]->magic(in->cur, have))
			continue;
		in->codec_state = codecs[i]->open(&in->src, in->cur, have, err);
		if (!in->codec_state)
			return -1;
		in->codec = codecs[i];
		in->cur = in->end = in->buf;
		in->end_off = 0;
		in->at_end = false;
		break;
	}
	return 0;
}

static void
stop(struct xb_input *in)
{
	if (in->codec)
		in->codec->close(in->codec_state);
	in->codec = NULL;
	in->codec_state = NULL;
	in->cur = in->end = in->buf;
	in->end_off = 0;
	in->at_end = false;
}

int
xb_input_open(struct xb_input *in, int fd, struct xb_err *err)
{
	memset(in, 0, sizeof(*in));
	if (source_init(&in->src, fd, err))
		return -1;
	in->cap = XB_CODEC_IN_BYTES; /* what a codec is found in; a plain file gets more below */
	in->buf = malloc(BLOCK_BYTES);
	if (!in->buf)
		return xb_err_errno(err, ENOMEM, "a block of %zu bytes", BLOCK_BYTES);
	in->cur = in->end = in->buf;
	if (start(in, err)) {
		free(in->buf);
		return -1;
	}
	in->cap = BLOCK_BYTES;
	return 0;
}

int
xb_input_rewind(struct xb_input *in, struct xb_err *err)
{
	size_t cap = in->cap;
	int ret;

	if (in->src.start_off < 0)
		return xb_err_set(err, XB_ERR_FILE, "a pipe can be read only once");
	if (lseek(in->src.fd, in->src.start_off, SEEK_SET) < 0)
		return xb_err_set(err, XB_ERR_FILE, "cannot be read again: %s", strerror(errno));
	stop(in);
	in->src.done_bytes = 0;
	in->cap = XB_CODEC_IN_BYTES;
	ret = start(in, err);
	in->cap = cap;
	return ret;
}

void
xb_input_close(struct xb_input *in)
{
	stop(in);
	free(in->buf);
	close(in->src.fd);
}
