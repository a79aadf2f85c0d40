/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64.h - bytes as text (RFC 4648, section 4), as JSON files hold them.
 */
#ifndef XB_EMU_BASE64_H
#define XB_EMU_BASE64_H

#include "vm/types.h"

/*
 * Bytes in new memory, at least one even where there are none. Strict: groups of four, padding
 * where it belongs, unused bits zero. NULL: it is no base64, or (*bytes UINT32_MAX) there is no
 * memory.
 */
u8 *xb_base64_decode(const char *text, size_t chars, u32 *bytes);

/* How many characters `bytes` become. */
static inline size_t
xb_base64_chars(size_t bytes)
{
	return (bytes + 2) / 3 * 4;
}

/* Writes xb_base64_chars(bytes) characters, and no NUL. */
void xb_base64_encode(const u8 *data, size_t bytes, char *to);

#endif
