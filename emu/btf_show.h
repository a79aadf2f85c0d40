/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_show.h - a value as text, by its type in BTF, as bpf_snprintf_btf prints it.
 */
#ifndef XB_EMU_BTF_SHOW_H
#define XB_EMU_BTF_SHOW_H

#include "vm/mem.h"

struct btf;

/* cf. include/uapi/linux/bpf.h: BTF_F_COMPACT and those that follow */
#define XB_BTF_SHOW_FLAGS 0xfull

/*
 * Prints what lies at a guest address into buf, of `bytes`, from 1. Returns the length of all of
 * it, as snprintf; or -EFAULT where memory could not be read, -EINVAL where the type has no values
 * (cf. kernel/bpf/btf.c: btf_type_snprintf_show).
 */
long xb_btf_show(const struct btf *btf, u32 type_id, const struct xb_mem *mem, u64 gaddr, u64 flags,
                 char *buf, u32 bytes);

#endif
