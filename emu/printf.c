/* SPDX-License-Identifier: BSD-2-Clause */
/* The second pass: writes the text. */
#include "emu/printf.h"

#include "emu/printf_priv.h"

#include <errno.h>
#include <string.h>

u32
xb_printf_digits(u64 n, u32 base, bool upper, char out[20])
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char rev[20];
	u32 cnt = 0;

	do {
		rev[cnt++] = set[n % base];
		n /= base;
	} while (n);
	for (u32 i = 0; i < cnt; i++)
		out[i] = rev[cnt - 1 - i];
	return cnt;
}

/* Where the text goes; counts what has no room. The format may lie in there. */
struct sink {
	char *out;
	u64 bytes, len;
};

static void
put(struct sink *k, const char *text, u64 bytes)
{
	if (k->len < k->bytes) {
		u64 room = k->bytes - k->len;

		memmove(k->out + k->len, text, bytes < room ? bytes : room);
	}
	k->len += bytes;
}

static void
pad(struct sink *k, char c, u64 cnt)
{
	if (k->len < k->bytes) {
		u64 room = k->bytes - k->len;

		memset(k->out + k->len, c, cnt < room ? cnt : room);
	}
	k->len += cnt;
}

static void
put_text(struct sink *k, const struct xb_printf_field *f)
{
	u32 fill = f->kind != XB_PRINTF_PLAIN && f->width > f->text_bytes ? f->width - f->text_bytes
	                                                                  : 0;

	if (!f->left)
		pad(k, ' ', fill);
	put(k, f->text, f->text_bytes);
	if (f->left)
		pad(k, ' ', fill);
}

/* cf. lib/vsprintf.c: number */
static void
put_number(struct sink *k, const struct xb_printf_field *f)
{
	bool negative = f->is_signed && (s64)f->value < 0;
	bool pointer = f->kind == XB_PRINTF_POINTER && f->width == 0;
	u32 width = pointer ? 16 : f->width;
	bool zero = (f->zero || pointer) && !f->left;
	char sign = negative ? '-' : f->plus ? '+' : f->space ? ' ' : 0;
	char text[20];
	u32 len = xb_printf_digits(negative ? 0 - f->value : f->value, f->base, f->upper, text);
	u32 fill;

	if (!f->is_signed)
		sign = 0;
	fill = width > len + (sign != 0) ? width - len - (sign != 0) : 0;
	if (!zero && !f->left)
		pad(k, ' ', fill);
	if (sign)
		put(k, &sign, 1);
	if (zero)
		pad(k, '0', fill);
	put(k, text, len);
	if (f->left)
		pad(k, ' ', fill);
}

/* Format text between fields, in which "%%" is '%'. */
static void
put_literal(struct sink *k, const char *text, const char *end)
{
	while (text < end) {
		const char *percent = memchr(text, '%', (size_t)(end - text));
		const char *stop = percent ? percent + 1 : end;

		put(k, text, (u64)(stop - text));
		text = percent ? percent + 2 : end;
	}
}

long
xb_printf(const struct xb_mem *mem, const struct xb_printf *p, char *out, u64 out_bytes)
{
	struct xb_printf_parse s;
	struct sink k = { out, out_bytes, 0 };
	u32 from = 0;
	int err;

	if (!memchr(p->fmt, 0, p->fmt_bytes))
		return -EINVAL;
	s.mem = mem;
	s.p = p;
	s.fmt = p->fmt;
	s.pos = s.field_cnt = s.used = 0;
	err = xb_printf_parse(&s);
	if (err)
		return err;
	for (u32 i = 0; i < s.field_cnt; i++) {
		const struct xb_printf_field *f = &s.fields[i];

		put_literal(&k, s.fmt + from, s.fmt + f->start);
		if (f->kind == XB_PRINTF_NUMBER || f->kind == XB_PRINTF_POINTER)
			put_number(&k, f);
		else
			put_text(&k, f);
		from = f->end;
	}
	put_literal(&k, s.fmt + from, s.fmt + s.pos);
	if (out_bytes)
		out[k.len < out_bytes ? k.len : out_bytes - 1] = 0;
	return (long)k.len;
}
