/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - a bar on standard error while a long run goes on, if that is a terminal.
 */
#ifndef XB_BENCH_PROGRESS_H
#define XB_BENCH_PROGRESS_H

#include "pcaps/reader.h"
#include "vm/types.h"

#define XB_PROGRESS_EVERY 4096u /* packets between two looks at the clock */

struct xb_progress {
	bool on, shown;
	u64 start_ns, next_ns;
	u64 repeat; /* how often the capture is replayed */
};

/* Nanoseconds of the monotonic clock. */
u64 xb_now_ns(void);

void xb_progress_init(struct xb_progress *p, bool wanted, u64 repeat);

/* `round` is the repetition, from 0. */
void xb_progress_update(struct xb_progress *p, const struct xb_reader *reader, u64 round,
                        u64 packets);

/* Takes the bar away. */
void xb_progress_clear(struct xb_progress *p);

#endif
