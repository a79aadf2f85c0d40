/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm/window.h"

#define GRANULE 8ull /* cf. vm/mem.h */

static u8
need_of(const struct xb_window *w)
{
	return w->read_only ? XB_MEM_READ : XB_MEM_WRITE;
}

/* Moves the window's start there from old; end stays. Only granules in between change. */
static void
move_start(struct xb_mem *mem, const struct xb_window *w, u64 old, u64 end)
{
	u64 start = w->start, from = start, to;

	if (start > old)
		xb_mem_forbid(mem, old, start - old);
	to = xb_align_up(start > old ? start : old, GRANULE);
	if (to > end)
		to = end;
	xb_mem_allow(mem, from, to - from, need_of(w));
}

/* Moves the window's end there from old; start stays. */
static void
move_end(struct xb_mem *mem, const struct xb_window *w, u64 old)
{
	u64 start = w->start, end = w->end;
	u64 from = (end < old ? end : old) & ~(GRANULE - 1);

	if (end < old)
		xb_mem_forbid(mem, from, old - from);
	if (from < start)
		from = start;
	xb_mem_allow(mem, from, end - from, need_of(w));
}

void
xb_window_move(struct xb_mem *mem, struct xb_window *w, u64 start, u64 end)
{
	u64 old_start = w->start, old_end = w->end;

	w->start = start;
	w->end = end;
	if (start >= old_end || end <= old_start) { /* apart, or either one empty */
		xb_mem_forbid(mem, old_start, old_end - old_start);
		xb_mem_allow(mem, start, end - start, need_of(w));
		return;
	}
	if (start != old_start)
		move_start(mem, w, old_start, old_end);
	if (end != old_end)
		move_end(mem, w, old_end);
}
