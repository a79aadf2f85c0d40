/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notes.h - what a program said while one packet ran: bpf_printk text, perf samples, ring buffer
 * records.
 *
 * Cleared before each packet; memory is kept and bounded (what is beyond 1 MiB a packet is counted,
 * not kept).
 */
#ifndef XB_BENCH_NOTES_H
#define XB_BENCH_NOTES_H

#include "emu/emu.h"

#define XB_NOTES_MAX_BYTES (1u << 20)

struct xb_note {
	const struct xb_map *map; /* NULL: text of bpf_printk */
	u32 off, bytes;           /* in xb_notes.buf */
};

struct xb_notes {
	bool keep_text, keep_events;
	u64 printk_cnt, event_cnt; /* over the whole run */
	u64 lost;                  /* not kept */
	struct xb_note *notes;
	u32 cnt, cap;
	u8 *buf;
	u32 used, size;
};

void xb_notes_fini(struct xb_notes *notes);

static inline void
xb_notes_clear(struct xb_notes *notes)
{
	notes->cnt = 0;
	notes->used = 0;
}

/* For struct xb_emu_hooks, with the notes as arg; and for xb_ringbuf_consume(). */
void xb_notes_printk(void *notes, struct xb_proc *proc, const char *text, u32 bytes);
void xb_notes_event(void *notes, const struct xb_event *event);

#endif
