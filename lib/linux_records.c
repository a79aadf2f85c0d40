/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What programs put out: samples of perf event arrays wait in a buffer for each CPU, as they do in
 * Linux, until they are read; records of ring buffers wait in these.
 */
#include "lib/linux_priv.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_BYTES (64u << 10)

/* A sample in a buffer; its bytes follow. */
struct sample {
	struct sample *next;
	u64 lost; /* samples before it that found no room */
	u32 cpu;
	size_t bytes;
	u8 data[];
};

struct lib_records {
	struct sample *first, **last;
	size_t room; /* of each CPU */
	size_t used[XB_EMU_MAX_CPUS];
	u64 lost[XB_EMU_MAX_CPUS];
};

void
lib_records_free(struct lib_records *r)
{
	if (!r)
		return;
	while (r->first) {
		struct sample *s = r->first;

		r->first = s->next;
		free(s);
	}
	free(r);
}

static struct sample *
sample_new(const struct xb_event *event)
{
	size_t bytes = (size_t)event->bytes + event->more_bytes;
	struct sample *s = malloc(sizeof(*s) + bytes);

	if (!s)
		return NULL;
	*s = (struct sample){ .cpu = event->cpu, .bytes = bytes };
	memcpy(s->data, event->data, event->bytes);
	if (event->more_bytes)
		memcpy(s->data + event->bytes, event->more, event->more_bytes);
	return s;
}

static void
take(struct lib_records *r, const struct xb_event *event)
{
	size_t bytes = (size_t)event->bytes + event->more_bytes, *used = &r->used[event->cpu];
	struct sample *s = bytes <= r->room - *used ? sample_new(event) : NULL;

	if (!s) {
		r->lost[event->cpu]++;
		return;
	}
	s->lost = r->lost[event->cpu];
	r->lost[event->cpu] = 0;
	*used += bytes;
	*r->last = s;
	r->last = &s->next;
}

void
lib_linux_event(void *arg, const struct xb_event *event)
{
	struct xb_linux *lx = arg;
	struct xb_linux_map *m;

	pthread_mutex_lock(&lx->lock);
	for (m = lx->maps; m && m->map != event->map;)
		m = m->next;
	if (m && m->records)
		take(m->records, event);
	pthread_mutex_unlock(&lx->lock);
}

int
xb_linux_map_listen(struct xb_linux_map *map)
{
	u32 bytes = map->lx->opts.perf_bytes;
	struct lib_records *r;
	int rc;

	if (map->map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
		return -EINVAL;
	if (map->records)
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->last = &r->first;
	r->room = bytes ? bytes : DEFAULT_BYTES;
	rc = xb_perf_array_open(map->map);
	if (rc) {
		free(r);
		return rc;
	}
	pthread_mutex_lock(&map->lx->lock);
	map->records = r;
	pthread_mutex_unlock(&map->lx->lock);
	return 0;
}

/* The oldest sample, taken out; or NULL. */
static struct sample *
take_out(struct xb_linux_map *map)
{
	struct lib_records *r = map->records;
	struct sample *s;

	pthread_mutex_lock(&map->lx->lock);
	s = r->first;
	if (s) {
		r->first = s->next;
		if (!r->first)
			r->last = &r->first;
		r->used[s->cpu] -= s->bytes;
	}
	pthread_mutex_unlock(&map->lx->lock);
	return s;
}

static long
read_samples(struct xb_linux_map *map, void (*fn)(void *arg, const struct xb_linux_record *record),
             void *arg)
{
	struct sample *s;
	long cnt = 0;

	while ((s = take_out(map)) != NULL) {
		fn(arg, &(struct xb_linux_record){ .map = map,
		                                   .cpu = s->cpu,
		                                   .lost = s->lost,
		                                   .data = s->data,
		                                   .bytes = s->bytes });
		free(s);
		cnt++;
	}
	return cnt;
}

/* A reader of a ring buffer, between the caller's function and the emulator's. */
struct reader {
	struct xb_linux_map *map;
	void (*fn)(void *arg, const struct xb_linux_record *record);
	void *arg;
};

static void
read_record(void *arg, const struct xb_event *event)
{
	const struct reader *r = arg;

	r->fn(r->arg, &(struct xb_linux_record){
	                      .map = r->map, .data = event->data, .bytes = event->bytes });
}

long
xb_linux_map_read(struct xb_linux_map *map,
                  void (*fn)(void *arg, const struct xb_linux_record *record), void *arg)
{
	struct reader reader = { map, fn, arg };

	if (map->map->type == BPF_MAP_TYPE_RINGBUF)
		return xb_ringbuf_consume(map->map, read_record, &reader);
	return map->records ? read_samples(map, fn, arg) : -EINVAL;
}
