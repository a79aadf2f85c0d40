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
#define SPARE_MOST  16u /* blocks kept for the next time */

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
	size_t used = (size_t)(in->end - in->block->data);
	ssize_t got;

	if (in->at_end)
		return 0;
	if (in->codec)
		got = in->codec->read(in->codec_state, in->block->data + used, in->cap - used, err);
	else
		got = xb_source_read(&in->src, in->block->data + used, in->cap - used, err);
	if (got < 0)
		return -1;
	in->at_end = got == 0;
	in->end += got;
	in->end_off += (u64)got;
	return got > 0;
}

/* A block of at least n bytes, held once; the one that was given back last is the warmest. */
static struct xb_input_block *
take_block(struct xb_input *in, size_t n, struct xb_err *err)
{
	struct xb_input_block *block = in->spare;

	if (n <= BLOCK_BYTES && block) {
		in->spare = block->next;
		in->spare_cnt--;
	} else {
		n = n > BLOCK_BYTES ? n : BLOCK_BYTES;
		block = malloc(sizeof(*block) + n);
		if (!block) {
			xb_err_errno(err, ENOMEM, "a block of %zu bytes", n);
			return NULL;
		}
		block->cap = n;
	}
	block->refs = 1;
	return block;
}

void
xb_input_release(struct xb_input *in, struct xb_input_block *block)
{
	if (--block->refs)
		return;
	if (block->cap > BLOCK_BYTES || in->spare_cnt == SPARE_MOST) {
		free(block);
		return;
	}
	block->next = in->spare;
	in->spare = block;
	in->spare_cnt++;
}

/* Moves what is unread to the front of a block that holds n bytes and is nobody else's. */
static int
make_room(struct xb_input *in, size_t n, struct xb_err *err)
{
	size_t left = (size_t)(in->end - in->cur);
	struct xb_input_block *block = in->block;

	if (n > in->cap || block->refs > 1) {
		block = take_block(in, n, err);
		if (!block)
			return -1;
	}
	memmove(block->data, in->cur, left);
	if (block != in->block) {
		xb_input_release(in, in->block);
		in->block = block;
		in->cap = block->cap;
	}
	in->cur = block->data;
	in->end = block->data + left;
	return 0;
}

int
xb_input_fill(struct xb_input *in, size_t n, struct xb_err *err)
{
	int more = 1;

	if (n > in->cap - (size_t)(in->cur - in->block->data) && make_room(in, n, err))
		return -1;
	if (in->cur == in->end && in->block->refs == 1)
		in->cur = in->end = in->block->data;
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
		in->cur = in->end = in->block->data;
		in->end_off = 0;
		in->at_end = false;
		break;
	}
	return 0;
}

static void
close_codec(struct xb_input *in)
{
	if (in->codec)
		in->codec->close(in->codec_state);
	in->codec = NULL;
	in->codec_state = NULL;
}

/* Begins the stream, in a block that is nobody else's. */
static int
begin(struct xb_input *in, struct xb_err *err)
{
	struct xb_input_block *block = take_block(in, BLOCK_BYTES, err);
	int ret;

	if (!block)
		return -1;
	if (in->block)
		xb_input_release(in, in->block);
	in->block = block;
	in->cap = XB_CODEC_IN_BYTES; /* what a codec is found in; a plain file gets more below */
	in->cur = in->end = in->block->data;
	in->end_off = 0;
	in->at_end = false;
	ret = start(in, err);
	in->cap = in->block->cap;
	return ret;
}

static void
free_blocks(struct xb_input *in)
{
	struct xb_input_block *next;

	free(in->block);
	for (; in->spare; in->spare = next) {
		next = in->spare->next;
		free(in->spare);
	}
}

int
xb_input_open(struct xb_input *in, int fd, struct xb_err *err)
{
	memset(in, 0, sizeof(*in));
	if (source_init(&in->src, fd, err))
		return -1;
	if (begin(in, err)) {
		free_blocks(in);
		return -1;
	}
	return 0;
}

int
xb_input_rewind(struct xb_input *in, struct xb_err *err)
{
	if (in->src.start_off < 0)
		return xb_err_set(err, XB_ERR_FILE, "a pipe can be read only once");
	if (lseek(in->src.fd, in->src.start_off, SEEK_SET) < 0)
		return xb_err_set(err, XB_ERR_FILE, "cannot be read again: %s", strerror(errno));
	close_codec(in);
	in->src.done_bytes = 0;
	return begin(in, err);
}

void
xb_input_close(struct xb_input *in)
{
	close_codec(in);
	free_blocks(in);
	close(in->src.fd);
}
