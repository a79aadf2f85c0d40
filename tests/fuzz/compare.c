/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compare.c - the first thing that two runs left differently, in words.
 */
#include "tests/fuzz/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* An area of memory that is compared. */
struct area {
	const char *name;
	const void *a, *b;
	u32 bytes;
};

static const char *
bytes_differ(const struct area *area, char *text, u32 room)
{
	const u8 *a = area->a, *b = area->b;
	u32 at = 0, last;

	if (memcmp(a, b, area->bytes) == 0)
		return NULL;
	while (a[at] == b[at])
		at++;
	for (last = at + 1; last < area->bytes && last < at + 8; last++)
		;
	snprintf(text, room, "%s[%u]:", area->name, at);
	for (u32 side = 0; side < 2; side++) {
		for (u32 i = at; i < last; i++)
			snprintf(text + strlen(text), room - strlen(text), "%s%02x",
			         i == at ? " " : "", (side ? b : a)[i]);
		if (side == 0)
			snprintf(text + strlen(text), room - strlen(text), " and");
	}
	return text;
}

static const char *
areas_differ(const struct area *areas, u32 cnt, char *text, u32 room)
{
	for (u32 i = 0; i < cnt; i++)
		if (bytes_differ(&areas[i], text, room))
			return text;
	return NULL;
}

static const char *
maps_differ(const struct map_state *a, const struct map_state *b, char *text, u32 room)
{
	const struct area areas[] = {
		{ "map io", a->io, b->io, sizeof(a->io) },
		{ "map array", a->array, b->array, sizeof(a->array) },
		{ "map hash", a->hash, b->hash, a->hash_cnt * (u32)sizeof(a->hash[0]) },
		{ "map percpu", a->percpu, b->percpu, sizeof(a->percpu) },
		{ "map queue", &a->queues[0], &b->queues[0], sizeof(a->queues[0]) },
		{ "map stack", &a->queues[1], &b->queues[1], sizeof(a->queues[1]) },
	};

	if (a->hash_cnt != b->hash_cnt) {
		snprintf(text, room, "map hash: %u elements and %u", a->hash_cnt, b->hash_cnt);
		return text;
	}
	return areas_differ(areas, XB_ARRAY_SIZE(areas), text, room);
}

static const char *
ends_differ(const struct outcome *a, const struct outcome *b, char *text, u32 room)
{
	if (a->status != b->status || a->fault != b->fault) {
		snprintf(text, room, "%s@%u (%s) and %s@%u (%s)", xb_fault_kind_name(a->fault),
		         a->pc, a->message, xb_fault_kind_name(b->fault), b->pc, b->message);
		return text;
	}
	if (a->pc != b->pc || a->depth != b->depth) {
		snprintf(text, room, "fault at %u, depth %u and at %u, depth %u", a->pc, a->depth,
		         b->pc, b->depth);
		return text;
	}
	for (u32 i = 0; i < XB_ARRAY_SIZE(a->r); i++) {
		if (a->r[i] == b->r[i])
			continue;
		snprintf(text, room, "r%u: 0x%" PRIx64 " and 0x%" PRIx64, i, a->r[i], b->r[i]);
		return text;
	}
	if (a->insns == b->insns)
		return NULL;
	snprintf(text, room, "%" PRIu64 " instructions and %" PRIu64, a->insns, b->insns);
	return text;
}

const char *
outcome_differs(const struct outcome *a, const struct outcome *b, char *text, u32 room)
{
	const struct area areas[] = {
		{ "packet", a->data, b->data, sizeof(a->data) },
		{ "context", a->ctx, b->ctx, sizeof(a->ctx) },
		{ "stack", a->stack, b->stack, sizeof(a->stack) },
	};

	if (ends_differ(a, b, text, room) || maps_differ(&a->maps, &b->maps, text, room))
		return text;
	if (a->meta_bytes != b->meta_bytes || a->bytes != b->bytes) {
		snprintf(text, room, "packet: %u + %u bytes and %u + %u", a->meta_bytes, a->bytes,
		         b->meta_bytes, b->bytes);
		return text;
	}
	return areas_differ(areas, XB_ARRAY_SIZE(areas), text, room);
}

const char *
seen_differs(const struct seen *emu, const struct seen *kernel, char *text, u32 room)
{
	const struct area areas[] = {
		{ "packet", emu->data, kernel->data, sizeof(emu->data) },
		{ "context", emu->ctx, kernel->ctx, sizeof(emu->ctx) },
	};

	if (emu->ret != kernel->ret) {
		snprintf(text, room, "bpf(2): %ld and %ld", emu->ret, kernel->ret);
		return text;
	}
	if (emu->retval != kernel->retval) {
		snprintf(text, room, "return value: 0x%x and 0x%x", emu->retval, kernel->retval);
		return text;
	}
	if (maps_differ(&emu->maps, &kernel->maps, text, room))
		return text;
	if (emu->bytes != kernel->bytes || emu->ctx_bytes != kernel->ctx_bytes) {
		snprintf(text, room, "packet: %u bytes and %u", emu->bytes, kernel->bytes);
		return text;
	}
	return areas_differ(areas, XB_ARRAY_SIZE(areas), text, room);
}
