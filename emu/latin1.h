/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latin1.h - classes of characters as Linux has them, whatever the locale: those of Latin-1 (cf.
 * lib/ctype.c).
 */
#ifndef XB_EMU_LATIN1_H
#define XB_EMU_LATIN1_H

#include "vm/types.h"

static inline bool
xb_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (u8)c == 0xa0;
}

static inline bool
xb_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
xb_is_alnum(char c)
{
	u8 l = (u8)c;

	return xb_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (l >= 0xc0 && l != 0xd7 && l != 0xf7);
}

static inline bool
xb_is_control(char c)
{
	return ((u8)c < ' ' && !xb_is_space(c)) || c == 0x7f || ((u8)c >= 0x80 && (u8)c < 0xa0);
}

static inline bool
xb_is_punct(char c)
{
	return !xb_is_control(c) && !xb_is_space(c) && !xb_is_alnum(c);
}

static inline bool
xb_is_print(char c)
{
	return c == ' ' || (u8)c == 0xa0 || xb_is_alnum(c) || xb_is_punct(c);
}

#endif
