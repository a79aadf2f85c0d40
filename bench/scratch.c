/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/scratch.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_LEAST (4u << 10)
#define CHUNK_MOST  (2u << 20) /* but where more is asked for at once */

struct xb_scratch_chunk {
	struct xb_scratch_chunk *next;
	u64 bytes; /* of data */
	u8 data[];
};

_Static_assert(offsetof(struct xb_scratch_chunk, data) % 8 == 0, "what is taken is aligned");

/* Each chunk is twice as large as the one before. */
static bool
add_chunk(struct xb_scratch *s, u64 least)
{
	u64 bytes = s->chunks ? 2 * s->chunks->bytes : CHUNK_LEAST;
	struct xb_scratch_chunk *chunk;

	bytes = bytes > CHUNK_MOST ? CHUNK_MOST : bytes;
	bytes = bytes > least ? bytes : least;
	chunk = malloc(sizeof(*chunk) + bytes);
	if (!chunk)
		return false;
	chunk->next = s->chunks;
	chunk->bytes = bytes;
	s->chunks = chunk;
	s->at = chunk->data;
	s->end = chunk->data + bytes;
	s->bytes += bytes;
	return true;
}

void *
xb_scratch_take(struct xb_scratch *s, u64 bytes)
{
	u8 *p;

	bytes = xb_align_up(bytes ? bytes : 1, 8);
	if (XB_UNLIKELY(bytes > (u64)(s->end - s->at)) && !add_chunk(s, bytes))
		return NULL;
	p = s->at;
	s->at += bytes;
	return p;
}

void *
xb_scratch_copy(struct xb_scratch *s, const void *from, u64 bytes)
{
	void *p = xb_scratch_take(s, bytes);

	if (p && bytes)
		memcpy(p, from, bytes);
	return p;
}

static void
free_chunks(struct xb_scratch_chunk *chunk)
{
	while (chunk) {
		struct xb_scratch_chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void
xb_scratch_reset(struct xb_scratch *s)
{
	struct xb_scratch_chunk *kept = s->chunks;

	if (!kept)
		return;
	if (kept->bytes > CHUNK_MOST) {
		xb_scratch_fini(s);
		return;
	}
	free_chunks(kept->next);
	kept->next = NULL;
	s->at = kept->data;
	s->end = kept->data + kept->bytes;
	s->bytes = kept->bytes;
}

void
xb_scratch_fini(struct xb_scratch *s)
{
	free_chunks(s->chunks);
	*s = (struct xb_scratch){ 0 };
}
