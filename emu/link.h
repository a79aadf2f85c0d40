/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - links: an EXT program in the place of another program's function, an XDP program on an
 * interface.
 *
 * Differs: a link stays until it is detached or the emulator is freed; closing its descriptor does
 * not end it.
 */
#ifndef XB_EMU_LINK_H
#define XB_EMU_LINK_H

#include "emu/emu.h"
#include "emu/obj.h"

struct xb_bpf_prog;

struct xb_link {
	struct xb_obj obj;
	struct xb_emu *emu;
	u32 type; /* BPF_LINK_TYPE_* */
	struct xb_bpf_prog *prog;
	struct xb_bpf_prog *target; /* of EXT programs; NULL once detached */
	u32 btf_id;                 /* the function of target that prog replaces */
	u32 ifindex;                /* of XDP programs; 0 once detached */
	u64 cookie;
};

/*
 * BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN: a descriptor or -errno (cf. kernel/bpf/syscall.c:
 * link_create).
 */
int xb_link_create(struct xb_emu *emu, const union bpf_attr *attr);
int xb_link_raw_open(struct xb_emu *emu, const union bpf_attr *attr);

/*
 * BPF_LINK_UPDATE and BPF_LINK_DETACH, of XDP links: 0 or -errno (cf. net/core/dev.c:
 * bpf_xdp_link_update).
 */
int xb_link_update(struct xb_emu *emu, const union bpf_attr *attr);
int xb_link_detach(struct xb_emu *emu, const union bpf_attr *attr);

/* The EXT program in the place of a function of target, or NULL. */
struct xb_bpf_prog *xb_link_replacement(const struct xb_bpf_prog *target, u32 btf_id);

/* The XDP program on an interface, or NULL. */
struct xb_bpf_prog *xb_link_xdp(struct xb_emu *emu, u32 ifindex);

#endif
