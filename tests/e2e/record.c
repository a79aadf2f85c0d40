/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/e2e/record.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_BYTES 160

struct record {
	char label[LABEL_BYTES];
	u32 bytes;
	u8 *data;
};

static void
write_record(FILE *file, const char *label, const void *data, u32 bytes)
{
	fwrite(label, 1, LABEL_BYTES, file);
	fwrite(&bytes, 1, sizeof(bytes), file);
	fwrite(data, 1, bytes, file);
}

void
record_put(FILE *file, const void *data, u32 bytes, const char *label, ...)
{
	char text[LABEL_BYTES] = "";
	va_list ap;

	va_start(ap, label);
	vsnprintf(text, sizeof(text), label, ap);
	va_end(ap);
	write_record(file, text, data, bytes);
}

void
record_note(FILE *file, const char *label, ...)
{
	char text[LABEL_BYTES] = "";
	va_list ap;

	va_start(ap, label);
	vsnprintf(text, sizeof(text), label, ap);
	va_end(ap);
	write_record(file, text, "", 0);
}

/* False at the end of the file. */
static bool
read_record(FILE *file, struct record *r)
{
	r->data = NULL;
	if (fread(r->label, 1, LABEL_BYTES, file) != LABEL_BYTES)
		return false;
	if (fread(&r->bytes, 1, sizeof(r->bytes), file) != sizeof(r->bytes))
		return false;
	r->data = malloc(r->bytes + 1u);
	return r->data && fread(r->data, 1, r->bytes, file) == r->bytes;
}

static u32
first_difference(const struct record *a, const struct record *b)
{
	u32 n = a->bytes < b->bytes ? a->bytes : b->bytes, i = 0;

	while (i < n && a->data[i] == b->data[i])
		i++;
	return i;
}

/* 16 bytes from `from` on. */
static size_t
describe_bytes(const struct record *r, u32 from, char *what, size_t room)
{
	size_t n = (size_t)snprintf(what, room, "\n    %5u bytes, at %u:", r->bytes, from);

	for (u32 i = from; i < r->bytes && i < from + 16 && n < room; i++)
		n += (size_t)snprintf(what + n, room - n, " %02x", r->data[i]);
	return n < room ? n : room;
}

static void
describe(const struct record *a, const struct record *b, char *what, size_t room)
{
	u32 at;
	size_t n;

	if (strcmp(a->label, b->label) != 0) {
		snprintf(what, room, "'%s' against '%s'", a->label, b->label);
		return;
	}
	at = first_difference(a, b);
	n = (size_t)snprintf(what, room, "%s", a->label);
	n += describe_bytes(a, at & ~15u, what + n, room - n);
	describe_bytes(b, at & ~15u, what + n, room - n);
}

static bool
agree(const struct record *a, const struct record *b)
{
	return !strcmp(a->label, b->label) && a->bytes == b->bytes &&
	       !memcmp(a->data, b->data, a->bytes);
}

u32
record_compare(FILE *a, FILE *b, bool *same, char *what, size_t what_bytes)
{
	u32 cnt = 0;

	rewind(a);
	rewind(b);
	for (;;) {
		struct record ra, rb;
		bool more_a = read_record(a, &ra), more_b = read_record(b, &rb);

		*same = more_a == more_b && (!more_a || agree(&ra, &rb));
		if (!*same && more_a && more_b)
			describe(&ra, &rb, what, what_bytes);
		else if (!*same)
			snprintf(what, what_bytes, "only one goes on: '%s'",
			         more_a ? ra.label : rb.label);
		free(ra.data);
		free(rb.data);
		if (!*same || !more_a)
			return cnt;
		cnt++;
	}
}
