/* SPDX-License-Identifier: BSD-2-Clause */
#include "emu/base64.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
value_of(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Four characters, of which the last `pad` are padding. False where they are none. */
static bool
decode_group(const char *text, u32 pad, u8 *to)
{
	u32 bits = 0;

	for (u32 i = 0; i < 4 - pad; i++) {
		int v = value_of(text[i]);

		if (v < 0)
			return false;
		bits |= (u32)v << (18 - 6 * i);
	}
	if (pad && bits & ((1u << 8 * pad) - 1))
		return false;
	for (u32 i = 0; i < 3 - pad; i++)
		to[i] = (u8)(bits >> (16 - 8 * i));
	return true;
}

u8 *
xb_base64_decode(const char *text, size_t chars, u32 *bytes)
{
	u32 pad = 0;
	size_t at = 0;
	u8 *out;

	*bytes = 0;
	if (chars % 4 || chars / 4 > UINT32_MAX / 3)
		return NULL;
	if (chars && text[chars - 1] == '=')
		pad = text[chars - 2] == '=' ? 2 : 1;
	out = malloc(chars / 4 * 3 + 1);
	if (!out) {
		*bytes = UINT32_MAX;
		return NULL;
	}
	for (; at < chars; at += 4) {
		if (!decode_group(text + at, at + 4 == chars ? pad : 0, out + at / 4 * 3)) {
			free(out);
			return NULL;
		}
	}
	*bytes = (u32)(chars / 4 * 3) - pad;
	return out;
}

void
xb_base64_encode(const u8 *data, size_t bytes, char *to)
{
	for (; bytes; to += 4) {
		size_t n = bytes < 3 ? bytes : 3;
		u32 bits = (u32)data[0] << 16;

		if (n > 1)
			bits |= (u32)data[1] << 8;
		if (n > 2)
			bits |= data[2];
		for (u32 i = 0; i < 4; i++)
			to[i] = i <= n ? digits[bits >> (18 - 6 * i) & 63] : '=';
		data += n;
		bytes -= n;
	}
}
