/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/perf_event.h"

#include "emu/clock.h"
#include "emu/map_priv.h"
#include "emu/user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE ((u64)XB_PAGE_BYTES)
/* What a sample may have in front of its data. */
#define SAMPLE_TYPES (PERF_SAMPLE_RAW | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU)
#define LOST_BYTES   (sizeof(struct perf_event_header) + 2 * sizeof(u64))

void
xb_perf_event_release(struct xb_perf_event *event)
{
	if (event->head)
		munmap(event->head, PAGE + event->bytes);
	event->head = NULL;
}

static void
free_event(struct xb_obj *obj)
{
	struct xb_perf_event *event = XB_CONTAINER_OF(obj, struct xb_perf_event, obj);

	xb_perf_event_release(event);
	free(event);
}

/* A structure of whatever size the caller knows. */
static int
read_attr(u64 user, struct perf_event_attr *attr)
{
	u32 bytes;

	memset(attr, 0, sizeof(*attr));
	if (xb_user_read(&bytes, user + offsetof(struct perf_event_attr, size), sizeof(bytes)))
		return -EFAULT;
	if (bytes == 0)
		bytes = PERF_ATTR_SIZE_VER0;
	if (bytes < PERF_ATTR_SIZE_VER0 || bytes > PAGE)
		return -E2BIG;
	return xb_user_read(attr, user, bytes < sizeof(*attr) ? bytes : sizeof(*attr));
}

bool
xb_perf_event_is_emulated(const struct perf_event_attr *attr)
{
	if (attr->type != PERF_TYPE_SOFTWARE)
		return false;
	if (attr->config == PERF_COUNT_SW_BPF_OUTPUT)
		return true;
	/* Counters that interrupt are for profilers. */
	return attr->sample_period == 0 && (attr->config == PERF_COUNT_SW_CPU_CLOCK ||
	                                    attr->config == PERF_COUNT_SW_TASK_CLOCK);
}

