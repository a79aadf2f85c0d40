/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct xb_batch_block {
	struct xb_batch_block *next;
	struct xb_input_block *block;
};

int
xb_batch_init(struct xb_batch *b, struct xb_reader *reader, u32 cap, u32 share_cnt,
              struct xb_err *err)
{
	*b = (struct xb_batch){ .reader = reader, .cap = cap };
	b->items = aligned_alloc(_Alignof(struct xb_item), cap * sizeof(*b->items));
	b->shares = calloc(share_cnt, sizeof(*b->shares));
	if (!b->items || !b->shares)
		return xb_err_errno(err, ENOMEM, "packets");
	b->share_cnt = share_cnt;
	for (u32 i = 0; i < share_cnt; i++) {
		b->shares[i].batch = b;
		b->shares[i].work.vcpu = i;
	}
	xb_batch_reset(b);
	return 0;
}

static void
release_blocks(struct xb_batch *b)
{
	for (; b->blocks; b->blocks = b->blocks->next)
		xb_reader_release(b->reader, b->blocks->block);
}

void
xb_batch_fini(struct xb_batch *b)
{
	release_blocks(b);
	for (u32 i = 0; i < b->share_cnt; i++)
		xb_scratch_fini(&b->shares[i].mem);
	xb_scratch_fini(&b->mem);
	free(b->shares);
	free(b->items);
}

void
xb_batch_reset(struct xb_batch *b)
{
	release_blocks(b);
	b->cnt = 0;
	b->bytes = 0;
	b->slowest_ns = 0;
	b->notes = NULL;
	b->notes_end = &b->notes;
	xb_scratch_reset(&b->mem);
	for (u32 i = 0; i < b->share_cnt; i++) {
		struct xb_share *share = &b->shares[i];

		if (share->first)
			xb_scratch_reset(&share->mem);
		share->first = NULL;
		share->end = &share->first;
	}
}

/* Has the reader keep the block that its last packet lies in. */
static bool
hold_block(struct xb_batch *b)
{
	struct xb_batch_block *held = b->blocks;

	if (XB_LIKELY(held && xb_reader_is_in(b->reader, held->block)))
		return true;
	held = xb_scratch_take(&b->mem, sizeof(*held));
	if (!held)
		return false;
	held->next = b->blocks;
	held->block = xb_reader_hold(b->reader);
	b->blocks = held;
	return true;
}

/* The packet behind the header that was made up for it. */
static u8 *
copy_frame(struct xb_batch *b, const struct xb_xdp_in *in)
{
	u8 *frame = xb_scratch_take(&b->mem, (u64)in->hdr_bytes + in->bytes);

	if (!frame)
		return NULL;
	memcpy(frame, in->hdr, in->hdr_bytes);
	if (in->bytes)
		memcpy(frame + in->hdr_bytes, in->data, in->bytes);
	return frame;
}

struct xb_item *
xb_batch_add(struct xb_batch *b, const struct xb_result *r)
{
	struct xb_item *item = &b->items[b->cnt];

	if (!hold_block(b))
		return NULL;
	item->frame = r->in.hdr_bytes ? copy_frame(b, &r->in) : r->in.data;
	if (!item->frame && r->in.hdr_bytes)
		return NULL;
	item->n = r->n;
	item->ts_ns = r->ts_ns;
	item->hdr_bytes = r->in.hdr_bytes;
	item->bytes = r->in.bytes;
	item->rx_queue_index = r->in.rx_queue_index;
	item->vcpu = 0;
	item->ether = r->ether;
	item->runs = false;
	item->next = NULL;
	item->kept = NULL;
	item->pkt = *r->pkt;
	b->bytes += r->pkt->caplen;
	b->cnt++;
	return item;
}

void
xb_item_show(const struct xb_item *item, struct xb_result *r)
{
	r->n = item->n;
	r->ts_ns = item->ts_ns;
	r->pkt = &item->pkt;
	r->in.hdr = item->hdr_bytes ? item->frame : NULL;
	r->in.hdr_bytes = item->hdr_bytes;
	r->in.data = item->frame + item->hdr_bytes;
	r->in.bytes = item->bytes;
	r->in.rx_queue_index = item->rx_queue_index;
	r->ether = item->ether;
	r->ran = false;
}

void
xb_batch_share(struct xb_batch *b, struct xb_item *item, u32 vcpu)
{
	struct xb_share *share = &b->shares[vcpu];

	item->runs = true;
	item->vcpu = (u16)vcpu;
	*share->end = item;
	share->end = &item->next;
}

void
xb_batch_note(struct xb_batch *b, const char *text)
{
	size_t bytes = strlen(text) + 1;
	struct xb_batch_note *note = xb_scratch_take(&b->mem, sizeof(*note) + bytes);

	if (!note)
		return;
	*note = (struct xb_batch_note){ .at = b->cnt };
	memcpy(note->text, text, bytes);
	*b->notes_end = note;
	b->notes_end = &note->next;
}

u64
xb_batch_bytes(const struct xb_batch *b)
{
	u64 bytes = b->mem.bytes + b->bytes;

	for (u32 i = 0; i < b->share_cnt; i++)
		bytes += b->shares[i].mem.bytes;
	return bytes;
}
