/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/context_priv.h"

#include "emu/base64.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_IN_DOUBLES (1ull << 53)

int
ctx_fail(const struct ctx_reader *r, const struct xb_value *v, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	xb_value_vfail(r->root, v, r->err, fmt, args);
	va_end(args);
	return -1;
}

int
ctx_expect(const struct ctx_reader *r, const struct xb_value *v, enum xb_value_kind kind)
{
	static const char *const names[] = {
		[XB_VALUE_NULL] = "null",        [XB_VALUE_BOOL] = "true or false",
		[XB_VALUE_NUMBER] = "a number",  [XB_VALUE_STRING] = "a string",
		[XB_VALUE_WORD] = "a word",      [XB_VALUE_ARRAY] = "an array",
		[XB_VALUE_OBJECT] = "an object",
	};

	return v->kind == kind ? 0 : ctx_fail(r, v, "expected %s", names[kind]);
}

static bool
is_numeric(const struct xb_value *v)
{
	return (v->kind == XB_VALUE_NUMBER || v->kind == XB_VALUE_STRING) &&
	       strlen(v->text) == v->bytes;
}

int
ctx_u64(const struct ctx_reader *r, const struct xb_value *v, u64 max, u64 *to)
{
	unsigned long long n;
	char *end;

	if (!is_numeric(v) || (!isdigit((unsigned char)v->text[0]) && v->text[0] != '-'))
		return ctx_fail(r, v, "expected a number");
	errno = 0;
	n = strtoull(v->text, &end, xb_value_base(v->text));
	if (*end || v->text[0] == '-' || end == v->text)
		return ctx_fail(r, v, "expected a whole number, not negative");
	if (errno || n > max)
		return ctx_fail(r, v, "out of range: expected 0 to %llu", (unsigned long long)max);
	*to = n;
	return 0;
}

int
ctx_any64(const struct ctx_reader *r, const struct xb_value *v, u32 bits, u64 *to)
{
	u64 most = bits == 64 ? UINT64_MAX : (1ull << bits) - 1, least = 1ull << (bits - 1);
	const char *digits = v->text;
	bool negative = digits[0] == '-';
	unsigned long long n;
	char *end;

	digits += negative;
	if (!is_numeric(v) || !isdigit((unsigned char)digits[0]))
		return ctx_fail(r, v, "expected a number");
	errno = 0;
	n = strtoull(digits, &end, xb_value_base(digits));
	if (*end)
		return ctx_fail(r, v, "expected a whole number");
	if (errno || n > (negative ? least : most))
		return ctx_fail(r, v, "out of range: expected -%llu to %llu",
		                (unsigned long long)least, (unsigned long long)most);
	*to = negative ? 0 - (u64)n : n;
	return 0;
}

int
ctx_bool(const struct ctx_reader *r, const struct xb_value *v, bool *to)
{
	u64 n = 0;

	if (v->kind == XB_VALUE_BOOL) {
		*to = v->truth;
		return 0;
	}
	if (v->kind != XB_VALUE_NUMBER)
		return ctx_fail(r, v, "expected true or false");
	if (ctx_u64(r, v, 1, &n) != 0)
		return -1;
	*to = n != 0;
	return 0;
}

int
ctx_text(const struct ctx_reader *r, const struct xb_value *v, const char **to)
{
	if (ctx_expect(r, v, XB_VALUE_STRING) != 0)
		return -1;
	if (strlen(v->text) != v->bytes)
		return ctx_fail(r, v, "there is a NUL in it");
	*to = v->text;
	return 0;
}

