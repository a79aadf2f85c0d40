/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rig/samples.h"

#include "emu/map.h"

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define RING_PAGES 32u
#define PAGE       4096u

static void
on_event(void *arg, const struct xb_event *event)
{
	struct samples *s = arg;

	assert_true(event->bytes <= sizeof(s->data));
	s->cnt++;
	s->bytes = event->bytes;
	memcpy(s->data, event->data, event->bytes);
}

static void
stay_on_cpu(struct samples *s, u32 cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_getaffinity(0, sizeof(s->cpus), &s->cpus), 0);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* A ring that the kernel writes samples of one CPU into. */
static void
ring_open(struct samples *s, u32 cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
	};

	s->fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	assert_true(s->fd >= 0);
	s->page = mmap(NULL, (1 + RING_PAGES) * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	assert_true(s->page != MAP_FAILED);
}

/* The emulator opens one for each of its CPUs. */
static void
close_others(const struct backend *b, int map)
{
	for (u32 cpu = 1; cpu < b->emu->cpu_cnt; cpu++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.map_fd = (u32)map;
		attr.key = (uintptr_t)&cpu;
		assert_int_equal(backend_bpf(b, BPF_MAP_DELETE_ELEM, &attr), 0);
	}
}

void
samples_open(struct samples *s, const struct backend *b, int map)
{
	const u32 cpu = 0;

	s->b = b;
	s->cnt = 0;
	if (b->emu) {
		assert_int_equal(xb_perf_array_open(backend_emu_map(b, map)), 0);
		close_others(b, map);
		b->emu->hooks.arg = s;
		b->emu->hooks.event = on_event;
		return;
	}
	stay_on_cpu(s, cpu);
	ring_open(s, cpu);
	assert_int_equal(backend_update(b, map, &cpu, &s->fd), 0);
}

void
samples_close(struct samples *s)
{
	if (s->b->emu) {
		s->b->emu->hooks.event = NULL;
		return;
	}
	munmap(s->page, (1 + RING_PAGES) * PAGE);
	close(s->fd);
	sched_setaffinity(0, sizeof(s->cpus), &s->cpus);
}

static void
ring_bytes(const struct samples *s, u64 pos, void *to, u32 bytes)
{
	const u8 *data = (const u8 *)s->page + PAGE;
	u32 i;

	for (i = 0; i < bytes; i++)
		((u8 *)to)[i] = data[(pos + i) % (RING_PAGES * PAGE)];
}

void
samples_read(struct samples *s)
{
	struct perf_event_header hdr;
	u64 head, tail;

	if (s->b->emu)
		return;
	head = __atomic_load_n(&s->page->data_head, __ATOMIC_ACQUIRE);
	for (tail = s->page->data_tail; tail < head; tail += hdr.size) {
		ring_bytes(s, tail, &hdr, sizeof(hdr));
		assert_int_equal(hdr.type, PERF_RECORD_SAMPLE);
		ring_bytes(s, tail + sizeof(hdr), &s->bytes, sizeof(s->bytes));
		assert_true(s->bytes <= sizeof(s->data));
		ring_bytes(s, tail + sizeof(hdr) + sizeof(u32), s->data, s->bytes);
		s->cnt++;
	}
	__atomic_store_n(&s->page->data_tail, tail, __ATOMIC_RELEASE);
}
