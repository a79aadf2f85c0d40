/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/writer.h"
#include "pcaps/link.h"
#include "pcaps/writer_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES     ((size_t)1 << 20)
#define BUFFER_BYTES_MIN ((size_t)4 << 10)
#define BLOCK_MAX        ((size_t)16 << 20)

static const struct xb_writer_ops *const formats[] = {
	[XB_WRITER_PCAPNG] = &xb_writer_pcapng,
	[XB_WRITER_PCAP] = &xb_writer_pcap,
};

/* Puts the file's name in front. */
static int
named(const struct xb_writer *w, struct xb_err *err)
{
	return xb_err_prefix(err, "%s", w->name);
}

static int
failed_before(const struct xb_writer *w, struct xb_err *err)
{
	*err = w->failure;
	return -1;
}

/* How much of `len` bytes of the buffer are whole blocks. */
static size_t
whole_blocks(const struct xb_writer *w, size_t len)
{
	size_t off = 0, n;

	while (off < len) {
		n = w->ops->block_len(w->buf + off, w->written_bytes + off);
		if (n > len - off)
			break;
		off += n;
	}
	return off;
}

/*
 * Takes back the part of a block that a full disk has cut, where that can be done: at the end of a
 * regular file. A reader stops at the cut anyway, so a failure changes little.
 */
static void
cut_back(struct xb_writer *w, size_t done)
{
	off_t part = (off_t)(done - whole_blocks(w, done));
	off_t pos = lseek(w->fd, 0, SEEK_CUR);
	struct stat st;

	if (!part || pos < part || fstat(w->fd, &st) || !S_ISREG(st.st_mode) || st.st_size != pos)
		return;
	if (!ftruncate(w->fd, pos - part))
		lseek(w->fd, pos - part, SEEK_SET);
}

static ssize_t
write_some(int fd, const u8 *data, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	ssize_t put;

	for (;;) {
		put = write(fd, data, len);
		if (put >= 0)
			return put;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			poll(&pfd, 1, -1);
		else if (errno != EINTR)
			return -1;
	}
}

static int
flush(struct xb_writer *w, struct xb_err *err)
{
	size_t done = 0;
	ssize_t put;

	while (done < w->used) {
		put = write_some(w->fd, w->buf + done, w->used - done);
		if (put < 0) {
			xb_err_set(err, XB_ERR_FILE, "cannot be written: %s", strerror(errno));
			cut_back(w, done);
			w->failed = true;
			w->failure = *err;
			return named(w, &w->failure);
		}
		done += (size_t)put;
	}
	w->written_bytes += w->used;
	w->used = 0;
	return 0;
}

u8 *
xb_writer_make_room(struct xb_writer *w, size_t n, struct xb_err *err)
{
	u8 *buf;

	if (n > BLOCK_MAX) {
		xb_err_set(err, XB_ERR_FILE, "a block of %zu bytes; at most %zu are possible", n,
		           BLOCK_MAX);
		return NULL;
	}
	if (flush(w, err))
		return NULL;
	if (n > w->cap) {
		buf = realloc(w->buf, n);
		if (!buf) {
			xb_err_errno(err, ENOMEM, "a block of %zu bytes", n);
			return NULL;
		}
		w->buf = buf;
		w->cap = n;
	}
	return w->buf;
}

static int
init(struct xb_writer *w, const char *name, const struct xb_writer_opts *opts, struct xb_err *err)
{
	w->ops = formats[opts->format];
	w->cap = opts->buffer_bytes ? opts->buffer_bytes : BUFFER_BYTES;
	if (w->cap < BUFFER_BYTES_MIN)
		w->cap = BUFFER_BYTES_MIN;
	w->buf = malloc(w->cap);
	w->name = strdup(name);
	if (!w->buf || !w->name)
		return xb_err_errno(err, ENOMEM, "%s", name);
	if (w->ops->start(w, opts, err))
		return named(w, err);
	return 0;
}

static void
free_writer(struct xb_writer *w)
{
	free(w->ifaces);
	free(w->name);
	free(w->buf);
	free(w);
}

