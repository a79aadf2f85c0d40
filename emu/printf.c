/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two passes, as in Linux. The first checks the format and takes every argument's value; what
 * stands behind pointers is copied, within the 512 bytes that Linux has for it on a CPU. The second
 * writes.
 */
#include "emu/printf.h"

#include "vm/bytes.h"

#include <errno.h>
#include <string.h>

#define VALUES_BYTES 512 /* cf. kernel/bpf/helpers.c: MAX_BPRINTF_BIN_ARGS */
#define MAX_WIDTH    ((1 << 23) - 1)
#define MAX_ERRNO    4095u

enum field_kind {
	FIELD_NUMBER,
	FIELD_CHAR,
	FIELD_STR,   /* text with a width */
	FIELD_PLAIN, /* text without */
	FIELD_POINTER,
};

struct field {
	enum field_kind kind;
	u32 start, end; /* in the format, from '%' on */
	bool left, plus, space, zero;
	u32 width;
	u32 base; /* of numbers: 10 or 16 */
	bool is_signed, upper;
	u64 value;
	const char *text; /* in `values`, or own */
	u32 text_bytes;
};

/* What the first pass finds. `used` counts what Linux's buffer of values would hold. */
struct parse {
	const struct xb_mem *mem;
	const struct xb_printf *p;
	const char *fmt;
	u32 pos;
	struct field fields[XB_PRINTF_MAX_ARGS];
	u32 field_cnt;
	u32 used;
	char values[VALUES_BYTES];
};

/* Linux's classes of characters are those of Latin-1 (cf. lib/ctype.c). */
static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (u8)c == 0xa0;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	u8 l = (u8)c;

	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (l >= 0xc0 && l != 0xd7 && l != 0xf7);
}

static bool
is_control(char c)
{
	return ((u8)c < ' ' && !is_space(c)) || c == 0x7f || ((u8)c >= 0x80 && (u8)c < 0xa0);
}

static bool
is_punct(char c)
{
	return !is_control(c) && !is_space(c) && !is_alnum(c);
}

/* What may follow %s and %p. */
static bool
ends_field(char c)
{
	return c == 0 || is_space(c) || is_punct(c);
}

/* Room for a number among the values. */
static int
take_number(struct parse *s, struct field *f, u32 bytes, u64 value)
{
	s->used = (u32)xb_align_up(s->used, 4);
	if (s->used + bytes > VALUES_BYTES)
		return -ENOSPC;
	s->used += bytes;
	f->value = value;
	return 0;
}

/* Takes text of `bytes` bytes; a NUL goes with it. */
static void
take_text(struct parse *s, struct field *f, const char *text, u32 bytes)
{
	char *to = s->values + s->used;

	memcpy(to, text, bytes);
	f->text = to;
	f->text_bytes = bytes;
	s->used += bytes + 1;
}

/* A string of the program's; one that cannot be read is empty (cf. bpf_trace_copy_string). */
static int
take_string(struct parse *s, struct field *f, u64 gaddr)
{
	u32 room = VALUES_BYTES - s->used;
	const char *text, *nul;
	u64 extent;

	if (room == 0)
		return -ENOSPC;
	extent = xb_mem_extent(s->mem, gaddr, room, XB_MEM_READ);
	text = xb_mem_host(s->mem, extent ? gaddr : 0);
	nul = extent ? memchr(text, 0, extent) : NULL;
	if (nul)
		take_text(s, f, text, (u32)(nul - text));
	else if (extent == room)
		take_text(s, f, text, room - 1);
	else
		take_text(s, f, "", 0);
	return 0;
}

/* Writes n in a base of at most 16 and returns the digits. */
static u32
digits(u64 n, u32 base, bool upper, char out[20])
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

/* cf. lib/vsprintf.c: ip4_string: i4 has three digits a byte */
static u32
ip4_string(const u8 *ip, bool leading, char *out)
{
	u32 len = 0;

	for (u32 i = 0; i < 4; i++) {
		if (i)
			out[len++] = '.';
		if (leading && ip[i] < 100)
			out[len++] = '0';
		if (leading && ip[i] < 10)
			out[len++] = '0';
		len += digits(ip[i], 10, false, out + len);
	}
	return len;
}

