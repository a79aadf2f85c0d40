/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * link.h - links: an EXT program in the place of another program's function, an XDP program on an
 * interface, TC programs on either side of one.
 *
 * Differs: a link stays until it is detached or the emulator is freed; closing its descriptor does
 * not end it, but where emu->holders says so. Every interface exists, but for 0, and is of the kind
 * that the link asks for.
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
	u32 ifindex;                /* of XDP and TC programs; 0 once detached */
	u64 cookie;
	u32 attach_type; /* of TC programs: enum xb_attach_type */
	u32 place;       /* of TC programs: among those of its interface and attach type, from 0 */
	u64 revision;    /* of TC programs: counts changes of these, from 1 */
};

/* Of enum bpf_link_type, what an older uapi header lacks. */
#define XB_LINK_TYPE_TCX    11u
#define XB_LINK_TYPE_NETKIT 13u

/* Whether it is one of TC programs: of tcx or netkit. */
static inline bool
xb_link_has_hook(const struct xb_link *link)
{
	return link->type == XB_LINK_TYPE_TCX || link->type == XB_LINK_TYPE_NETKIT;
}

/*
 * BPF_LINK_CREATE, BPF_RAW_TRACEPOINT_OPEN: a descriptor or -errno (cf. kernel/bpf/syscall.c:
 * link_create).
 */
int xb_link_create(struct xb_emu *emu, const union bpf_attr *attr);
int xb_link_raw_open(struct xb_emu *emu, const union bpf_attr *attr);

/*
 * BPF_LINK_UPDATE and BPF_LINK_DETACH, of XDP and TC links: 0 or -errno (cf. net/core/dev.c:
 * bpf_xdp_link_update).
 */
int xb_link_update(struct xb_emu *emu, const union bpf_attr *attr);
int xb_link_detach(struct xb_emu *emu, const union bpf_attr *attr);

/*
 * BPF_PROG_QUERY of TC links: 0 or -errno; -EOPNOTSUPP for any other attach type. Its attributes
 * end after XB_LINK_QUERY_BYTES.
 */
#define XB_LINK_QUERY_BYTES 64u
int xb_link_query(struct xb_emu *emu, union bpf_attr *attr);

/* Takes the program of a link that was forgotten from where it is. */
void xb_link_release(struct xb_link *link);

/* The EXT program in the place of a function of target, or NULL. */
struct xb_bpf_prog *xb_link_replacement(const struct xb_bpf_prog *target, u32 btf_id);

/* The XDP program on an interface, or NULL. */
struct xb_bpf_prog *xb_link_xdp(struct xb_emu *emu, u32 ifindex);

/* The TC program that runs as number `place` (from 0) on one side of an interface, or NULL. */
struct xb_bpf_prog *xb_link_tcx(struct xb_emu *emu, u32 ifindex, u32 attach_type, u32 place);

#endif
