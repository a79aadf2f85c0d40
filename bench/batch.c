/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
xb_batch_init(struct xb_batch *b, u32 cap, u32 share_cnt, struct xb_err *err)
{
	*b = (struct xb_batch){ .cap = cap };
	b->items = malloc(cap * sizeof(*b->items));
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

void
xb_batch_fini(struct xb_batch *b)
{
	for (u32 i = 0; i < b->share_cnt; i++)
		xb_scratch_fini(&b->shares[i].mem);
	xb_scratch_fini(&b->mem);
	free(b->shares);
	free(b->items);
}

void
xb_batch_reset(struct xb_batch *b)
{
	b->cnt = 0;
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

/* The packet's bytes, with a header that was made up in front of them. */
static bool
copy_bytes(struct xb_batch *b, struct xb_xdp_in *in)
{
	u8 *bytes = xb_scratch_take(&b->mem, (u64)in->hdr_bytes + in->bytes);

	if (!bytes)
		return false;
	if (in->hdr_bytes)
		memcpy(bytes, in->hdr, in->hdr_bytes);
	if (in->bytes)
		memcpy(bytes + in->hdr_bytes, in->data, in->bytes);
	in->hdr = in->hdr_bytes ? bytes : NULL;
	in->data = bytes + in->hdr_bytes;
	return true;
}

/* The comments stand among the options. */
static bool
copy_comments(struct xb_batch *b, struct xb_packet *pkt)
{
	const u8 *opts = pkt->opts;

	pkt->opts = NULL;
	if (XB_LIKELY(!pkt->comment))
		return true;
	pkt->opts = xb_scratch_copy(&b->mem, opts, pkt->opts_len);
	if (!pkt->opts)
		return false;
	pkt->comment = (const char *)pkt->opts + ((const u8 *)pkt->comment - opts);
	return true;
}

struct xb_item *
xb_batch_add(struct xb_batch *b, const struct xb_result *r)
{
	struct xb_item *item = &b->items[b->cnt];

	*item = (struct xb_item){
		.pkt = *r->pkt, .n = r->n, .ts_ns = r->ts_ns, .in = r->in, .ether = r->ether
	};
	item->pkt.data = NULL;
	if (!copy_bytes(b, &item->in) || !copy_comments(b, &item->pkt))
		return NULL;
	b->cnt++;
	return item;
}

void
xb_batch_share(struct xb_batch *b, struct xb_item *item, u32 vcpu)
{
	struct xb_share *share = &b->shares[vcpu];

	item->runs = true;
	item->vcpu = vcpu;
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
	u64 bytes = b->mem.bytes;

	for (u32 i = 0; i < b->share_cnt; i++)
		bytes += b->shares[i].mem.bytes;
	return bytes;
}