int
ctx_base64(const struct ctx_reader *r, const struct xb_value *v, u8 **to, u32 *bytes)
{
	u8 *data;

	if (ctx_expect(r, v, XB_VALUE_STRING) != 0)
		return -1;
	data = xb_base64_decode(v->text, v->bytes, bytes);
	if (!data && *bytes == UINT32_MAX)
		return xb_err_errno(r->err, ENOMEM, "context");
	if (!data)
		return ctx_fail(r, v, "expected base64");
	*to = data;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
ctx_hex(const struct ctx_reader *r, const struct xb_value *v, u8 **to, u32 *bytes)
{
	size_t n = v->bytes / 2;
	u8 *data;

	if (ctx_expect(r, v, XB_VALUE_STRING) != 0)
		return -1;
	if (v->bytes % 2 || n > UINT32_MAX)
		return ctx_fail(r, v, "expected two hex digits for each byte");
	data = malloc(n + 1);
	if (!data)
		return xb_err_errno(r->err, ENOMEM, "context");
	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(v->text[2 * i]), lo = hex_digit(v->text[2 * i + 1]);

		if (hi < 0 || lo < 0) {
			free(data);
			return ctx_fail(r, v, "expected hex digits");
		}
		data[i] = (u8)(hi << 4 | lo);
	}
	*to = data;
	*bytes = (u32)n;
	return 0;
}

int
ctx_members(struct ctx_reader *r, const struct xb_value *v, const struct ctx_key *keys, size_t cnt,
            void *to)
{
	if (ctx_expect(r, v, XB_VALUE_OBJECT) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next) {
		size_t i = 0;

		while (i < cnt && strcmp(keys[i].name, m->key) != 0)
			i++;
		if (i == cnt)
			return ctx_fail(r, m, "there is no such key");
		if (keys[i].read(r, m, to) != 0)
			return -1;
	}
	return 0;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct xb_value *x = *(const struct xb_value *const *)a;
	const struct xb_value *y = *(const struct xb_value *const *)b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	return x->line != y->line ? (x->line > y->line ? 1 : -1)
	                          : (x->col > y->col) - (x->col < y->col);
}

/* Sorted, as an object may have many. */
static int
check_keys(const struct ctx_reader *r, const struct xb_value *v)
{
	const struct xb_value **all = calloc(v->cnt + 1, sizeof(*all));
	int rc = 0;
	u32 n = 0;

	if (!all)
		return xb_err_errno(r->err, ENOMEM, "context");
	for (const struct xb_value *m = v->first; m; m = m->next)
		all[n++] = m;
	qsort(all, n, sizeof(*all), compare_keys);
	for (u32 i = 1; rc == 0 && i < n; i++)
		if (!strcmp(all[i - 1]->key, all[i]->key))
			rc = ctx_fail(r, all[i], "given twice");
	free(all);
	return rc;
}

int
ctx_no_twins(const struct ctx_reader *r, const struct xb_value *v)
{
	if (v->kind == XB_VALUE_OBJECT && check_keys(r, v) != 0)
		return -1;
	for (const struct xb_value *m = v->first; m; m = m->next)
		if (ctx_no_twins(r, m) != 0)
			return -1;
	return 0;
}

void
ctx_write_u64(struct xb_json *j, const char *key, u64 value)
{
	if (value > EXACT_IN_DOUBLES)
		xb_json_printf(j, key, "\"%llu\"", (unsigned long long)value);
	else
		xb_json_u64(j, key, value);
}

void
ctx_write_value(struct xb_json *j, const char *key, const struct xb_value *v)
{
	switch (v->kind) {
	case XB_VALUE_NULL:
		xb_json_printf(j, key, "null");
		return;
	case XB_VALUE_BOOL:
		xb_json_bool(j, key, v->truth);
		return;
	case XB_VALUE_NUMBER:
		xb_json_raw(j, key, v->text, v->bytes);
		return;
	case XB_VALUE_STRING:
	case XB_VALUE_WORD:
		xb_json_string_n(j, key, v->text, v->bytes);
		return;
	case XB_VALUE_ARRAY:
		xb_json_open_array(j, key);
		for (const struct xb_value *m = v->first; m; m = m->next)
			ctx_write_value(j, NULL, m);
		xb_json_close_array(j);
		return;
	case XB_VALUE_OBJECT:
		xb_json_open_object(j, key);
		for (const struct xb_value *m = v->first; m; m = m->next)
			ctx_write_value(j, m->key, m);
		xb_json_close_object(j);
		return;
	}
}
