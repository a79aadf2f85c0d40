/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/ctxsave.h"

#include "bench/path.h"
#include "bench/say.h"
#include "emu/captured.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct xb_ctxsave {
	struct xb_ctxsave_opts opts;
	struct xb_captured *calls; /* that are recorded, or NULL */
	bool recorded;
	u64 n;     /* of the packet that was recorded */
	u8 *piece; /* XB_SKB_MAX_BYTES */
};

struct xb_ctxsave *
xb_ctxsave_open(const struct xb_ctxsave_opts *opts, struct xb_err *err)
{
	struct xb_ctxsave *s = calloc(1, sizeof(*s));

	if (s)
		s->piece = malloc(XB_SKB_MAX_BYTES);
	if (!s || !s->piece) {
		xb_err_errno(err, ENOMEM, "context");
		free(s);
		return NULL;
	}
	s->opts = *opts;
	return s;
}

void
xb_ctxsave_close(struct xb_ctxsave *s)
{
	if (!s)
		return;
	s->opts.emu->record[0] = NULL;
	xb_captured_free(s->calls);
	free(s->piece);
	free(s);
}

void
xb_ctxsave_begin(struct xb_ctxsave *s)
{
	struct xb_err err;

	if (!s->opts.record.name || s->recorded)
		return;
	s->calls = xb_captured_new(&err);
	s->opts.emu->record[0] = s->calls;
}

static int
write_file(const struct xb_file *file, const char *text, size_t bytes, struct xb_err *err)
{
	while (bytes) {
		ssize_t n = write(file->fd, text, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xb_err_set(err, XB_ERR_FILE, "%s: cannot be written: %s", file->name,
			                  strerror(errno));
		text += n;
		bytes -= (size_t)n;
	}
	return 0;
}

static int
print_to(const struct xb_file *file, const struct xb_context *c, struct xb_err *err)
{
	size_t bytes = 0;
	char *text = xb_context_print(c, &bytes, err);
	int rc;

	if (!text)
		return -1;
	rc = xb_file_start(file, err);
	if (rc == 0)
		rc = write_file(file, text, bytes, err);
	free(text);
	return rc;
}

/* DIR/N.json */
static int
save(struct xb_ctxsave *s, const struct xb_context *c, u64 n, struct xb_err *err)
{
	struct xb_file file = XB_FILE_NONE;
	char *path;
	int rc;

	if (asprintf(&path, "%s/%llu.json", s->opts.cli->save_ctx, (unsigned long long)n) < 0)
		return xb_err_errno(err, ENOMEM, "context");
	rc = xb_file_open_write(&file, path, err);
	if (rc == 0)
		rc = s->opts.check(s->opts.check_arg, &file, err);
	if (rc == 0)
		rc = print_to(&file, c, err);
	if (file.name)
		xb_file_close(&file);
	free(path);
	return rc;
}

/* Wraps and writes what was recorded; takes c over. */
static int
record(struct xb_ctxsave *s, struct xb_context *c, u64 n, struct xb_err *err)
{
	struct xb_captured *calls = s->calls;
	struct xb_context *wrapped;
	int rc;

	s->opts.emu->record[0] = NULL;
	s->calls = NULL;
	s->recorded = true;
	s->n = n;
	if (!calls || calls->cut) {
		xb_captured_free(calls);
		xb_context_free(c);
		return xb_err_errno(err, ENOMEM, "--record");
	}
	wrapped = xb_ctx_wrap(c, calls, err);
	if (!wrapped)
		return -1;
	rc = print_to(&s->opts.record, wrapped, err);
	xb_context_free(wrapped);
	return rc;
}

/* The packet as it came in, in one piece, without a tag that is in the context. */
static u32
join(struct xb_ctxsave *s, const struct xb_result *r, const struct xb_ctx_fields *fields)
{
	const struct xb_xdp_in *in = &r->in;
	u32 bytes = in->hdr_bytes + in->bytes, macs = 2 * ETH_ALEN;

	if (in->hdr_bytes)
		memcpy(s->piece, in->hdr, in->hdr_bytes);
	if (in->bytes)
		memcpy(s->piece + in->hdr_bytes, in->data, in->bytes);
	if (!s->opts.cli->rxvlan_offload || !fields->skb.vlan_present ||
	    s->opts.cli->ctx.skb.vlan_present)
		return bytes;
	memmove(s->piece + macs, s->piece + macs + 4, bytes - macs - 4);
	return bytes - 4;
}

int
xb_ctxsave_packet(struct xb_ctxsave *s, const struct xb_path *path, const struct xb_result *r,
                  struct xb_err *err)
{
	bool xdp = r->runs[0].stage->kind == XB_STAGE_XDP;
	struct xb_ctx_fields fields;
	struct xb_context *c;
	char name[48];
	u32 bytes;
	int rc;

	if (!s->calls && !s->opts.cli->save_ctx)
		return 0;
	xb_path_start_fields(path, r, &fields);
	bytes = join(s, r, &fields);
	snprintf(name, sizeof(name), "packet %llu", (unsigned long long)r->n);
	c = xb_ctx_make(xdp ? XB_CTX_XDP_MD : XB_CTX_SK_BUFF, name, s->piece, bytes, &fields, err);
	if (!c)
		return -1;
	rc = s->opts.cli->save_ctx ? save(s, c, r->n, err) : 0;
	if (rc == 0 && s->calls)
		return record(s, c, r->n, err);
	xb_context_free(c);
	return rc;
}

int
xb_ctxsave_context(struct xb_ctxsave *s, const struct xb_context *c, u64 n, struct xb_err *err)
{
	struct xb_context *copy;

	if (s->opts.cli->save_ctx && save(s, c, n, err) != 0)
		return -1;
	if (!s->calls)
		return 0;
	copy = xb_ctx_clone(c, err);
	return copy ? record(s, copy, n, err) : -1;
}

int
xb_ctxsave_finish(struct xb_ctxsave *s, u64 ran, struct xb_err *err)
{
	if (!s->opts.record.name)
		return 0;
	if (!s->recorded)
		return xb_err_set(err, XB_ERR_FILE, "--record: %s: no packet was run",
		                  s->opts.record.name);
	if (ran > 1 && !s->opts.cli->quiet)
		xb_say("%s: has the calls of packet %llu, the first of %llu that were run; --skip "
		       "and -f choose another",
		       s->opts.record.name, (unsigned long long)s->n, (unsigned long long)ran);
	return 0;
}
