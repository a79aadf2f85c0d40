/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf.h - BTF objects, and what the emulator reads from them: names of functions, source lines, and
 * special fields of map values. Parsing is libbpf's.
 */
#ifndef XB_EMU_BTF_H
#define XB_EMU_BTF_H

#include "emu/emu.h"
#include "emu/obj.h"

struct btf;
struct xb_log;
struct xb_bpf_prog;

struct xb_btf {
	struct xb_obj obj;
	struct btf *btf; /* libbpf's, owned */
	void *raw;       /* as loaded, owned */
	u32 raw_bytes;
	char name[64]; /* "" but for BTF of modules and vmlinux */
};

/* BPF_BTF_LOAD. A descriptor or -errno, with a reason in the log buffer. */
int xb_btf_load(struct xb_emu *emu, union bpf_attr *attr, u32 bytes);

/*
 * Reads func_info and line_info of BPF_PROG_LOAD into a program whose instructions are there: its
 * btf, funcs, func_info, lines, line_info. Nothing where attr has none. Records that make no sense
 * are -EINVAL with a line in the log; what was read until then is the program's all the same. On
 * -E2BIG attr has the record size that is known here (cf. kernel/bpf/verifier.c: check_btf_info).
 */
int xb_btf_prog_info(struct xb_bpf_prog *prog, union bpf_attr *attr, struct xb_log *log);

/*
 * Sets the BTF that stands for the kernel's (/sys/kernel/btf/vmlinux) while libbpf loads an object,
 * made for one ELF file: what CO-RE relocates against, and where functions and variables of the
 * kernel are looked up. Types are those of the host's kernel where it can be read and `use_host`
 * says so, else the object's own. It has no variables, and no functions but those of
 * emu/kfunc.h, so that any other weak extern becomes 0 and a strong one is libbpf's error, which
 * names it. 0, or -1 and err: not an ELF file,
 * corrupt BTF. An object without BTF is not an error. `elf` is not kept. Where it was never called,
 * libbpf reads the host's BTF as it is.
 */
int xb_btf_kernel_set(struct xb_emu *emu, const void *elf, size_t bytes, bool use_host,
                      struct xb_err *err);

/*
 * What stands for the kernel's BTF, of this object, gets something of the name XB_BTF_TARGET for
 * each way to attach to the kernel: programs that are to be run without that can name it. Before
 * libbpf looks for it, and after xb_btf_kernel_set().
 */
#define XB_BTF_TARGET "xb_target"
void xb_btf_kernel_want_target(struct xb_emu *emu);

/*
 * The descriptor to read instead of `path`, or -1 where path is not the kernel's BTF or there is
 * none.
 */
int xb_btf_kernel_fd(struct xb_emu *emu, const char *path);
/*
 * The types that a program takes for the kernel's: those above, or the host's where nothing was
 * set. NULL: there are none. They are kept.
 */
const struct btf *xb_btf_kernel_types(struct xb_emu *emu);
void xb_btf_kernel_free(struct xb_emu *emu);

/* BTF as compilers write it: only what makes it safe to walk is asked, not what Linux allows. */
#define XB_BTF_UNLINKED 1u

/*
 * Whether BTF is sound enough for libbpf's parser and every walk over it: header, sections, names,
 * ids, member counts, and no type that contains itself (cf. kernel/bpf/btf.c: btf_check_all_metas).
 * 0 or -errno with a line in the log.
 */
int xb_btf_check(const void *raw, u32 bytes, u32 flags, struct xb_log *log);

/*
 * Bytes of a type with its members, by its info; of a kind that is not known, those that every type
 * has.
 */
u32 xb_btf_type_bytes(u32 info);

#endif
