/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/json.h"

#include "emu/base64.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JSON_BUFFER_BYTES (256u << 10)
#define JSON_TEXT_BYTES   (16u << 10) /* at first; more than twice what room() is asked for */

static const char hex_digits[] = "0123456789abcdef";

static int
init(struct xb_json *j, int fd, const char *name, size_t cap, struct xb_err *err)
{
	*j = (struct xb_json){ .name = name, .fd = fd, .cap = cap };
	j->buf = malloc(j->cap);
	return j->buf ? 0 : xb_err_errno(err, ENOMEM, "%s", name);
}

int
xb_json_init(struct xb_json *j, int fd, const char *name, struct xb_err *err)
{
	return init(j, fd, name, JSON_BUFFER_BYTES, err);
}

int
xb_json_init_text(struct xb_json *j, struct xb_err *err)
{
	return init(j, -1, "JSON", JSON_TEXT_BYTES, err);
}

void
xb_json_fini(struct xb_json *j)
{
	free(j->buf);
	j->buf = NULL;
}

/* Twice the memory; where there is none, what is there is dropped, and the error kept. */
static void
grow(struct xb_json *j)
{
	char *buf = j->errnum ? NULL : realloc(j->buf, 2 * j->cap);

	if (buf) {
		j->buf = buf;
		j->cap *= 2;
		return;
	}
	j->errnum = ENOMEM;
	j->len = 0;
}

