/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elfcheck.h - whether a file is a BPF object at all, looked at before libbpf is.
 */
#ifndef XB_LIB_ELFCHECK_H
#define XB_LIB_ELFCHECK_H

#include "vm/err.h"
#include "vm/types.h"

/*
 * XB_ERR_LOAD where the image is no 64-bit little-endian relocatable ELF file for BPF, is cut
 * short, or has no instructions.
 */
int xb_elf_check(const u8 *image, size_t bytes, struct xb_err *err);

#endif
