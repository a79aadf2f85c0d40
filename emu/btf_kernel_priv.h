/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_kernel_priv.h - the BTF that is offered as the kernel's, while it is made.
 */
#ifndef XB_EMU_BTF_KERNEL_PRIV_H
#define XB_EMU_BTF_KERNEL_PRIV_H

#include "emu/emu.h"

struct xb_btf_blob {
	u8 *data; /* owned */
	size_t bytes;
};

/*
 * Adds to the kernel's BTF the functions of the emulator's that it has not, as the object's own BTF
 * declares them. 0, or -errno: `host` is as it was.
 */
int xb_btf_kernel_add(const struct xb_emu *emu, struct xb_btf_blob *host,
                      const struct xb_btf_blob *own);

/*
 * Adds what libbpf looks for by the name XB_BTF_TARGET; to no BTF at all where there is none. 0, or
 * -errno: `b` is as it was.
 */
int xb_btf_kernel_add_target(struct xb_btf_blob *b);

#endif
