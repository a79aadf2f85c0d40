/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog_priv.h - parts of loading a program, in their order.
 */
#ifndef XB_EMU_PROG_PRIV_H
#define XB_EMU_PROG_PRIV_H

#include "emu/log.h"
#include "emu/prog.h"

/* An ldimm64 that named a map: what information about the program shows in its place. */
struct xb_prog_ref {
	u32 pc;
	u32 kind; /* BPF_PSEUDO_MAP_FD or BPF_PSEUDO_MAP_VALUE */
	u32 map_id, off;
};

struct xb_prog_refs {
	u32 cnt, cap;
	struct xb_prog_ref refs[];
};

/* A machine program that was replaced, with what it points to. */
struct xb_prog_past {
	struct xb_prog_past *next;
	struct xb_prog *vm;
	struct xb_func *funcs; /* NULL: the program's own */
	struct xb_line *lines;
};

/*
 * The tag: 8 bytes of SHA-1 over instructions without descriptors (cf. kernel/bpf/core.c:
 * bpf_prog_calc_tag).
 */
int xb_prog_calc_tag(struct xb_bpf_prog *prog);

/*
 * Replaces pseudo ldimm64 by constants, collecting maps and refs (cf. kernel/bpf/verifier.c:
 * resolve_pseudo_ldimm64).
 */
int xb_prog_resolve(struct xb_bpf_prog *prog, const union bpf_attr *attr, struct xb_log *log);

/* Adds map to those the program uses, once. 0, -ENOMEM, or -E2BIG over `max`. */
int xb_prog_use_map(struct xb_bpf_prog *prog, struct xb_map *map, u32 max);

/*
 * Whether prog, an EXT or TRACING program, may be put to function btf_id of target (cf.
 * bpf_check_attach_target).
 */
int xb_prog_check_target(const struct xb_bpf_prog *prog, const struct xb_bpf_prog *target,
                         u32 btf_id, struct xb_log *log);

/* Frees a program that no table knows. */
void xb_prog_discard(struct xb_bpf_prog *prog);

/*
 * prog_ctx.c. A test run with the caller's memory for a context, on a vCPU: what attr's ctx_in has,
 * brought back there where the program may write to it. 0 with attr's retval, or -errno.
 */
long xb_prog_run_ctx(struct xb_bpf_prog *prog, union bpf_attr *attr, u32 vcpu, u8 access);
void xb_prog_run_ctx_fini(struct xb_emu *emu);

/* Types that have a file of their own. */
extern const struct xb_prog_type xb_prog_type_syscall;
extern const struct xb_prog_type xb_prog_type_raw_tp;

#endif