/* cf. lib/vsprintf.c: ip6_string: i6 has no colons */
static u32
ip6_string(const u8 *ip, bool colons, char *out)
{
	u32 len = 0;

	for (u32 i = 0; i < 16; i++) {
		if (i && i % 2 == 0 && colons)
			out[len++] = ':';
		if (ip[i] < 16)
			out[len++] = '0';
		len += digits(ip[i], 16, false, out + len);
	}
	return len;
}

/* An address at `gaddr`; one that cannot be read is all zeros. */
static int
take_address(struct parse *s, struct field *f, char form, bool v6, u64 gaddr)
{
	u32 bytes = v6 ? 16 : 4;
	u32 room = VALUES_BYTES - s->used;
	u8 ip[16] = { 0 };
	const void *from;
	char text[40];
	u32 len;

	if (room < bytes)
		return -ENOSPC;
	from = xb_mem_range(s->mem, gaddr, bytes, XB_MEM_READ);
	if (from)
		memcpy(ip, from, bytes);
	len = v6 ? ip6_string(ip, form == 'I', text) : ip4_string(ip, form == 'i', text);
	if (len + 1 > room) { /* Linux counts what it would have written and goes on */
		take_text(s, f, text, room - 1);
		s->used = VALUES_BYTES;
		return 0;
	}
	take_text(s, f, text, len);
	return 0;
}

/* "0x..." for an address that has no name. */
static int
take_symbol(struct parse *s, struct field *f, u64 value)
{
	char text[24] = "0x";
	u32 len = 2 + digits(value, 16, false, text + 2);

	if (len + 1 > VALUES_BYTES - s->used)
		return -ENOSPC;
	take_text(s, f, text, len);
	return 0;
}

/* The hash that stands for a pointer: 32 bits; null and error pointers stay as they are. */
static u64
hash_pointer(u64 value)
{
	if (value == 0 || value >= (u64) - (s64)MAX_ERRNO)
		return value;
	value = (value ^ (value >> 31)) * 0x9e3779b97f4a7c15ull;
	return value >> 32;
}

/* All letters and digits after %p belong to it, as bstr_printf has it. */
static void
end_pointer(struct parse *s, struct field *f)
{
	u32 end = s->pos;

	while (is_alnum(s->fmt[end]))
		end++;
	f->end = end;
}

static int
take_pointer(struct parse *s, struct field *f, u64 value)
{
	f->kind = FIELD_POINTER;
	f->base = 16;
	return take_number(s, f, sizeof(u64), value);
}

/* At the 'p'. */
static int
parse_pointer(struct parse *s, struct field *f, u64 value)
{
	const char *c = s->fmt + s->pos + 1;
	int err;

	s->pos++;
	if (ends_field(c[0])) {
		f->end = s->pos;
		return take_pointer(s, f, hash_pointer(value));
	}
	if ((c[0] == 'k' || c[0] == 'u') && c[1] == 's') {
		s->pos += 2;
		if (!ends_field(s->fmt[s->pos]))
			return -EINVAL;
		f->kind = FIELD_PLAIN;
		f->end = s->pos;
		return take_string(s, f, c[0] == 'k' ? value : 0);
	}
	if (c[0] == 'K' || c[0] == 'x') {
		s->pos++;
		err = take_pointer(s, f, c[0] == 'x' ? value : hash_pointer(value));
	} else if (c[0] == 's' || c[0] == 'S') {
		s->pos++;
		f->kind = FIELD_STR;
		err = take_symbol(s, f, value);
	} else if (c[0] == 'B') {
		s->pos++;
		f->kind = FIELD_PLAIN;
		err = take_symbol(s, f, value);
	} else if ((c[0] == 'i' || c[0] == 'I') && (c[1] == '4' || c[1] == '6')) {
		s->pos += 2;
		f->kind = FIELD_PLAIN;
		err = take_address(s, f, c[0], c[1] == '6', value);
	} else {
		return -EINVAL;
	}
	end_pointer(s, f);
	return err;
}

/* At 'l' or the conversion. */
static int
parse_number(struct parse *s, struct field *f, u64 value)
{
	u32 bytes = 4;

	for (u32 i = 0; i < 2 && s->fmt[s->pos] == 'l'; i++) {
		bytes = 8;
		s->pos++;
	}
	switch (s->fmt[s->pos]) {
	case 'd':
	case 'i':
		f->is_signed = true;
		f->base = 10;
		break;
	case 'u':
		f->base = 10;
		break;
	case 'X':
		f->upper = true;
		f->base = 16;
		break;
	case 'x':
		f->base = 16;
		break;
	default:
		return -EINVAL;
	}
	f->kind = FIELD_NUMBER;
	if (bytes == 4)
		value = f->is_signed ? (u64)(s64)(s32)(u32)value : (u32)value;
	f->end = ++s->pos;
	return take_number(s, f, bytes, value);
}

