/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kfunc.h - kernel functions that programs call by name: rows as those of helpers, found by the
 * name that the kernel's BTF has for the id in the instruction.
 *
 * A row's prototype drives the checks of its arguments as a helper's does. The BTF is the one that
 * stands for the kernel's, see emu/btf.h: it keeps the names of the functions that there are rows
 * for, so that libbpf finds those, and a weak one that is not emulated is 0. One more function is a
 * row, the function and a test. cf. include/linux/btf.h: KF_*
 */
#ifndef XB_EMU_KFUNC_H
#define XB_EMU_KFUNC_H

#include "emu/helper.h"

struct xb_bpf_prog;

enum {
	XB_KF_SLEEPABLE = 1 << 0, /* for programs loaded with BPF_F_SLEEPABLE */
};

/* `call` has no id and no map_types; its name is the whole one. */
struct xb_kfunc {
	struct xb_helper call;
	u32 flags; /* XB_KF_* */
};

/* Registers a table of rows, kept. Later rows for the same name and program type win. */
void xb_kfunc_register(struct xb_emu *emu, const struct xb_kfunc *rows, u32 cnt);

/* Registers those of this folder. */
void xb_kfunc_register_base(struct xb_emu *emu);

/* The row for a name and program type, or NULL. `type` of ~0u: any. */
const struct xb_kfunc *xb_kfunc_find(const struct xb_emu *emu, const char *name, u32 prog_type);

/* Row i of all that are registered, in their order; NULL behind the last. */
const struct xb_kfunc *xb_kfunc_at(const struct xb_emu *emu, u32 i);

/* The name of the function with this id in what stands for the kernel's BTF; NULL: it is none. */
const char *xb_kfunc_name(struct xb_emu *emu, u32 btf_id);

/*
 * The function that an instruction of a program calls, which may call it; or NULL, err in the
 * verifier's words, and prog->refusal (cf. kernel/bpf/verifier.c: add_kfunc_call,
 * check_kfunc_call).
 */
const struct xb_kfunc *xb_kfunc_resolve(struct xb_emu *emu, struct xb_bpf_prog *prog,
                                        const struct bpf_insn *insn, struct xb_err *err);

#endif
