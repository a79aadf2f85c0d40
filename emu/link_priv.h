/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link_priv.h - between the files of links.
 */
#ifndef XB_EMU_LINK_PRIV_H
#define XB_EMU_LINK_PRIV_H

#include "emu/link.h"

/* Makes the emulator own a link like `like`; a descriptor is opened by the caller. 0 or -errno. */
int link_add(struct xb_emu *emu, const struct xb_link *like, struct xb_link **out);

/* link_tcx.c. A classifier's BPF_LINK_CREATE: a descriptor or -errno. */
int link_tcx_attach(struct xb_emu *emu, struct xb_bpf_prog *prog, const union bpf_attr *attr);

/* Of a link that is attached: another program in its place, 0 or -errno; the end of it. */
int link_tcx_update(struct xb_link *link, struct xb_bpf_prog *prog);
void link_tcx_detach(struct xb_link *link);

#endif