/* Flags in any order and number, then a width. */
static void
parse_width(struct parse *s, struct field *f)
{
	for (;; s->pos++) {
		char c = s->fmt[s->pos];

		if (c == '0')
			f->zero = true;
		else if (c == '+')
			f->plus = true;
		else if (c == '-')
			f->left = true;
		else if (c == ' ')
			f->space = true;
		else
			break;
	}
	while (is_digit(s->fmt[s->pos])) {
		f->width = f->width * 10 + (u32)(s->fmt[s->pos++] - '0');
		if (f->width > MAX_WIDTH)
			f->width = MAX_WIDTH;
	}
}

/* At a '%' that is no "%%". */
static int
parse_field(struct parse *s)
{
	struct field *f = &s->fields[s->field_cnt];
	u64 value;
	char c;

	if (s->field_cnt >= s->p->arg_cnt)
		return -EINVAL;
	value = s->p->args[s->field_cnt++];
	*f = (struct field){ .start = s->pos++ };
	parse_width(s, f);
	c = s->fmt[s->pos];
	if (c == 'p')
		return parse_pointer(s, f, value);
	if (c == 's') {
		f->kind = FIELD_STR;
		f->end = ++s->pos;
		return ends_field(s->fmt[s->pos]) ? take_string(s, f, value) : -EINVAL;
	}
	if (c == 'c') {
		f->kind = FIELD_CHAR;
		f->end = ++s->pos;
		if (s->used == VALUES_BYTES)
			return -ENOSPC;
		s->values[s->used] = (char)value;
		f->text = &s->values[s->used++];
		f->text_bytes = 1;
		return 0;
	}
	return parse_number(s, f, value);
}

static int
parse(struct parse *s)
{
	while (s->fmt[s->pos]) {
		char c = s->fmt[s->pos];
		int err;

		if ((u8)c < 0x80 && is_control(c))
			return -EINVAL;
		if (c != '%') {
			s->pos++;
		} else if (s->fmt[s->pos + 1] == '%') {
			s->pos += 2;
		} else {
			err = parse_field(s);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Where the text goes; counts what has no room. */
struct sink {
	char *out;
	u64 bytes, len;
};

static void
put(struct sink *k, const char *text, u64 bytes)
{
	if (k->len < k->bytes) {
		u64 room = k->bytes - k->len;

		memcpy(k->out + k->len, text, bytes < room ? bytes : room);
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
put_text(struct sink *k, const struct field *f)
{
	u32 fill =
	        f->kind != FIELD_PLAIN && f->width > f->text_bytes ? f->width - f->text_bytes : 0;

	if (!f->left)
		pad(k, ' ', fill);
	put(k, f->text, f->text_bytes);
	if (f->left)
		pad(k, ' ', fill);
}

/* cf. lib/vsprintf.c: number */
static void
put_number(struct sink *k, const struct field *f)
{
	bool negative = f->is_signed && (s64)f->value < 0;
	bool pointer = f->kind == FIELD_POINTER && f->width == 0;
	u32 width = pointer ? 16 : f->width;
	bool zero = (f->zero || pointer) && !f->left;
	char sign = negative ? '-' : f->plus ? '+' : f->space ? ' ' : 0;
	char text[20];
	u32 len = digits(negative ? 0 - f->value : f->value, f->base, f->upper, text);
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
	struct parse s;
	struct sink k = { out, out_bytes, 0 };
	u32 from = 0;
	int err;

	if (!memchr(p->fmt, 0, p->fmt_bytes))
		return -EINVAL;
	s.mem = mem;
	s.p = p;
	s.fmt = p->fmt;
	s.pos = s.field_cnt = s.used = 0;
	err = parse(&s);
	if (err)
		return err;
	for (u32 i = 0; i < s.field_cnt; i++) {
		const struct field *f = &s.fields[i];

		put_literal(&k, s.fmt + from, s.fmt + f->start);
		if (f->kind == FIELD_NUMBER || f->kind == FIELD_POINTER)
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
