/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sk_msg_data.c - the elements of a message: pulled together, pushed into, popped out of (cf.
 * net/core/filter.c: bpf_msg_pull_data, bpf_msg_push_data, bpf_msg_pop_data).
 */
#include "emu/sk_msg_priv.h"

#include <errno.h>
#include <string.h>

#define RED_ZONE   16u
#define PAGES_MOST (4u << 20) /* that Linux gives at once: MAX_PAGE_ORDER */

static u64
page_bytes(u32 bytes)
{
	return xb_align_up(bytes, 16) + RED_ZONE;
}

static void
start_half(struct xb_sk_msg *m, u32 half)
{
	m->half = half;
	m->next = half * XB_SK_MSG_HALF + RED_ZONE;
	m->end = (half + 1) * XB_SK_MSG_HALF;
}

/* What the elements need moves to the other half. */
static void
compact(struct xb_sk_msg *m)
{
	start_half(m, !m->half);
	for (u32 i = 0; i < m->elem_cnt; i++) {
		struct msg_elem *e = &m->elems[i];

		memcpy(m->site.data + m->next, m->site.data + e->off, e->length);
		e->off = m->next;
		m->next += (u32)page_bytes(e->length);
	}
}

/* Zeroed memory for `bytes`: 0 with *off, or -ENOMEM. The elements may move. */
static int
alloc_pages(struct xb_sk_msg *m, u32 bytes, u32 *off)
{
	if (bytes > PAGES_MOST)
		return -ENOMEM;
	if (page_bytes(bytes) > m->end - m->next && (u64)m->size + PAGES_MOST < XB_SK_MSG_HALF)
		compact(m);
	if (page_bytes(bytes) > m->end - m->next)
		return -ENOMEM;
	*off = m->next;
	m->next += (u32)page_bytes(bytes);
	memset(m->site.data + *off, 0, bytes);
	return 0;
}

/* What a program may touch; `bytes` of 0: nothing, and no address. */
static void
set_data(struct xb_sk_msg *m, u32 off, u32 bytes)
{
	u64 start = bytes ? m->site.data_region->gaddr + off : 0, end = start + bytes;

	xb_window_move(m->site.mem, &m->site.window, start, end);
	memcpy(&m->md->data, &start, sizeof(start));
	memcpy(&m->md->data_end, &end, sizeof(end));
	m->md->size = m->size;
}

void
xb_sk_msg_compute_data_pointers(struct xb_sk_msg *m)
{
	const struct msg_elem *e = m->elems;

	set_data(m, e->off, m->elem_cnt && !e->copy ? e->length : 0);
}

void
xb_sk_msg_place(struct xb_sk_msg *m, const struct xb_sk_msg_in *in)
{
	start_half(m, 0);
	m->elem_cnt = in->elem_cnt;
	m->size = 0;
	for (u32 i = 0; i < in->elem_cnt; i++) {
		const struct xb_sk_msg_elem *from = &in->elems[i];

		m->elems[i] = (struct msg_elem){ m->next, from->bytes, from->shared };
		if (from->bytes)
			memcpy(m->site.data + m->next, from->data, from->bytes);
		m->next += (u32)page_bytes(from->bytes);
		m->size += from->bytes;
	}
}

/*
 * The element in which the byte is, with the offset at which it begins. Behind the last byte: no
 * element (elem_cnt), and the last one's offset and length.
 */
struct place {
	u32 i, offset, length;
};

static struct place
find(const struct xb_sk_msg *m, u32 start)
{
	struct place at = { 0 };

	for (; at.i < m->elem_cnt; at.i++) {
		at.offset += at.length;
		at.length = m->elems[at.i].length;
		if (start < at.offset + at.length)
			break;
	}
	return at;
}

/* `cnt` elements from i on are taken out of the list. */
static void
drop_elems(struct xb_sk_msg *m, u32 i, u32 cnt)
{
	m->elem_cnt -= cnt;
	memmove(&m->elems[i], &m->elems[i + cnt], (m->elem_cnt - i) * sizeof(m->elems[0]));
}

/* Room for one at i. */
static void
insert_elem(struct xb_sk_msg *m, u32 i, struct msg_elem elem)
{
	memmove(&m->elems[i + 1], &m->elems[i], (m->elem_cnt - i) * sizeof(m->elems[0]));
	m->elems[i] = elem;
	m->elem_cnt++;
}

/* Elements from `first` on, up to `last`, become one of `bytes`: 0 or -ENOMEM. */
static int
linearize(struct xb_sk_msg *m, u32 first, u32 last, u32 bytes)
{
	u32 off, at = 0;

	if (alloc_pages(m, bytes, &off))
		return -ENOMEM;
	for (u32 i = first; i < last; i++) {
		memcpy(m->site.data + off + at, m->site.data + m->elems[i].off, m->elems[i].length);
		at += m->elems[i].length;
	}
	m->elems[first] = (struct msg_elem){ off, bytes, false };
	drop_elems(m, first + 1, last - first - 1);
	return 0;
}

