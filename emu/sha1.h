/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sha1.h - SHA-1 (FIPS 180-4), for the tags of programs. Nothing here is a secret.
 */
#ifndef XB_EMU_SHA1_H
#define XB_EMU_SHA1_H

#include "vm/types.h"

#define XB_SHA1_BYTES 20

void xb_sha1(const void *data, size_t bytes, u8 digest[XB_SHA1_BYTES]);

#endif
