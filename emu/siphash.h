/* SPDX-License-Identifier: BSD-2-Clause */
/* siphash.h - SipHash-2-4, as Linux makes SYN cookies with it. */
#ifndef XB_EMU_SIPHASH_H
#define XB_EMU_SIPHASH_H

#include "vm/types.h"

/* Of `bytes` bytes, with a key of 16 (cf. lib/siphash.c: siphash). */
u64 xb_siphash(const void *data, size_t bytes, const u8 key[16]);

#endif
