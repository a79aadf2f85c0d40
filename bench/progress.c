/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FIRST_AFTER_NS 1000000000ull /* short runs have no bar */
#define UPDATE_NS      200000000ull
#define BAR_WIDTH      30

u64
xb_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000ull + (u64)ts.tv_nsec;
}

void
xb_progress_init(struct xb_progress *p, bool wanted, u64 repeat)
{
	*p = (struct xb_progress){ .on = wanted && isatty(STDERR_FILENO),
		                   .start_ns = xb_now_ns(),
		                   .repeat = repeat };
	p->next_ns = p->start_ns + FIRST_AFTER_NS;
}

static void
print_bar(double done)
{
	char bar[BAR_WIDTH + 1];
	int full = (int)(done * BAR_WIDTH);

	memset(bar, '.', BAR_WIDTH);
	memset(bar, '#', (size_t)(full < 0 ? 0 : full > BAR_WIDTH ? BAR_WIDTH : full));
	bar[BAR_WIDTH] = 0;
	fprintf(stderr, "[%s] %3.0f%%  ", bar, done * 100);
}

void
xb_progress_update(struct xb_progress *p, const struct xb_reader *reader, u64 round, u64 packets)
{
	u64 now, done_bytes, total_bytes;
	double sec;

	if (!p->on)
		return;
	now = xb_now_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + UPDATE_NS;
	p->shown = true;
	sec = (double)(now - p->start_ns) / 1e9;
	xb_reader_progress(reader, &done_bytes, &total_bytes);
	fputs("\r", stderr);
	if (total_bytes)
		print_bar(((double)round + (double)done_bytes / (double)total_bytes) /
		          (double)p->repeat);
	fprintf(stderr, "%llu packets, %.0f packets/s \033[K", (unsigned long long)packets,
	        (double)packets / sec);
}

void
xb_progress_clear(struct xb_progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
