/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/notes.h"

#include <stdlib.h>
#include <string.h>

void
xb_notes_fini(struct xb_notes *notes)
{
	free(notes->notes);
	free(notes->buf);
}

/* Room for one more note of `bytes`. */
static bool
reserve(struct xb_notes *notes, u64 bytes)
{
	if (bytes > XB_NOTES_MAX_BYTES - notes->used)
		return false;
	if (notes->cnt == notes->cap) {
		u32 cap = notes->cap ? notes->cap * 2 : 16;
		struct xb_note *p = realloc(notes->notes, cap * sizeof(*p));

		if (!p)
			return false;
		notes->notes = p;
		notes->cap = cap;
	}
	if (notes->used + bytes > notes->size) {
		u32 size = (u32)(notes->used + bytes) * 2;
		u8 *p = realloc(notes->buf, size);

		if (!p)
			return false;
		notes->buf = p;
		notes->size = size;
	}
	return true;
}

static void
append(struct xb_notes *notes, const void *data, u32 bytes)
{
	if (bytes)
		memcpy(notes->buf + notes->used, data, bytes);
	notes->used += bytes;
}

void
xb_notes_printk(void *arg, struct xb_proc *proc, const char *text, u32 bytes)
{
	struct xb_notes *notes = arg;

	(void)proc;
	notes->printk_cnt++;
	if (!notes->keep_text)
		return;
	if (notes->cnt > 65536 || !reserve(notes, bytes)) {
		notes->lost++;
		return;
	}
	notes->notes[notes->cnt++] = (struct xb_note){ .off = notes->used, .bytes = bytes };
	append(notes, text, bytes);
}

void
xb_notes_event(void *arg, const struct xb_event *event)
{
	struct xb_notes *notes = arg;
	u32 more = event->more ? event->more_bytes : 0;

	notes->event_cnt++;
	if (!notes->keep_events)
		return;
	if (notes->cnt > 65536 || !reserve(notes, (u64)event->bytes + more)) {
		notes->lost++;
		return;
	}
	notes->notes[notes->cnt++] = (struct xb_note){ .map = event->map,
		                                       .off = notes->used,
		                                       .bytes = event->bytes + more };
	append(notes, event->data, event->bytes);
	append(notes, event->more, more);
}
