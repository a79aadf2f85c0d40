/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/emu/helper_rig_priv.h"

#include "emu/map.h"

#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#define READER_BYTES (2 * 4096)

/* Around the linker's --wrap. */
long __real_syscall(long nr, ...);

static const struct map_def {
	u32 type, key_bytes, value_bytes, entries, flags;
} map_defs[RIG_CNT] = {
	[RIG_OUT] = { BPF_MAP_TYPE_ARRAY, 4, OUT_BYTES, 1, 0 },
	[RIG_RO] = { BPF_MAP_TYPE_ARRAY, 4, 256, 1, BPF_F_RDONLY_PROG },
	[RIG_HASH] = { BPF_MAP_TYPE_HASH, 4, 8, 2, 0 },
	[RIG_ARRAY] = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 },
	[RIG_PERCPU] = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0 },
	[RIG_QUEUE] = { BPF_MAP_TYPE_QUEUE, 0, 8, 2, 0 },
	[RIG_STACK] = { BPF_MAP_TYPE_STACK, 0, 8, 2, 0 },
	[RIG_RINGBUF] = { BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	[RIG_PROGS] = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 },
	[RIG_PERF] = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 },
	[RIG_OUTER] = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0 },
	[RIG_LOCK] = { BPF_MAP_TYPE_ARRAY, 4, 16, 1, 0 },
	[RIG_BIGKEY] = { BPF_MAP_TYPE_HASH, 1000, 8, 2, 0 },
	[RIG_NOWRITE] = { BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_RDONLY_PROG },
	[RIG_TIMERS] = { BPF_MAP_TYPE_ARRAY, 4, 32, 2, 0 },
	[RIG_TIMER_HASH] = { BPF_MAP_TYPE_HASH, 4, 32, 2, 0 },
	[RIG_USER] = { BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 4096, 0 },
};

void
rig_update(struct rig *rig, enum rig_map map, u32 key, const void *value)
{
	long ret = backend_update(&rig->b, rig->maps[map], &key, value);

	if (ret)
		fail_msg("%s: map %d: update: %s", rig->b.name, map, strerror((int)-ret));
}

static void
fill_ro(struct rig *rig, const struct rig_row *row)
{
	union bpf_attr attr;
	u8 value[256] = { 0 };
	size_t bytes = row->ro_bytes ? row->ro_bytes : row->ro ? strlen(row->ro) + 1 : 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)rig->maps[RIG_RO];
	assert_true(bytes <= sizeof(value));
	if (bytes)
		memcpy(value, row->ro, bytes);
	rig_update(rig, RIG_RO, 0, value);
	assert_int_equal(backend_bpf(&rig->b, BPF_MAP_FREEZE, &attr), 0);
}

/* Slot 0: CPU 0; slot 1: CPU 1, where there is one; 2 and 3: nobody. */
static void
open_readers(struct rig *rig)
{
	struct perf_event_attr pe = { .type = PERF_TYPE_SOFTWARE,
		                      .size = sizeof(pe),
		                      .config = PERF_COUNT_SW_BPF_OUTPUT,
		                      .sample_type = PERF_SAMPLE_RAW,
		                      .sample_period = 1 };

	for (u32 cpu = 0; cpu < READERS; cpu++) {
		struct reader *r = &rig->readers[cpu];

		r->fd = (int)__real_syscall(SYS_perf_event_open, &pe, -1, cpu, -1, 0UL);
		if (r->fd < 0)
			continue;
		r->ring = mmap(NULL, READER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd, 0);
		assert_true(r->ring != MAP_FAILED);
		assert_int_equal(ioctl(r->fd, PERF_EVENT_IOC_ENABLE, 0), 0);
		rig_update(rig, RIG_PERF, cpu, &r->fd);
	}
}

static void
close_readers(struct rig *rig)
{
	for (u32 cpu = 0; cpu < READERS; cpu++) {
		struct reader *r = &rig->readers[cpu];

		if (r->ring)
			munmap(r->ring, READER_BYTES);
		if (r->fd >= 0)
			close(r->fd);
		*r = (struct reader){ .fd = -1 };
	}
}

