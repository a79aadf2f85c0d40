/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/replay_priv.h"

#include "emu/map.h"
#include "tests/e2e/record.h"

#include <bpf/bpf.h>
#include <stdlib.h>
#include <string.h>

/* Never full, so never used twice: Linux leaves what was there in the padding of samples. */
#define PERF_PAGES 2048
static void
record_event(struct run *run, const char *kind, const void *data, u32 bytes)
{
	const struct replay_packet *p = run->packet;

	record_put(run->file, data, bytes, "%s packet %u: %s", p->capture, p->n, kind);
}

static int
take_ring(void *arg, void *data, size_t bytes)
{
	record_event(arg, "ring buffer record", data, (u32)bytes);
	return 0;
}

static void
take_sample(void *arg, int cpu, void *data, __u32 bytes)
{
	(void)cpu;
	record_event(arg, "perf sample", data, bytes);
}

static void
take_emu_event(void *arg, const struct xb_event *event)
{
	struct run *run = arg;
	u8 *all = malloc(event->bytes + event->more_bytes + 1u);

	if (!all)
		return;
	memcpy(all, event->data, event->bytes);
	if (event->more_bytes)
		memcpy(all + event->bytes, event->more, event->more_bytes);
	record_event(run,
	             event->map->type == BPF_MAP_TYPE_RINGBUF ? "ring buffer record"
	                                                      : "perf sample",
	             all, event->bytes + event->more_bytes);
	free(all);
}

static struct xb_map *
emu_map(const struct run *run, const struct bpf_map *map)
{
	struct xb_obj *obj = NULL;

	if (xb_obj_by_fd(run->emu, bpf_map__fd(map), XB_OBJ_MAP, &obj) < 0)
		return NULL;
	return XB_CONTAINER_OF(obj, struct xb_map, obj);
}

static bool
open_map(struct run *run, const struct bpf_map *map)
{
	u32 type = bpf_map__type(map);

	if (run->emu) {
		struct xb_map *m = emu_map(run, map);

		return m && (type == BPF_MAP_TYPE_RINGBUF || !xb_perf_array_open(m));
	}
	if (run->ring_cnt == REPLAY_MAX_READERS || run->perf_cnt == REPLAY_MAX_READERS)
		return false;
	if (type == BPF_MAP_TYPE_RINGBUF) {
		struct ring_buffer *ring = ring_buffer__new(bpf_map__fd(map), take_ring, run, NULL);

		run->rings[run->ring_cnt++] = ring;
		return ring != NULL;
	}
	run->perfs[run->perf_cnt] =
	        perf_buffer__new(bpf_map__fd(map), PERF_PAGES, take_sample, NULL, run, NULL);
	return run->perfs[run->perf_cnt++] != NULL;
}

bool
run_events_open(struct run *run)
{
	const struct bpf_map *map;

	if (run->emu) {
		run->emu->hooks.arg = run;
		run->emu->hooks.event = take_emu_event;
	}
	bpf_object__for_each_map(map, run->obj)
	{
		u32 type = bpf_map__type(map);

		if (type != BPF_MAP_TYPE_RINGBUF && type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		if (!open_map(run, map)) {
			record_note(run->file, "map '%s': no reader", bpf_map__name(map));
			return false;
		}
	}
	return true;
}

void
run_events_take(struct run *run)
{
	const struct bpf_map *map;

	for (u32 i = 0; i < run->ring_cnt; i++)
		ring_buffer__consume(run->rings[i]);
	for (u32 i = 0; i < run->perf_cnt; i++)
		perf_buffer__consume(run->perfs[i]);
	if (!run->emu)
		return;
	bpf_object__for_each_map(map, run->obj)
	{
		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			xb_ringbuf_consume(emu_map(run, map), take_emu_event, run);
	}
}
