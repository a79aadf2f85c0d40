/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/world_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
world_text_init(struct world_text *t, const char *text, size_t bytes, struct xb_err *err)
{
	*t = (struct world_text){ .p = text, .end = text + bytes, .line_start = text, .err = err };
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

bool
world_text_line(struct world_text *t)
{
	do {
		if (t->line)
			while (t->p < t->end && *t->p++ != '\n')
				;
		t->line++;
		t->line_start = t->p;
		while (t->p < t->end && is_space(*t->p))
			t->p++;
	} while (t->p < t->end && *t->p == '\n');
	if (t->p >= t->end)
		return false;
	t->p = t->line_start;
	return true;
}

bool
world_text_indented(const struct world_text *t)
{
	return t->line_start < t->end && is_space(*t->line_start);
}

bool
world_text_word(struct world_text *t)
{
	size_t len = 0;

	while (t->p < t->end && is_space(*t->p))
		t->p++;
	t->col = (u32)(t->p - t->line_start) + 1;
	for (; t->p < t->end && !is_space(*t->p) && *t->p != '\n'; t->p++)
		if (len < sizeof(t->word) - 1)
			t->word[len++] = *t->p;
	t->word[len] = 0;
	return len > 0;
}

int
world_text_fail(const struct world_text *t, const char *fmt, ...)
{
	char what[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return xb_err_set(t->err, XB_ERR_FILE, "line %u, column %u: %s", t->line, t->col, what);
}

int
world_text_number(const struct world_text *t, const char *text, int base, u64 max, u64 *number)
{
	unsigned long long n;
	char *end;

	if (!base)
		base = xb_value_base(text);
	errno = 0;
	n = strtoull(text, &end, base);
	if (!isxdigit((unsigned char)text[0]) || *end || errno || n > max)
		return world_text_fail(t, "'%.40s' is no number up to %llu", text,
		                       (unsigned long long)max);
	*number = n;
	return 0;
}

int
world_text_tables(struct world_reader *r, struct world_text *t)
{
	while (world_text_line(t)) {
		u64 n = 0;

		if (!world_text_word(t) || t->word[0] == '#')
			continue;
		if (world_text_number(t, t->word, 0, UINT32_MAX, &n) != 0)
			return -1;
		if (!world_text_word(t))
			return world_text_fail(t, "expected the name of a table");
		if (world_add_table(r, t->word, (u32)n) != 0)
			return -1;
	}
	return 0;
}

/* Once for all interfaces, once for each. */
int
world_text_sysctl(struct world_reader *r, struct world_text *t)
{
	const struct world_text start = *t;

	for (u32 all = 2; all-- > 0;) {
		*t = start;
		while (world_text_line(t)) {
			char name[WORLD_WORD_BYTES], *end;
			u64 n;

			if (!world_text_word(t) || t->word[0] == '#')
				continue;
			memcpy(name, t->word, sizeof(name));
			if (!world_text_word(t) || strcmp(t->word, "="))
				return world_text_fail(t, "expected NAME = VALUE");
			if (!world_text_word(t))
				continue;
			n = strtoull(t->word, &end, 10);
			if (isdigit((unsigned char)t->word[0]) && !*end)
				world_set_sysctl(r, name, n, all);
		}
	}
	return 0;
}

int
world_text_cgroups(struct world_reader *r, struct world_text *t)
{
	while (world_text_line(t)) {
		u64 id = 0;

		if (!world_text_word(t) || world_text_number(t, t->word, 10, UINT64_MAX, &id) != 0)
			return -1;
		if (!world_text_word(t) || t->word[0] != '/')
			return world_text_fail(t, "expected the path of a cgroup");
		if (strlen(t->word) >= sizeof(r->w->cgroups->path))
			return world_text_fail(t, "the path is longer than %zu bytes",
			                       sizeof(r->w->cgroups->path) - 1);
		if (!world_cgroup_at(r->w, t->word) && world_add_cgroup(r, id, t->word) != 0)
			return -1;
	}
	return 0;
}