static void
keep_sample(struct rig_result *res, const void *data, u32 bytes)
{
	res->sample_bytes = bytes;
	memcpy(res->sample, data, bytes < sizeof(res->sample) ? bytes : sizeof(res->sample));
}

/* The first record of the kernel's ring of CPU 0, after its header: u32 size; data */
void
rig_read_sample(const struct rig *rig, struct rig_result *res)
{
	const struct perf_event_mmap_page *ring = rig->readers[0].ring;
	const u8 *rec;
	u32 size;

	if (!ring || __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE) == 0)
		return;
	rec = (const u8 *)ring + ring->data_offset + sizeof(struct perf_event_header);
	memcpy(&size, rec, sizeof(size));
	keep_sample(res, rec + sizeof(size), size);
}

void
rig_hear_event(void *arg, const struct xb_event *event)
{
	keep_sample(arg, event->data, event->bytes);
}

/* As libbpf's writer would, but whatever the row says. */
static void
fill_ring(const struct rig *rig, const struct rig_row *row)
{
	u8 *ring =
	        mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, rig->maps[RIG_USER], 4096);

	assert_true(ring != MAP_FAILED);
	if (row->ring) {
		memcpy(ring + 4096, row->ring->data, row->ring->bytes);
		memcpy(ring, &row->ring->producer, 8);
	}
	munmap(ring, 3 * 4096);
}

void
rig_check_ring(const struct rig *rig, const struct rig_row *row)
{
	u64 *consumer;

	if (!row->ring || row->fault != XB_FAULT_NONE)
		return;
	consumer = mmap(NULL, 4096, PROT_READ, MAP_SHARED, rig->maps[RIG_USER], 0);
	assert_true(consumer != MAP_FAILED);
	if (*consumer != row->ring->consumer)
		fail_msg("%s: %s: consumer at %llu", rig->b.name, row->name,
		         (unsigned long long)*consumer);
	munmap(consumer, 4096);
}

static void
fill_map(struct rig *rig, enum rig_map map, const struct rig_row *row)
{
	if (map == RIG_RO)
		fill_ro(rig, row);
	if (map == RIG_USER)
		fill_ring(rig, row);
	if (map == RIG_OUTER)
		rig_update(rig, RIG_OUTER, 1, &rig->maps[RIG_ARRAY]);
	if (map == RIG_PERF && row->no_readers)
		return;
	if (map == RIG_PERF && rig->b.emu)
		assert_int_equal(xb_perf_array_open(backend_emu_map(&rig->b, rig->maps[map])), 0);
	else if (map == RIG_PERF)
		open_readers(rig);
}

int
rig_open_map(struct rig *rig, enum rig_map map, const struct rig_row *row)
{
	const struct map_def *def = &map_defs[map];
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = def->type;
	attr.key_size = def->key_bytes;
	attr.value_size = def->value_bytes;
	attr.max_entries = def->entries;
	attr.map_flags = def->flags;
	if (rig->maps[map] >= 0)
		return rig->maps[map];
	if (map == RIG_OUTER)
		attr.inner_map_fd = (u32)rig_open_map(rig, RIG_ARRAY, row);
	if (map == RIG_LOCK) {
		attr.btf_fd = (u32)rig->btf;
		attr.btf_key_type_id = rig->type_int;
		attr.btf_value_type_id = rig->type_lock_value;
	}
	if (map == RIG_TIMERS || map == RIG_TIMER_HASH) {
		attr.btf_fd = (u32)rig->btf;
		attr.btf_key_type_id = rig->type_int;
		attr.btf_value_type_id = rig->type_timer_value;
	}
	fd = backend_bpf(&rig->b, BPF_MAP_CREATE, &attr);
	if (fd < 0)
		fail_msg("%s: %s: map %d: %s", rig->b.name, row->name, map, strerror((int)-fd));
	rig->maps[map] = (int)fd;
	fill_map(rig, map, row);
	return (int)fd;
}

void
rig_close_maps(struct rig *rig)
{
	for (u32 i = 0; i < RIG_CNT; i++) {
		if (rig->maps[i] >= 0)
			close(rig->maps[i]);
		rig->maps[i] = -1;
	}
	close_readers(rig);
}