struct xb_writer *
xb_writer_open(int fd, const char *name, const struct xb_writer_opts *opts, struct xb_err *err)
{
	struct xb_writer *w = calloc(1, sizeof(*w));

	if (!w) {
		xb_err_errno(err, ENOMEM, "%s", name);
		return NULL;
	}
	w->fd = -1; /* nothing is written before this function succeeds */
	if (init(w, name, opts, err)) {
		free_writer(w);
		return NULL;
	}
	w->fd = fd;
	return w;
}

static int
grow_ifaces(struct xb_writer *w, struct xb_err *err)
{
	u32 cap = w->iface_cap ? 2 * w->iface_cap : 4;
	struct xb_writer_iface_rec *ifaces;

	if (w->iface_cnt < w->iface_cap)
		return 0;
	ifaces = realloc(w->ifaces, cap * sizeof(*ifaces));
	if (!ifaces)
		return xb_err_errno(err, ENOMEM, "%u interfaces", cap);
	w->ifaces = ifaces;
	w->iface_cap = cap;
	return 0;
}

static u32
max_caplen(const struct xb_writer_iface *iface)
{
	u32 max = xb_link_max_caplen(iface->linktype);

	return iface->snaplen && iface->snaplen < max ? iface->snaplen : max;
}

int
xb_writer_add_interface(struct xb_writer *w, const struct xb_writer_iface *iface,
                        struct xb_err *err)
{
	if (w->failed)
		return failed_before(w, err);
	if (grow_ifaces(w, err) || w->ops->interface(w, iface, err))
		return named(w, err);
	w->ifaces[w->iface_cnt] = (struct xb_writer_iface_rec){
		.linktype = iface->linktype,
		.max_caplen = max_caplen(iface),
	};
	return (int)w->iface_cnt++;
}

static int
check_packet(const struct xb_writer *w, const struct xb_out_packet *pkt, struct xb_err *err)
{
	if (XB_UNLIKELY(pkt->if_id >= w->iface_cnt))
		return xb_err_set(err, XB_ERR_FILE, "a packet on interface %u of %u", pkt->if_id,
		                  w->iface_cnt);
	if (XB_UNLIKELY(pkt->caplen > w->ifaces[pkt->if_id].max_caplen))
		return xb_err_set(err, XB_ERR_FILE, "a packet of %u bytes; at most %u are possible",
		                  pkt->caplen, w->ifaces[pkt->if_id].max_caplen);
	return 0;
}

int
xb_writer_packet(struct xb_writer *w, const struct xb_out_packet *pkt, struct xb_err *err)
{
	if (XB_UNLIKELY(w->failed))
		return failed_before(w, err);
	if (XB_UNLIKELY(check_packet(w, pkt, err) || w->ops->packet(w, pkt, err)))
		return named(w, err);
	w->last_ts_ns = pkt->ts_ns;
	w->packets++;
	return 0;
}

int
xb_writer_stats(struct xb_writer *w, u32 if_id, const struct xb_writer_stats *stats,
                struct xb_err *err)
{
	if (if_id >= w->iface_cnt) {
		xb_err_set(err, XB_ERR_FILE, "statistics of interface %u of %u", if_id,
		           w->iface_cnt);
		return named(w, err);
	}
	w->ifaces[if_id].has_stats = true;
	w->ifaces[if_id].stats = *stats;
	return 0;
}

int
xb_writer_flush(struct xb_writer *w, struct xb_err *err)
{
	if (w->failed)
		return failed_before(w, err);
	if (flush(w, err))
		return named(w, err);
	return 0;
}

u64
xb_writer_packets(const struct xb_writer *w)
{
	return w->packets;
}

u64
xb_writer_bytes(const struct xb_writer *w)
{
	return w->written_bytes + w->used;
}

int
xb_writer_close(struct xb_writer *w, struct xb_err *err)
{
	int ret = 0;

	if (!w)
		return 0;
	if (w->failed)
		ret = failed_before(w, err);
	else if (w->ops->finish(w, err) || flush(w, err))
		ret = named(w, err);
	if (close(w->fd) && !ret) {
		xb_err_set(err, XB_ERR_FILE, "cannot be written: %s", strerror(errno));
		ret = named(w, err);
	}
	free_writer(w);
	return ret;
}
