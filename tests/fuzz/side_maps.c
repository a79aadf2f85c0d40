/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * side_maps.c - what the maps hold, before and after a run.
 */
#include "tests/fuzz/side.h"

#include "emu/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The emulator's without bpf(2), for whose sake every address is asked about: much faster. */
static long
emu_element(struct xb_map *map, int cmd, void *key, void *value)
{
	switch (cmd) {
	case BPF_MAP_LOOKUP_ELEM:
		return xb_map_read(map, key, value);
	case BPF_MAP_UPDATE_ELEM:
		return xb_map_write(map, key, value, BPF_ANY);
	case BPF_MAP_GET_NEXT_KEY:
		return xb_map_next_key(map, key, value);
	default:
		return -EINVAL;
	}
}

static long
element(const struct side *s, int cmd, enum fuzz_map map, void *key, void *value)
{
	union bpf_attr attr;

	if (s->b.emu && cmd != BPF_MAP_DELETE_ELEM && map < MAP_QUEUE)
		return emu_element(s->emu_maps[map], cmd, key, value);
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (u32)s->maps[map];
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	return backend_bpf(&s->b, cmd, &attr);
}

static int
by_key(const void *a, const void *b)
{
	u32 x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x < y ? -1 : x > y;
}

static void
read_hash(const struct side *s, struct map_state *state)
{
	u32 *key = NULL, cnt = 0;

	while (cnt < HASH_CNT &&
	       element(s, BPF_MAP_GET_NEXT_KEY, MAP_HASH, key, &state->hash[cnt].key) == 0) {
		key = &state->hash[cnt].key;
		side_must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_HASH, key, state->hash[cnt].value),
		          "element of a hash");
		cnt++;
	}
	state->hash_cnt = cnt;
	qsort(state->hash, cnt, sizeof(state->hash[0]), by_key);
}

static void
write_hash(const struct side *s, const struct map_state *state)
{
	struct map_state now;

	read_hash(s, &now);
	for (u32 i = 0; i < now.hash_cnt; i++)
		element(s, BPF_MAP_DELETE_ELEM, MAP_HASH, &now.hash[i].key, NULL);
	for (u32 i = 0; i < state->hash_cnt; i++) {
		u32 key = state->hash[i].key;
		u8 value[HASH_BYTES];

		memcpy(value, state->hash[i].value, sizeof(value));
		side_must(element(s, BPF_MAP_UPDATE_ELEM, MAP_HASH, &key, value),
		          "element of a hash");
	}
}

/* Empties it. */
static void
read_queue(const struct side *s, enum fuzz_map map, struct queue_state *q)
{
	q->cnt = 0;
	while (q->cnt < QUEUE_CNT &&
	       element(s, BPF_MAP_LOOKUP_AND_DELETE_ELEM, map, NULL, q->values[q->cnt]) == 0)
		q->cnt++;
	if (q->cnt < QUEUE_CNT)
		memset(q->values[q->cnt], 0,
		       QUEUE_BYTES); /* Linux clears what it has no value for */
}

static void
write_queue(const struct side *s, enum fuzz_map map, const struct queue_state *q)
{
	struct queue_state now = *q;

	read_queue(s, map, &now);
	now = *q;
	for (u32 i = 0; i < q->cnt; i++) {
		u32 at = map == MAP_STACK ? q->cnt - 1 - i : i;

		side_must(element(s, BPF_MAP_UPDATE_ELEM, map, NULL, now.values[at]), "queue");
	}
}

static u8 *
percpu_value(const struct side *s, u32 idx)
{
	return s->percpu + (idx * s->cpu_cnt + s->cpu) * PERCPU_BYTES;
}

void
side_set_maps(const struct side *s, u32 maps, const struct map_state *state)
{
	u32 key[ARRAY_CNT] = { 0, 1, 2, 3 };
	struct map_state copy = *state;

	if (maps & 1u << MAP_IO)
		side_must(element(s, BPF_MAP_UPDATE_ELEM, MAP_IO, key, copy.io),
		          "element of an array");
	for (u32 i = 0; i < ARRAY_CNT && maps & 1u << MAP_ARRAY; i++)
		side_must(element(s, BPF_MAP_UPDATE_ELEM, MAP_ARRAY, &key[i], copy.array[i]),
		          "element of an array");
	if (maps & 1u << MAP_HASH)
		write_hash(s, &copy);
	for (u32 i = 0; i < 2; i++)
		if (maps & 1u << (MAP_QUEUE + i))
			write_queue(s, (enum fuzz_map)(MAP_QUEUE + i), &copy.queues[i]);
	for (u32 i = 0; i < PERCPU_CNT && maps & 1u << MAP_PERCPU; i++) {
		memcpy(percpu_value(s, i), copy.percpu[i], PERCPU_BYTES);
		side_must(element(s, BPF_MAP_UPDATE_ELEM, MAP_PERCPU, &key[i],
		                  s->percpu + i * s->cpu_cnt * PERCPU_BYTES),
		          "element of a per-CPU array");
	}
}

void
side_get_maps(const struct side *s, u32 maps, struct map_state *state)
{
	u32 key[ARRAY_CNT] = { 0, 1, 2, 3 };

	memset(state, 0, sizeof(*state));
	if (maps & 1u << MAP_IO)
		side_must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_IO, key, state->io),
		          "element of an array");
	for (u32 i = 0; i < ARRAY_CNT && maps & 1u << MAP_ARRAY; i++)
		side_must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_ARRAY, &key[i], state->array[i]),
		          "element of an array");
	if (maps & 1u << MAP_HASH)
		read_hash(s, state);
	for (u32 i = 0; i < 2; i++)
		if (maps & 1u << (MAP_QUEUE + i))
			read_queue(s, (enum fuzz_map)(MAP_QUEUE + i), &state->queues[i]);
	for (u32 i = 0; i < PERCPU_CNT && maps & 1u << MAP_PERCPU; i++) {
		side_must(element(s, BPF_MAP_LOOKUP_ELEM, MAP_PERCPU, &key[i],
		                  s->percpu + i * s->cpu_cnt * PERCPU_BYTES),
		          "element of a per-CPU array");
		memcpy(state->percpu[i], percpu_value(s, i), PERCPU_BYTES);
	}
}
