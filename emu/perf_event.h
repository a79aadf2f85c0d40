/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf_event.h - perf events that samples of programs go to, with the ring that their reader maps.
 *
 * An event is an object with a memfd. There is the one that programs put samples out to, and there
 * are the two clocks, as counters for programs to read; what perf_event_open(2) opens of other
 * kinds (counters of the hardware, tracepoints, probes) is not emulated. An event's ring is the
 * reader's mapping of the memfd: a page of struct perf_event_mmap_page, and 2^n pages of records
 * (cf. kernel/events/ring_buffer.c).
 */
#ifndef XB_EMU_PERF_EVENT_H
#define XB_EMU_PERF_EVENT_H

#include "emu/obj.h"

#include <linux/perf_event.h>

/* Whether that is an event of a kind that there is. */
bool xb_perf_event_is_emulated(const struct perf_event_attr *attr);

struct xb_perf_event {
	struct xb_obj obj;
	struct xb_emu *emu;
	u64 config; /* PERF_COUNT_SW_BPF_OUTPUT, _CPU_CLOCK, _TASK_CLOCK */
	u64 sample_type;
	u64 began_ns; /* of a counter, on its clock */
	u32 cpu;
	bool enabled, paused;
	struct perf_event_mmap_page *head; /* of the mapping, or NULL */
	u64 bytes;                         /* of records */
	u64 lost;                          /* that the reader was not told of */
};

/*
 * perf_event_open(2): a descriptor, or -errno: -EOPNOTSUPP for what is not emulated, -ENODEV for a
 * CPU that there is not. attr is the caller's memory.
 */
int xb_perf_event_open(struct xb_emu *emu, u64 attr, int pid, int cpu, int group, u64 flags);

/*
 * Before its reader maps `bytes` of the memfd from its start: makes it as long, once. 0, -EINVAL
 * for a length that is none of a ring, or another one than before, -ENOMEM.
 */
int xb_perf_event_map(struct xb_perf_event *event, u64 bytes);

/* ioctl(2): 0 or -errno, -ENOTTY for commands that are not emulated. */
int xb_perf_event_ioctl(struct xb_perf_event *event, u64 cmd, u64 arg);

/*
 * Writes a sample: 0, -EOPNOTSUPP where the event is not enabled, -ENOSPC where there is no room,
 * or no ring (cf. kernel/trace/bpf_trace.c: __bpf_perf_event_output). Of `bytes`, 4 more are a
 * multiple of 8.
 */
int xb_perf_event_output(struct xb_perf_event *event, const void *data, u32 bytes);

/*
 * What a counter has counted, 0 for one of samples; and for how long, in nanoseconds.
 */
u64 xb_perf_event_count(const struct xb_perf_event *event);
u64 xb_perf_event_enabled_ns(const struct xb_perf_event *event);

/* The end of an event that nobody has: its ring is unmapped. */
void xb_perf_event_release(struct xb_perf_event *event);

/* Whether there are records to read, and how far the writer has come. */
bool xb_perf_event_readable(const struct xb_perf_event *event, u64 *written);

#endif
