/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples.h - the reader of a perf event array, on either backend: what comes of
 * bpf_perf_event_output, as user space gets it.
 *
 * There is one reader, of CPU 0, and slot 0 of the map is its. On the kernel the thread stays on
 * that CPU until the reader is closed. The kernel's padding is what was in its ring before.
 */
#ifndef XB_TESTS_RIG_SAMPLES_H
#define XB_TESTS_RIG_SAMPLES_H

#include "tests/rig/backend.h"

#include <sched.h>

#define SAMPLES_BYTES 139264u /* the longest sample; longer ones fail the test */

struct samples {
	u32 cnt, bytes; /* how many came since cnt was cleared; of the last one */
	u8 data[SAMPLES_BYTES];

	const struct backend *b;
	int fd; /* the kernel's ring */
	struct perf_event_mmap_page *page;
	cpu_set_t cpus; /* as they were */
};

void samples_open(struct samples *s, const struct backend *b, int map);
void samples_close(struct samples *s);

/* Takes what came: cnt goes up, the last one's bytes are in `data`. */
void samples_read(struct samples *s);

#endif
