/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * native_events.c - what programs in the kernel put into ring buffers and perf event arrays.
 */
#include "bench/native_priv.h"

#include <errno.h>
#include <string.h>

/*
 * A buffer for each CPU, read after every packet. Linux leaves what was there in the padding of
 * samples: a buffer is made anew before its pages, zeros at first, are used a second time.
 */
#define PERF_PAGES     128
#define PERF_MOST_USED (64u * 4096)
#define SAMPLE_BYTES   16u /* of its header, in the buffer */

static void
note(const struct native_reader *reader, const void *data, size_t bytes)
{
	const struct xb_event event = { .map = reader->map, .data = data, .bytes = (u32)bytes };

	xb_notes_event(reader->k->notes, &event);
}

static int
take_record(void *arg, void *data, size_t bytes)
{
	note(arg, data, bytes);
	return 0;
}

static void
take_sample(void *arg, int cpu, void *data, __u32 bytes)
{
	struct native_reader *reader = arg;

	(void)cpu;
	reader->used += bytes + SAMPLE_BYTES;
	note(reader, data, bytes);
}

static void
count_lost(void *arg, int cpu, __u64 cnt)
{
	struct native_reader *reader = arg;

	(void)cpu;
	reader->k->lost += cnt;
}

static int
open_perf(struct native_reader *reader)
{
	reader->used = 0;
	reader->perf =
	        perf_buffer__new(reader->fd, PERF_PAGES, take_sample, count_lost, reader, NULL);
	return reader->perf ? 0 : -1;
}

static void
consume_perf(struct native_reader *reader)
{
	perf_buffer__consume(reader->perf);
	if (reader->used < PERF_MOST_USED)
		return;
	perf_buffer__free(reader->perf);
	if (open_perf(reader) != 0)
		reader->k->lost++; /* and all that follow */
}

void
native_collect(struct xb_native *k)
{
	for (u32 i = 0; i < k->reader_cnt; i++) {
		struct native_reader *reader = &k->readers[i];

		if (reader->ring)
			ring_buffer__consume(reader->ring);
		if (reader->perf)
			consume_perf(reader);
	}
}

static int
open_reader(struct xb_native *k, const struct xb_object_map *map, struct xb_err *err)
{
	int fd = xb_native_map(k, map->map).fd;
	struct native_reader *reader = &k->readers[k->reader_cnt];
	bool ring = map->map->type == BPF_MAP_TYPE_RINGBUF;

	if (fd < 0)
		return 0;
	if (k->reader_cnt == NATIVE_MAX_READERS)
		return xb_err_set(err, XB_ERR_SYSTEM, "map '%s': more than %d maps to read from",
		                  map->name, NATIVE_MAX_READERS);
	*reader = (struct native_reader){ .k = k, .map = map->map, .fd = fd };
	if (ring)
		reader->ring = ring_buffer__new(fd, take_record, reader, NULL);
	if (ring ? !reader->ring : open_perf(reader) != 0)
		return xb_err_set(err, XB_ERR_SYSTEM, "map '%s': no reader in the kernel: %s",
		                  map->name, strerror(errno));
	k->reader_cnt++;
	return 0;
}

int
xb_native_listen(struct xb_native *k, struct xb_notes *notes, struct xb_err *err)
{
	k->notes = notes;
	for (u32 i = 0; i < k->emu_object->map_cnt; i++) {
		const struct xb_object_map *map = &k->emu_object->maps[i];

		if (map->map->type != BPF_MAP_TYPE_RINGBUF &&
		    map->map->type != BPF_MAP_TYPE_PERF_EVENT_ARRAY)
			continue;
		if (open_reader(k, map, err) != 0)
			return -1;
	}
	return 0;
}

void
native_close_readers(struct xb_native *k)
{
	for (u32 i = 0; i < k->reader_cnt; i++) {
		ring_buffer__free(k->readers[i].ring);
		perf_buffer__free(k->readers[i].perf);
	}
	k->reader_cnt = 0;
}