static void
write_out(struct xb_json *j)
{
	size_t done = 0;

	while (done < j->len && !j->errnum) {
		ssize_t n = write(j->fd, j->buf + done, j->len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			j->errnum = errno;
	}
	j->len = 0;
}

int
xb_json_flush(struct xb_json *j, struct xb_err *err)
{
	write_out(j);
	if (!j->errnum)
		return 0;
	return xb_err_set(err, XB_ERR_FILE, "%s: cannot be written: %s", j->name,
	                  strerror(j->errnum));
}

static void
make_room(struct xb_json *j)
{
	if (j->fd < 0)
		grow(j);
	else
		write_out(j);
}

/* Room for n more bytes, n at most half of the buffer. */
static inline char *
room(struct xb_json *j, size_t n)
{
	if (XB_UNLIKELY(j->cap - j->len < n))
		make_room(j);
	return j->buf + j->len;
}

static void
put(struct xb_json *j, const char *text, size_t bytes)
{
	while (XB_UNLIKELY(bytes > j->cap / 2)) {
		size_t n = j->cap / 2; /* which room() may change */

		memcpy(room(j, n), text, n);
		j->len += n;
		text += n;
		bytes -= n;
	}
	memcpy(room(j, bytes), text, bytes);
	j->len += bytes;
}

static inline void
put_char(struct xb_json *j, char c)
{
	*room(j, 1) = c;
	j->len++;
}

static void put_string(struct xb_json *j, const char *text, size_t bytes);

/* The comma and the name before a value. */
static void
begin(struct xb_json *j, const char *key)
{
	if (j->comma)
		put_char(j, ',');
	j->comma = true;
	if (!key)
		return;
	put_string(j, key, strlen(key));
	put_char(j, ':');
}

void
xb_json_open_object(struct xb_json *j, const char *key)
{
	begin(j, key);
	put_char(j, '{');
	j->comma = false;
}

void
xb_json_close_object(struct xb_json *j)
{
	put_char(j, '}');
	j->comma = true;
}

void
xb_json_open_array(struct xb_json *j, const char *key)
{
	begin(j, key);
	put_char(j, '[');
	j->comma = false;
}

void
xb_json_close_array(struct xb_json *j)
{
	put_char(j, ']');
	j->comma = true;
}

/* Bytes of the UTF-8 sequence at p, 0 where it is none (RFC 3629, section 4). */
static size_t
utf8_bytes(const u8 *p, size_t left)
{
	u8 c = p[0], lo = 0x80, hi = 0xbf;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	if (c < 0xc2 || c > 0xf4 || n > left)
		return 0;
	if (c == 0xe0)
		lo = 0xa0;
	else if (c == 0xed)
		hi = 0x9f;
	else if (c == 0xf0)
		lo = 0x90;
	else if (c == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static void
put_escaped(struct xb_json *j, u8 c)
{
	char text[8];

	switch (c) {
	case '"':
		put(j, "\\\"", 2);
		return;
	case '\\':
		put(j, "\\\\", 2);
		return;
	case '\n':
		put(j, "\\n", 2);
		return;
	case '\t':
		put(j, "\\t", 2);
		return;
	default:
		snprintf(text, sizeof(text), "\\u%04x", c);
		put(j, text, 6);
	}
}

static void
put_string(struct xb_json *j, const char *text, size_t bytes)
{
	const u8 *p = (const u8 *)text;
	size_t i = 0, plain = 0;

	put_char(j, '"');
	while (i < bytes) {
		size_t n;

		if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\') {
			i++;
			continue;
		}
		n = p[i] >= 0x80 ? utf8_bytes(p + i, bytes - i) : 0;
		if (n) {
			i += n;
			continue;
		}
		put(j, text + plain, i - plain);
		if (p[i] >= 0x80)
			put(j, "\\ufffd", 6);
		else
			put_escaped(j, p[i]);
		plain = ++i;
	}
	put(j, text + plain, bytes - plain);
	put_char(j, '"');
}

void
xb_json_string_n(struct xb_json *j, const char *key, const char *text, size_t bytes)
{
	begin(j, key);
	put_string(j, text, bytes);
}

void
xb_json_string(struct xb_json *j, const char *key, const char *text)
{
	xb_json_string_n(j, key, text, strlen(text));
}

void
xb_json_u64(struct xb_json *j, const char *key, u64 v)
{
	char digits[20];
	size_t i = sizeof(digits);

	begin(j, key);
	do {
		digits[--i] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	put(j, digits + i, sizeof(digits) - i);
}

void
xb_json_s64(struct xb_json *j, const char *key, s64 v)
{
	if (v >= 0)
		xb_json_u64(j, key, (u64)v);
	else
		xb_json_printf(j, key, "%lld", (long long)v);
}

void
xb_json_bool(struct xb_json *j, const char *key, bool v)
{
	begin(j, key);
	put(j, v ? "true" : "false", v ? 4 : 5);
}

static void
put_hex(struct xb_json *j, const u8 *data, size_t bytes)
{
	while (bytes) {
		size_t n = bytes < 4096 ? bytes : 4096;
		char *to = room(j, 2 * n);

		for (size_t i = 0; i < n; i++) {
			to[2 * i] = hex_digits[data[i] >> 4];
			to[2 * i + 1] = hex_digits[data[i] & 15];
		}
		j->len += 2 * n;
		data += n;
		bytes -= n;
	}
}

void
xb_json_hex(struct xb_json *j, const char *key, const u8 *data, size_t bytes, const u8 *more,
            size_t more_bytes)
{
	begin(j, key);
	put_char(j, '"');
	put_hex(j, data, bytes);
	put_hex(j, more, more_bytes);
	put_char(j, '"');
}

void
xb_json_base64(struct xb_json *j, const char *key, const u8 *data, size_t bytes)
{
	begin(j, key);
	put_char(j, '"');
	while (bytes) {
		size_t n = bytes < 3072 ? bytes : 3072; /* whole groups but for the last */
		size_t chars = xb_base64_chars(n);

		xb_base64_encode(data, n, room(j, chars));
		j->len += chars;
		data += n;
		bytes -= n;
	}
	put_char(j, '"');
}

void
xb_json_byte_array(struct xb_json *j, const char *key, const u8 *data, size_t bytes)
{
	xb_json_open_array(j, key);
	for (size_t i = 0; i < bytes; i++) {
		char item[7] = {
			',', '"', '0', 'x', hex_digits[data[i] >> 4], hex_digits[data[i] & 15], '"'
		};

		put(j, item + (i == 0), sizeof(item) - (i == 0));
	}
	xb_json_close_array(j);
}

void
xb_json_raw(struct xb_json *j, const char *key, const char *text, size_t bytes)
{
	begin(j, key);
	put(j, text, bytes);
}

void
xb_json_printf(struct xb_json *j, const char *key, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	begin(j, key);
	put(j, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void
xb_json_newline(struct xb_json *j)
{
	put_char(j, '\n');
	j->comma = false;
}

char *
xb_json_take(struct xb_json *j, size_t *bytes, struct xb_err *err)
{
	char *text = NULL;

	put_char(j, 0);
	if (j->errnum) {
		xb_err_errno(err, j->errnum, "%s", j->name);
	} else {
		text = j->buf;
		*bytes = j->len - 1;
		j->buf = NULL;
	}
	xb_json_fini(j);
	return text;
}
