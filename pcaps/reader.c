/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcaps/reader.h"
#include "pcaps/codec_priv.h"
#include "pcaps/reader_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct xb_reader_ops *const formats[] = { &xb_reader_pcap, &xb_reader_pcapng };

static int
bad_format(const u8 *data, size_t len, struct xb_err *err)
{
	char hex[4 * 3 + 1] = "";

	if (!len)
		return xb_err_set(err, XB_ERR_FILE, "is empty, and no capture");
	for (size_t i = 0; i < len && i < 4; i++)
		snprintf(hex + 3 * i, 4, " %02x", data[i]);
	return xb_err_set(err, XB_ERR_FILE, "is no pcap or pcapng capture: begins with%s", hex);
}

/* Finds the format and reads the file's header. */
static int
start(struct xb_reader *r, struct xb_err *err)
{
	size_t have;

	if (xb_input_need(&r->in, 4, err) < 0)
		return -1;
	have = (size_t)(r->in.end - r->in.cur);
	for (size_t i = 0; i < XB_ARRAY_SIZE(formats); i++) {
		if (!formats[i]->magic(r->in.cur, have))
			continue;
		r->ops = formats[i];
		return r->ops->start(r, err);
	}
	return bad_format(r->in.cur, have, err);
}

struct xb_reader *
xb_reader_open(int fd, const char *name, struct xb_err *err)
{
	struct xb_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		xb_err_errno(err, ENOMEM, "%s", name);
		return NULL;
	}
	r->name = strdup(name);
	if (!r->name) {
		xb_err_errno(err, ENOMEM, "%s", name);
		goto free_reader;
	}
	if (xb_input_open(&r->in, fd, err)) {
		xb_err_prefix(err, "%s", name);
		goto free_name;
	}
	if (start(r, err)) {
		xb_err_prefix(err, "%s", name);
		r->in.src.fd = -1; /* stays open: it is the caller's */
		xb_reader_close(r);
		return NULL;
	}
	return r;

free_name:
	free(r->name);
free_reader:
	free(r);
	return NULL;
}

static int
fail(struct xb_reader *r, struct xb_err *err)
{
	xb_err_prefix(err, "%s", r->name);
	r->failed = true;
	r->failure = *err;
	return -1;
}

/* Everything but a packet. */
static int
finish(struct xb_reader *r, int ret, struct xb_err *err)
{
	if (ret < 0 && !r->in.src.stopped)
		return fail(r, err);
	r->at_end = true;
	return 0;
}

int
xb_reader_next(struct xb_reader *r, struct xb_packet *pkt, struct xb_err *err)
{
	int ret;

	if (XB_UNLIKELY(r->failed)) {
		*err = r->failure;
		return -1;
	}
	if (XB_UNLIKELY(r->at_end))
		return 0;
	ret = r->ops->next(r, pkt, err);
	if (XB_UNLIKELY(ret <= 0))
		return finish(r, ret, err);
	return 1;
}

struct xb_input_block *
xb_reader_hold(struct xb_reader *r)
{
	r->in.block->refs++;
	return r->in.block;
}

void
xb_reader_release(struct xb_reader *r, struct xb_input_block *block)
{
	xb_input_release(&r->in, block);
}

bool
xb_reader_is_in(const struct xb_reader *r, const struct xb_input_block *block)
{
	return r->in.block == block;
}

static void
drop_ifaces(struct xb_reader *r)
{
	for (u32 i = 0; i < r->iface_cnt; i++)
		free((void *)(uintptr_t)r->ifaces[i].pub.name);
	r->iface_cnt = 0;
}

int
xb_reader_rewind(struct xb_reader *r, struct xb_err *err)
{
	if (xb_input_rewind(&r->in, err))
		return xb_err_prefix(err, "%s", r->name);
	drop_ifaces(r);
	r->packets = r->block = r->block_off = 0;
	r->at_end = r->failed = false;
	if (!start(r, err))
		return 0;
	if (!r->in.src.stopped)
		return fail(r, err);
	r->at_end = true; /* nothing is wrong with the file: reading it was stopped */
	return 0;
}

void
xb_reader_set_stop(struct xb_reader *r, const volatile sig_atomic_t *stop)
{
	r->in.src.stop = stop;
}

int
xb_reader_add_iface(struct xb_reader *r, const struct xb_reader_iface_rec *rec, const char *name,
                    size_t name_len, struct xb_err *err)
{
	u32 cap = r->iface_cap ? 2 * r->iface_cap : 4;
	struct xb_reader_iface_rec *ifaces;
	char *copy;

	if (r->iface_cnt == XB_READER_IFACES_MAX)
		return xb_reader_bad(r, err, "more than %u interfaces", XB_READER_IFACES_MAX);
	if (r->iface_cnt == r->iface_cap) {
		ifaces = realloc(r->ifaces, cap * sizeof(*ifaces));
		if (!ifaces)
			return xb_err_errno(err, ENOMEM, "%u interfaces", cap);
		r->ifaces = ifaces;
		r->iface_cap = cap;
	}
	copy = strndup(name, name_len < XB_READER_IFNAME_MAX ? name_len : XB_READER_IFNAME_MAX);
	if (!copy)
		return xb_err_errno(err, ENOMEM, "an interface's name");
	r->ifaces[r->iface_cnt] = *rec;
	r->ifaces[r->iface_cnt++].pub.name = copy;
	return 0;
}

int
xb_reader_bad(const struct xb_reader *r, struct xb_err *err, const char *fmt, ...)
{
	bool records = r->ops == &xb_reader_pcap;
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return xb_err_set(err, XB_ERR_FILE, "%s %llu at byte %llu: %s",
	                  records ? "packet" : "block", (unsigned long long)r->block,
	                  (unsigned long long)r->block_off, what);
}

int
xb_reader_need(struct xb_reader *r, size_t n, struct xb_err *err)
{
	int ret = xb_input_need(&r->in, n, err);

	if (XB_LIKELY(ret > 0))
		return 0;
	if (!ret)
		return xb_reader_bad(r, err, "the file ends after %zu of %zu bytes",
		                     (size_t)(r->in.end - r->in.cur), n);
	return xb_err_prefix(err, "%s %llu at byte %llu",
	                     r->ops == &xb_reader_pcap ? "packet" : "block",
	                     (unsigned long long)r->block, (unsigned long long)r->block_off);
}

const struct xb_iface *
xb_reader_iface(const struct xb_reader *r, u32 if_idx)
{
	return if_idx < r->iface_cnt ? &r->ifaces[if_idx].pub : NULL;
}

u32
xb_reader_iface_cnt(const struct xb_reader *r)
{
	return r->iface_cnt;
}

const char *
xb_reader_format(const struct xb_reader *r)
{
	return r->ops->name;
}

const char *
xb_reader_compression(const struct xb_reader *r)
{
	return r->in.codec ? r->in.codec->name : "";
}

struct xb_reader_pos
xb_reader_where(const struct xb_reader *r)
{
	return (struct xb_reader_pos){
		.off_bytes = r->block_off,
		.block = r->block,
		.packets = r->packets,
	};
}

void
xb_reader_progress(const struct xb_reader *r, u64 *done_bytes, u64 *total_bytes)
{
	*done_bytes = r->in.src.done_bytes;
	*total_bytes = r->in.src.total_bytes;
}

void
xb_reader_close(struct xb_reader *r)
{
	if (!r)
		return;
	drop_ifaces(r);
	free(r->ifaces);
	xb_input_close(&r->in);
	free(r->name);
	free(r);
}
