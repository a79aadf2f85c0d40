/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * base64.h - bytes as text (RFC 4648, section 4), as JSON files hold them.
 */
#ifndef XB_BENCH_BASE64_H
#define XB_BENCH_BASE64_H

#include "vm/types.h"

/*
 * Bytes in new memory, at least one even where there are none. Strict: groups of four, padding
 * where it belongs, unused bits zero. NULL: it is no base64, or (*bytes UINT32_MAX) there is no
 * memory.
 */
u8 *xb_base64_decode(const char *text, size_t chars, u32 *bytes);

#endif