int
xb_sk_msg_pull_data(struct xb_sk_msg *m, u32 start, u32 end, u64 flags)
{
	u32 bytes = end - start, total, copy = 0, last;
	struct place at;

	if (flags || end <= start)
		return -EINVAL;
	at = find(m, start);
	if (at.i == m->elem_cnt)
		return -EINVAL;
	total = start - at.offset + bytes;
	if (m->elems[at.i].copy || total > at.length) {
		for (last = at.i; last < m->elem_cnt && (last == at.i || copy < total); last++)
			copy += m->elems[last].length;
		if (total > copy)
			return -EINVAL;
		if (linearize(m, at.i, last, copy))
			return -ENOMEM;
	}
	set_data(m, m->elems[at.i].off + (start - at.offset), bytes);
	return 0;
}

/* No element is left to be used: one is copied, with the room inside. */
static int
push_copy(struct xb_sk_msg *m, struct place at, u32 front, u32 len)
{
	struct msg_elem *e = &m->elems[at.i];
	u32 off;

	if (e->length + len < len)
		return -EINVAL;
	if (alloc_pages(m, e->length + len, &off))
		return -ENOMEM;
	memcpy(m->site.data + off, m->site.data + e->off, front);
	memcpy(m->site.data + off + front + len, m->site.data + e->off + front, e->length - front);
	*e = (struct msg_elem){ off, e->length + len, false };
	return 0;
}

/* A new element, between two or between the halves of one. */
static int
push_elem(struct xb_sk_msg *m, struct place at, u32 front, u32 len)
{
	struct msg_elem *e = &m->elems[at.i], back;
	u32 off;

	if (alloc_pages(m, len, &off))
		return -ENOMEM;
	if (front && at.i < m->elem_cnt) {
		back = (struct msg_elem){ e->off + front, e->length - front, e->copy };
		e->length = front;
		insert_elem(m, ++at.i, back);
	}
	insert_elem(m, at.i, (struct msg_elem){ off, len, false });
	return 0;
}

/*
 * Differs: where all elements are used and the place is behind the last byte, the last one is
 * copied; Linux's ring then holds nothing any more. What is pushed is zeroed, where Linux leaves
 * what the memory held.
 */
int
xb_sk_msg_push_data(struct xb_sk_msg *m, u32 start, u32 len, u64 flags)
{
	u32 space = XB_SK_MSG_MAX_ELEMS - m->elem_cnt, front;
	struct place at;
	int ret;

	if (flags)
		return -EINVAL;
	if (!len)
		return 0;
	at = find(m, start);
	if (start > at.offset + at.length)
		return -EINVAL;
	front = start - at.offset;
	if (!space && at.i == m->elem_cnt)
		at.i--;
	if (!space || (space == 1 && front && at.i < m->elem_cnt))
		ret = push_copy(m, at, front, len);
	else
		ret = push_elem(m, at, front, len);
	if (ret)
		return ret;
	m->size += len;
	xb_sk_msg_compute_data_pointers(m);
	return 0;
}

/* Takes `len` bytes out of the middle of an element, which has `front` before them and some behind.
 */
static int
pop_middle(struct xb_sk_msg *m, u32 i, u32 front, u32 len)
{
	struct msg_elem *e = &m->elems[i];
	u32 behind = e->length - front - len, off;

	if (m->elem_cnt < XB_SK_MSG_MAX_ELEMS) {
		e->length = front;
		insert_elem(m, i + 1, (struct msg_elem){ e->off + front + len, behind, e->copy });
		return 0;
	}
	if (alloc_pages(m, front + behind, &off))
		return -ENOMEM;
	memcpy(m->site.data + off, m->site.data + e->off, front);
	memcpy(m->site.data + off + front, m->site.data + e->off + front + len, behind);
	*e = (struct msg_elem){ off, front + behind, false };
	return 0;
}

/* Takes `len` bytes from the beginning of element i on; there are so many. */
static void
pop_front(struct xb_sk_msg *m, u32 i, u32 len)
{
	while (len) {
		struct msg_elem *e = &m->elems[i];

		if (len < e->length) {
			e->length -= len;
			e->off += len;
			return;
		}
		len -= e->length;
		drop_elems(m, i, 1);
	}
}

int
xb_sk_msg_pop_data(struct xb_sk_msg *m, u32 start, u32 len, u64 flags)
{
	u32 front, rest = len;
	struct place at;

	if (flags)
		return -EINVAL;
	if (!len)
		return 0;
	at = find(m, start);
	if (at.i == m->elem_cnt || (u64)start + len > m->size)
		return -EINVAL;
	front = start - at.offset;
	if (front && at.length - front > len) {
		if (pop_middle(m, at.i, front, len))
			return -ENOMEM;
		rest = 0;
	} else if (front) {
		rest -= at.length - front;
		m->elems[at.i++].length = front;
	}
	pop_front(m, at.i, rest);
	m->size -= len;
	xb_sk_msg_compute_data_pointers(m);
	return 0;
}
