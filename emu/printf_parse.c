/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first of two passes, as in Linux: checks the format and takes every argument's value. What
 * stands behind pointers is copied, within the 512 bytes that Linux has for it on a CPU.
 */
#include "emu/printf_priv.h"

#include "emu/latin1.h"

#include <errno.h>
#include <string.h>

#define VALUES_BYTES XB_PRINTF_VALUES_BYTES
#define MAX_WIDTH    ((1 << 23) - 1)
#define MAX_ERRNO    4095u

/* What may follow %s and %p. */
static bool
ends_field(char c)
{
	return c == 0 || xb_is_space(c) || xb_is_punct(c);
}

/* Room for a number among the values. */
static int
take_number(struct xb_printf_parse *s, struct xb_printf_field *f, u32 bytes, u64 value)
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
take_text(struct xb_printf_parse *s, struct xb_printf_field *f, const char *text, u32 bytes)
{
	char *to = s->values + s->used;

	memcpy(to, text, bytes);
	f->text = to;
	f->text_bytes = bytes;
	s->used += bytes + 1;
}

/* A string of the program's; one that cannot be read is empty (cf. bpf_trace_copy_string). */
static int
take_string(struct xb_printf_parse *s, struct xb_printf_field *f, u64 gaddr)
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
		len += xb_printf_digits(ip[i], 10, false, out + len);
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
		len += xb_printf_digits(ip[i], 16, false, out + len);
	}
	return len;
}

/* An address at `gaddr`; one that cannot be read is all zeros. */
static int
take_address(struct xb_printf_parse *s, struct xb_printf_field *f, char form, bool v6, u64 gaddr)
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
take_symbol(struct xb_printf_parse *s, struct xb_printf_field *f, u64 value)
{
	char text[24] = "0x";
	u32 len = 2 + xb_printf_digits(value, 16, false, text + 2);

	if (len + 1 > VALUES_BYTES - s->used)
		return -ENOSPC;
	take_text(s, f, text, len);
	return 0;
}

/* The hash that stands for a pointer: 32 bits; null and error pointers stay as they are. */
u64
xb_printf_hash_pointer(u64 value)
{
	if (value == 0 || value >= (u64) - (s64)MAX_ERRNO)
		return value;
	value = (value ^ (value >> 31)) * 0x9e3779b97f4a7c15ull;
	return value >> 32;
}

/* All letters and digits after %p belong to it, as bstr_printf has it. */
static void
end_pointer(struct xb_printf_parse *s, struct xb_printf_field *f)
{
	u32 end = s->pos;

	while (xb_is_alnum(s->fmt[end]))
		end++;
	f->end = end;
}

static int
take_pointer(struct xb_printf_parse *s, struct xb_printf_field *f, u64 value)
{
	f->kind = XB_PRINTF_POINTER;
	f->base = 16;
	return take_number(s, f, sizeof(u64), value);
}

/* At the 'p'. */
static int
parse_pointer(struct xb_printf_parse *s, struct xb_printf_field *f, u64 value)
{
	const char *c = s->fmt + s->pos + 1;
	int err;

	s->pos++;
	if (ends_field(c[0])) {
		f->end = s->pos;
		return take_pointer(s, f, xb_printf_hash_pointer(value));
	}
	if ((c[0] == 'k' || c[0] == 'u') && c[1] == 's') {
		s->pos += 2;
		if (!ends_field(s->fmt[s->pos]))
			return -EINVAL;
		f->kind = XB_PRINTF_PLAIN;
		f->end = s->pos;
		return take_string(s, f, c[0] == 'k' ? value : 0);
	}
	if (c[0] == 'K' || c[0] == 'x') {
		s->pos++;
		err = take_pointer(s, f, c[0] == 'x' ? value : xb_printf_hash_pointer(value));
	} else if (c[0] == 's' || c[0] == 'S') {
		s->pos++;
		f->kind = XB_PRINTF_STR;
		err = take_symbol(s, f, value);
	} else if (c[0] == 'B') {
		s->pos++;
		f->kind = XB_PRINTF_PLAIN;
		err = take_symbol(s, f, value);
	} else if ((c[0] == 'i' || c[0] == 'I') && (c[1] == '4' || c[1] == '6')) {
		s->pos += 2;
		f->kind = XB_PRINTF_PLAIN;
		err = take_address(s, f, c[0], c[1] == '6', value);
	} else {
		return -EINVAL;
	}
	end_pointer(s, f);
	return err;
}

/* At 'l' or the conversion. */
static int
parse_number(struct xb_printf_parse *s, struct xb_printf_field *f, u64 value)
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
	f->kind = XB_PRINTF_NUMBER;
	if (bytes == 4)
		value = f->is_signed ? (u64)(s64)(s32)(u32)value : (u32)value;
	f->end = ++s->pos;
	return take_number(s, f, bytes, value);
}

/* Flags in any order and number, then a width. */
static void
parse_width(struct xb_printf_parse *s, struct xb_printf_field *f)
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
	while (xb_is_digit(s->fmt[s->pos])) {
		f->width = f->width * 10 + (u32)(s->fmt[s->pos++] - '0');
		if (f->width > MAX_WIDTH)
			f->width = MAX_WIDTH;
	}
}

/* At a '%' that is no "%%". */
static int
parse_field(struct xb_printf_parse *s)
{
	struct xb_printf_field *f = &s->fields[s->field_cnt];
	u64 value;
	char c;

	if (s->field_cnt >= s->p->arg_cnt)
		return -EINVAL;
	value = s->p->args[s->field_cnt++];
	*f = (struct xb_printf_field){ .start = s->pos++ };
	parse_width(s, f);
	c = s->fmt[s->pos];
	if (c == 'p')
		return parse_pointer(s, f, value);
	if (c == 's') {
		f->kind = XB_PRINTF_STR;
		f->end = ++s->pos;
		return ends_field(s->fmt[s->pos]) ? take_string(s, f, value) : -EINVAL;
	}
	if (c == 'c') {
		f->kind = XB_PRINTF_CHAR;
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

int
xb_printf_parse(struct xb_printf_parse *s)
{
	while (s->fmt[s->pos]) {
		char c = s->fmt[s->pos];
		int err;

		if ((u8)c < 0x80 && xb_is_control(c))
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
