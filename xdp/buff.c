/* SPDX-License-Identifier: BSD-2-Clause */
#include "xdp/xdp_priv.h"

#include <string.h>

/* The values come by argument: read back from where they were just stored, they cost a stall. */
static inline void
sync_to(struct xb_xdp *x, u32 meta_off, u32 data_off, u32 end_off)
{
	u32 g = (u32)x->buff->gaddr;

	if (g + meta_off != x->window.start || g + end_off != x->window.end)
		xb_window_move(x->mem, &x->window, g + meta_off, g + end_off);
	if (meta_off < x->zero_off)
		x->zero_off = meta_off;
	x->md->data = g + data_off;
	x->md->data_end = g + end_off;
	x->md->data_meta = g + meta_off;
}

void
xdp_buff_sync(struct xb_xdp *x)
{
	sync_to(x, x->shape.meta_off, x->shape.data_off, x->shape.end_off);
}

/* A packet that comes in two pieces, taken from front to back. */
struct pieces {
	const u8 *at[2];
	u32 bytes[2];
};

static void
take(struct pieces *p, u8 *to, u32 bytes)
{
	u32 i, n;

	for (i = 0; i < 2 && bytes; i++) {
		n = p->bytes[i] < bytes ? p->bytes[i] : bytes;
		if (n)
			memcpy(to, p->at[i], n);
		p->at[i] += n;
		p->bytes[i] -= n;
		to += n;
		bytes -= n;
	}
}

static void
place_frags(struct xb_xdp *x, struct pieces *p, u32 bytes)
{
	struct xdp_shape *s = &x->shape;
	u32 n;

	while (bytes) {
		n = bytes < XDP_PAGE_BYTES ? bytes : XDP_PAGE_BYTES;
		take(p, xdp_frag(x, s->frag_cnt), n);
		s->frag_len[s->frag_cnt++] = n;
		s->frags_bytes += n;
		bytes -= n;
	}
}

void
xdp_buff_place(struct xb_xdp *x, const struct xb_xdp_in *in, u32 linear_bytes)
{
	struct pieces p = { { in->hdr, in->data }, { in->hdr_bytes, in->bytes } };
	struct xdp_shape *s = &x->shape;
	u32 data_off = x->headroom, meta_off = data_off - in->meta_bytes;

	s->meta_off = meta_off;
	s->data_off = data_off;
	s->end_off = data_off + linear_bytes;
	s->frag_cnt = 0;
	s->frags_bytes = 0;
	if (x->zero_off < meta_off)
		memset(x->page + x->zero_off, 0, meta_off - x->zero_off);
	x->zero_off = meta_off;
	if (in->meta_bytes)
		memcpy(x->page + meta_off, in->meta, in->meta_bytes);
	if (in->hdr_bytes == 0 && in->bytes == linear_bytes) {
		if (linear_bytes)
			memcpy(x->page + data_off, in->data, linear_bytes);
	} else {
		take(&p, x->page + data_off, linear_bytes);
		place_frags(x, &p, in->hdr_bytes + in->bytes - linear_bytes);
	}
	sync_to(x, meta_off, data_off, data_off + linear_bytes);
}

/*
 * Copies between two buffers what is in use of them: all up to the linear part's end, and the
 * fragments.
 */
static void
copy_used(u8 *to, const u8 *from, const struct xdp_shape *s)
{
	u32 i;

	memcpy(to, from, s->end_off);
	for (i = 0; i < s->frag_cnt; i++) {
		size_t off = (size_t)XDP_PAGE_BYTES * (1 + i);

		memcpy(to + off, from + off, s->frag_len[i]);
	}
}

void
xdp_buff_save(struct xb_xdp *x)
{
	x->saved_shape = x->shape;
	copy_used(x->saved, x->page, &x->shape);
}

void
xdp_buff_restore(struct xb_xdp *x)
{
	x->shape = x->saved_shape;
	copy_used(x->page, x->saved, &x->shape);
	xdp_buff_sync(x);
}

/*
 * Walks the parts of [off, off + len) in order: part 0 is the linear one (cf. net/core/filter.c:
 * bpf_xdp_copy_buf).
 */
struct walk {
	u32 off, len; /* what is left, off counting from the start of part `idx` */
	u32 idx;
};

static u8 *
walk_next(const struct xb_xdp *x, struct walk *w, u32 *bytes)
{
	const struct xdp_shape *s = &x->shape;
	u32 part, off;
	u8 *at;

	for (; w->len && w->idx <= s->frag_cnt; w->idx++) {
		part = w->idx ? s->frag_len[w->idx - 1] : s->end_off - s->data_off;
		if (w->off >= part) {
			w->off -= part;
			continue;
		}
		at = w->idx ? xdp_frag(x, w->idx - 1) : x->page + s->data_off;
		off = w->off;
		*bytes = part - off < w->len ? part - off : w->len;
		w->off += *bytes;
		w->len -= *bytes;
		return at + off;
	}
	return NULL;
}

void
xdp_buff_read(const struct xb_xdp *x, u32 off, u32 len, u8 *to)
{
	struct walk w = { .off = off, .len = len };
	const u8 *at;
	u32 n;

	while ((at = walk_next(x, &w, &n))) {
		memmove(to, at, n);
		to += n;
	}
}

void
xdp_buff_write(struct xb_xdp *x, u32 off, u32 len, const u8 *from)
{
	struct walk w = { .off = off, .len = len };
	u8 *at;
	u32 n;

	while ((at = walk_next(x, &w, &n))) {
		memmove(at, from, n);
		from += n;
	}
}
