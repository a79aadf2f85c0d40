/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/vectors/reasons.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Lines of the log that are no reason, by their start. */
static bool
is_statistics(const char *line)
{
	static const char *const starts[] = { "processed ", "verification time ", "stack depth " };

	for (u32 i = 0; i < XB_ARRAY_SIZE(starts); i++) {
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	}
	return *line == 0;
}

/* The last line that is a reason. */
static const char *
last_line(char *log)
{
	const char *last = "no reason given";
	char *rest = log;

	for (char *line; (line = strsep(&rest, "\n"));)
		last = is_statistics(line) ? last : line;
	return last;
}

/* With N for each number, and what follows R in hex. */
static void
without_numbers(const char *line, char *buf, size_t bytes)
{
	size_t n = 0;

	while (*line && n + 2 < bytes) {
		if (!isdigit((unsigned char)*line)) {
			buf[n++] = *line++;
			continue;
		}
		buf[n++] = 'N';
		while (isxdigit((unsigned char)*line) || *line == 'x')
			line++;
	}
	buf[n] = 0;
}

void
xb_vector_reasons_add(struct xb_vector_reasons *r, char *log, const char *vector)
{
	char text[XB_VECTOR_REASON_BYTES];
	struct xb_vector_reason *row = r->rows;

	without_numbers(last_line(log), text, sizeof(text));
	while (row < r->rows + r->cnt && strcmp(row->text, text) != 0)
		row++;
	if (row == r->rows + XB_VECTOR_REASONS) {
		r->rest++;
		return;
	}
	if (row == r->rows + r->cnt) {
		r->cnt++;
		snprintf(row->text, sizeof(row->text), "%s", text);
		snprintf(row->example, sizeof(row->example), "%s", vector);
	}
	row->vectors++;
}

void
xb_vector_reasons_report(const struct xb_vector_reasons *r)
{
	u32 above = UINT32_MAX;

	for (;;) {
		u32 most = 0;

		for (u32 i = 0; i < r->cnt; i++) {
			u32 vectors = r->rows[i].vectors;

			most = vectors < above && vectors > most ? vectors : most;
		}
		if (most == 0)
			break;
		for (u32 i = 0; i < r->cnt; i++) {
			if (r->rows[i].vectors == most)
				printf("  %5u x %s (%s)\n", most, r->rows[i].text,
				       r->rows[i].example);
		}
		above = most;
	}
	if (r->rest)
		printf("  %5u x for other reasons\n", r->rest);
}