static u64
clock_ns(const struct xb_perf_event *event)
{
	struct timespec ts;

	clock_gettime(event->config == PERF_COUNT_SW_TASK_CLOCK ? CLOCK_THREAD_CPUTIME_ID
	                                                        : CLOCK_MONOTONIC,
	              &ts);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

static int
check(const struct xb_emu *emu, const struct perf_event_attr *attr, int cpu)
{
	if (!xb_perf_event_is_emulated(attr) || attr->sample_type & ~(u64)SAMPLE_TYPES)
		return -EOPNOTSUPP;
	if (cpu >= 0 && (u32)cpu >= emu->cpu_cnt)
		return -ENODEV;
	return 0;
}

int
xb_perf_event_open(struct xb_emu *emu, u64 user, int pid, int cpu, int group, u64 flags)
{
	struct perf_event_attr attr;
	struct xb_perf_event *event;
	int rc = read_attr(user, &attr);

	(void)group; /* a group counts together: there is nothing to count */
	if (rc == 0 && pid == -1 && cpu == -1)
		rc = -EINVAL;
	if (rc == 0 &&
	    flags & ~(u64)(PERF_FLAG_FD_CLOEXEC | PERF_FLAG_FD_NO_GROUP | PERF_FLAG_FD_OUTPUT))
		rc = -EINVAL;
	if (rc == 0)
		rc = check(emu, &attr, cpu);
	if (rc)
		return rc;
	event = calloc(1, sizeof(*event));
	if (!event)
		return -ENOMEM;
	event->emu = emu;
	event->config = attr.config;
	event->sample_type = attr.sample_type;
	event->began_ns = clock_ns(event);
	event->cpu = cpu < 0 ? 0 : (u32)cpu;
	event->enabled = !attr.disabled;
	rc = xb_obj_add(emu, &event->obj, XB_OBJ_PERF, "output", free_event);
	if (rc) {
		free(event);
		return rc;
	}
	return xb_obj_fd(&event->obj);
}

int
xb_perf_event_map(struct xb_perf_event *event, u64 bytes)
{
	u64 data = bytes - PAGE;
	void *p;

	if (bytes < 2 * PAGE || data & (data - 1))
		return -EINVAL;
	if (event->head)
		return data == event->bytes ? 0 : -EINVAL;
	if (ftruncate(event->obj.memfd, (off_t)bytes))
		return -ENOMEM;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, event->obj.memfd, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	event->head = p;
	event->bytes = data;
	event->head->version = 0;
	event->head->size = sizeof(*event->head);
	event->head->data_offset = PAGE;
	event->head->data_size = data;
	return 0;
}

int
xb_perf_event_ioctl(struct xb_perf_event *event, u64 cmd, u64 arg)
{
	u64 id = event->obj.id;

	switch (cmd) {
	case PERF_EVENT_IOC_ENABLE:
	case PERF_EVENT_IOC_DISABLE:
		event->enabled = cmd == PERF_EVENT_IOC_ENABLE;
		return 0;
	case PERF_EVENT_IOC_RESET:
		event->began_ns = clock_ns(event);
		return 0;
	case PERF_EVENT_IOC_PAUSE_OUTPUT:
		if (!event->head)
			return -EINVAL;
		event->paused = (u32)arg != 0;
		return 0;
	case PERF_EVENT_IOC_ID:
		return xb_user_write(arg, &id, sizeof(id));
	default:
		return -ENOTTY;
	}
}

/* Copies into the ring, around its end; returns the position behind. */
static u64
put(struct xb_perf_event *event, u64 pos, const void *data, u64 bytes)
{
	u8 *ring = (u8 *)event->head + PAGE;
	u64 off = pos & (event->bytes - 1);
	u64 first = bytes < event->bytes - off ? bytes : event->bytes - off;

	memcpy(ring + off, data, first);
	memcpy(ring, (const u8 *)data + first, bytes - first);
	return pos + bytes;
}

static u64
put_header(struct xb_perf_event *event, u64 pos, u32 type, u64 bytes)
{
	const struct perf_event_header h = { .type = type, .size = (u16)bytes };

	return put(event, pos, &h, sizeof(h));
}

/* cf. kernel/events/ring_buffer.c: __perf_output_begin */
static u64
put_lost(struct xb_perf_event *event, u64 pos)
{
	const u64 body[] = { event->obj.id, event->lost };

	pos = put_header(event, pos, PERF_RECORD_LOST, LOST_BYTES);
	event->lost = 0;
	return put(event, pos, body, sizeof(body));
}

/* In the order of the bits (cf. kernel/events/core.c: perf_output_sample). */
static u64
put_fields(struct xb_perf_event *event, u64 pos)
{
	const u64 now = xb_clock_boot_ns(&event->emu->clock), cpu = event->cpu;

	if (event->sample_type & PERF_SAMPLE_TIME)
		pos = put(event, pos, &now, sizeof(now));
	if (event->sample_type & PERF_SAMPLE_CPU)
		pos = put(event, pos, &cpu, sizeof(cpu));
	return pos;
}

static u64
sample_bytes(const struct xb_perf_event *event, u32 bytes)
{
	u64 all = sizeof(struct perf_event_header);

	all += event->sample_type & PERF_SAMPLE_TIME ? sizeof(u64) : 0;
	all += event->sample_type & PERF_SAMPLE_CPU ? sizeof(u64) : 0;
	all += event->sample_type & PERF_SAMPLE_RAW ? sizeof(u32) + bytes : 0;
	return all;
}

int
xb_perf_event_output(struct xb_perf_event *event, const void *data, u32 bytes)
{
	u64 head, tail, all = sample_bytes(event, bytes);

	if (event->config != PERF_COUNT_SW_BPF_OUTPUT)
		return -EINVAL;
	if (!event->enabled)
		return -EOPNOTSUPP;
	if (!event->head || event->paused)
		return -ENOSPC;
	head = event->head->data_head;
	tail = __atomic_load_n(&event->head->data_tail, __ATOMIC_ACQUIRE);
	if (all > UINT16_MAX || head - tail + all + (event->lost ? LOST_BYTES : 0) > event->bytes) {
		event->lost++;
		return -ENOSPC;
	}
	if (event->lost)
		head = put_lost(event, head);
	head = put_fields(event, put_header(event, head, PERF_RECORD_SAMPLE, all));
	if (event->sample_type & PERF_SAMPLE_RAW) {
		head = put(event, head, &bytes, sizeof(bytes));
		head = put(event, head, data, bytes);
	}
	__atomic_store_n(&event->head->data_head, head, __ATOMIC_RELEASE);
	return 0;
}

u64
xb_perf_event_enabled_ns(const struct xb_perf_event *event)
{
	return event->enabled ? clock_ns(event) - event->began_ns : 0;
}

u64
xb_perf_event_count(const struct xb_perf_event *event)
{
	return event->config == PERF_COUNT_SW_BPF_OUTPUT ? 0 : xb_perf_event_enabled_ns(event);
}

bool
xb_perf_event_readable(const struct xb_perf_event *event, u64 *written)
{
	*written = 0;
	if (!event->head)
		return false;
	*written = event->head->data_head;
	return *written != __atomic_load_n(&event->head->data_tail, __ATOMIC_ACQUIRE);
}
